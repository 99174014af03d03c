// Typed DHCP options: checked when written, gone with what they are for.
import t from 'tap'
import type { CommandOf } from '#state/command.ts'
import type { DhcpTarget } from '#model/dhcp-option.ts'
import type { IpRangeId, SubnetId, VlanId } from '#model/ids.ts'
import { mac, makeNewestLab } from '#test/support/region-state.ts'

const GLOBAL: DhcpTarget = { scope: 'global', scopeId: null }

const put = (
  more: Partial<Omit<CommandOf<'dhcpOption.put'>, 'type'>> = {},
): CommandOf<'dhcpOption.put'> => ({
  ...{ type: 'dhcpOption.put', target: GLOBAL, code: 26, valueType: 'uint16', value: 1_400 },
  ...{ force: false, ...more },
})

t.test('an option replaces the one of its target and code', async (t) => {
  const { ok, state } = bound()
  ok(put())
  ok(put({ value: '9000', force: true }))
  ok(put({ target: { scope: 'host', scopeId: mac(1) } }))
  t.same([...state.dhcpOptions.keys()], ['global/26', 'host:52:54:00:00:00:01/26'])
  t.match(state.dhcpOptions.get('global/26'), { value: 9_000, force: true })
  ok({ type: 'dhcpOption.delete', target: GLOBAL, code: 26 })
  t.equal(state.dhcpOptions.size, 1)
})

const REFUSED: readonly (readonly [string, Partial<CommandOf<'dhcpOption.put'>>, string])[] = [
  ['computed by the server', { code: 51, valueType: 'uint32' }, 'code'],
  ['the boot file', { code: 67, valueType: 'string', value: 'a' }, 'code'],
  ['no code', { code: 256 }, 'code'],
  ['another type than its own', { valueType: 'hex', value: '05dc' }, 'type'],
  ['an unknown type', { code: 224, valueType: 'float' as 'hex' }, 'type'],
  ['a value of another type', { value: 'many' }, 'value'],
  ['a VLAN that is not there', { target: { scope: 'vlan', scopeId: 99 as VlanId } }, 'scope'],
  ['a subnet that is not there', { target: { scope: 'subnet', scopeId: 9 as SubnetId } }, 'scope'],
  ['a range that is not there', { target: { scope: 'range', scopeId: 9 as IpRangeId } }, 'scope'],
]

for (const [name, more, field] of REFUSED) {
  t.test(`refused: ${name}`, async (t) => {
    const lab = makeNewestLab()
    const refusal = lab.refused(put(more))
    t.same([refusal.code, Object.keys(refusal.fields ?? {})], ['VALIDATION', [field]])
    t.equal(lab.state.dhcpOptions.size, 0)
  })
}

t.test('a code without a name takes any type', async (t) => {
  const { ok, state } = bound()
  ok(put({ code: 224, valueType: 'ipv4-list', value: '192.0.2.1' }))
  t.match(state.dhcpOptions.get('global/224'), { value: ['192.0.2.1'] })
})

t.test('options go with their subnet, range and VLAN', async (t) => {
  const { ok, state } = bound()
  const { id: fabricId } = ok({ type: 'fabric.create', name: '', description: '', classType: null })
  const { id: vlanId } = ok({
    ...{ type: 'vlan.create', fabricId, name: 'v', vid: 7, mtu: 1_500 },
    ...{ description: '', spaceId: null },
  })
  const { id: subnetId } = ok({
    ...{ type: 'subnet.create', name: '', description: '', vlanId, gatewayIp: null },
    ...{ cidr: { network: 0x0a_09_00_00, prefix: 24 } as never, dnsServers: [], rdnsMode: 2 },
    ...{ activeDiscovery: false, allowDns: true, allowProxy: true, managed: true },
    disabledBootArchitectures: [],
  })
  const { id } = ok({
    ...{ type: 'ipRange.create', rangeType: 'dynamic', subnetId, comment: '', userId: null },
    ...{ start: 0x0a_09_00_0a as never, end: 0x0a_09_00_14 as never },
  })
  ok(put({ target: { scope: 'vlan', scopeId: vlanId } }))
  ok(put({ target: { scope: 'subnet', scopeId: subnetId } }))
  ok(put({ target: { scope: 'range', scopeId: id } }))
  ok(put())
  ok({ type: 'subnet.delete', id: subnetId })
  t.same([...state.dhcpOptions.keys()], ['global/26', `vlan:${vlanId}/26`])
  ok({ type: 'vlan.delete', id: vlanId })
  t.same([...state.dhcpOptions.keys()], ['global/26'])
})

function bound() {
  const lab = makeNewestLab()
  return { ok: lab.ok.bind(lab), state: lab.state }
}

// Fabrics, VLANs, spaces, subnets and ranges: every refusal, with the object named.
import t from 'tap'
import type { Command } from '#state/command.ts'
import {
  cidr,
  contentOf,
  ip,
  makeServedLab,
  newRange,
  newSubnet,
  RACK,
  RACK_2,
  registerRack,
  type Lab,
} from '#test/support/region-state.ts'

const fabric = (name: string): Command => ({
  type: 'fabric.create',
  name,
  description: '',
  classType: null,
})
const vlan = (vid: number, change: object = {}): Command => ({
  type: 'vlan.create',
  fabricId: 0 as never,
  name: '',
  vid,
  mtu: 1500,
  description: '',
  spaceId: null,
  ...change,
})
const setVlan = (id: number, set: object): Command => ({
  type: 'vlan.update',
  id: id as never,
  set: set as never,
})
const setSubnet = (set: object, id = 1): Command => ({
  type: 'subnet.update',
  id: id as never,
  set: set as never,
})
const reserve = (text: string | null): Command => ({
  type: 'address.reserve',
  subnetId: 1 as never,
  ip: text === null ? null : ip(text),
  userId: 1 as never,
  hostname: '',
  mac: null,
})
const put =
  (...commands: Command[]) =>
  (lab: Lab) =>
    commands.forEach((command) => lab.ok(command))
const space = (name: string): Command => ({ type: 'space.create', name, description: '' })

/** On the served lab: fabric 0, VLAN 5001 with DHCP, subnet 1 10.0.0.0/24, dynamic .100–.199, rack .2. */
const refusals: readonly {
  readonly name: string
  readonly before?: (lab: Lab) => void
  readonly command: Command
  readonly code?: string
  readonly field?: string
  readonly says?: RegExp
}[] = [
  { name: 'fabric name taken', command: fabric('fabric-0'), field: 'name' },
  { name: 'fabric name of another id', command: fabric('fabric-9'), field: 'name' },
  { name: 'fabric name invalid', command: fabric('a/b'), field: 'name' },
  {
    name: 'rename to a taken fabric name',
    before: put(fabric('x')),
    command: { type: 'fabric.update', id: 1 as never, set: { name: 'fabric-0' } },
    field: 'name',
  },
  {
    name: 'no such fabric',
    command: { type: 'fabric.update', id: 9 as never, set: {} },
    code: 'NOT_FOUND',
  },
  {
    name: 'delete no such fabric',
    command: { type: 'fabric.delete', id: 9 as never },
    code: 'NOT_FOUND',
  },
  {
    name: 'delete the default fabric',
    command: { type: 'fabric.delete', id: 0 as never },
    says: /default fabric/,
  },
  {
    name: 'delete a fabric with a subnet',
    before: put(fabric(''), newSubnet('10.1.0.0/24', 5002)),
    command: { type: 'fabric.delete', id: 1 as never },
    says: /subnet 10\.1\.0\.0\/24/,
  },
  { name: 'VID taken', command: vlan(0), field: 'vid', says: /VLAN 0/ },
  { name: 'VID too large', command: vlan(4095), field: 'vid' },
  { name: 'VID negative', command: vlan(-1), field: 'vid' },
  { name: 'VID broken', command: vlan(1.5), field: 'vid' },
  { name: 'MTU too small', command: vlan(7, { mtu: 551 }), field: 'mtu' },
  { name: 'MTU too large', command: vlan(7, { mtu: 65_536 }), field: 'mtu' },
  {
    name: 'VLAN in no fabric',
    command: vlan(7, { fabricId: 9 }),
    code: 'NOT_FOUND',
    says: /Fabric/,
  },
  { name: 'VLAN in no space', command: vlan(7, { spaceId: 9 }), code: 'NOT_FOUND', says: /Space/ },
  { name: 'update of no VLAN', command: setVlan(9, {}), code: 'NOT_FOUND', says: /VLAN/ },
  {
    name: 'move of the default VLAN',
    before: put(fabric('x')),
    command: setVlan(5001, { fabricId: 1 }),
    field: 'fabric',
  },
  {
    name: 'move to a taken VID',
    before: put(vlan(7), vlan(8)),
    command: setVlan(5003, { vid: 7 }),
    field: 'vid',
  },
  {
    name: 'delete the default VLAN',
    command: { type: 'vlan.delete', id: 5001 as never },
    says: /default VLAN of fabric-0/,
  },
  { name: 'delete no VLAN', command: { type: 'vlan.delete', id: 9 as never }, code: 'NOT_FOUND' },
  {
    name: 'delete a VLAN with a subnet',
    before: put(vlan(7), newSubnet('10.1.0.0/24', 5002)),
    command: { type: 'vlan.delete', id: 5002 as never },
    says: /subnet 10\.1\.0\.0\/24/,
  },
  {
    name: 'DHCP without a rack',
    before: put(vlan(7)),
    command: setVlan(5002, { dhcpOn: true }),
    field: 'dhcp_on',
  },
  {
    name: 'DHCP without a dynamic range',
    before: put(
      vlan(7),
      newSubnet('10.1.0.0/24', 5002),
      newRange('reserved', 2, ['10.1.0.5', '10.1.0.9']),
    ),
    command: setVlan(5002, { dhcpOn: true, primaryRack: RACK }),
    field: 'dhcp_on',
  },
  {
    name: 'no such primary rack',
    command: setVlan(5001, { primaryRack: 'nobody' }),
    field: 'primary_rack',
  },
  {
    name: 'no such secondary rack',
    command: setVlan(5001, { secondaryRack: 'nobody' }),
    field: 'secondary_rack',
  },
  {
    name: 'same rack twice',
    command: setVlan(5001, { secondaryRack: RACK }),
    field: 'secondary_rack',
  },
  {
    name: 'secondary without primary',
    before: put(vlan(7), registerRack(RACK_2, [])),
    command: setVlan(5002, { secondaryRack: RACK_2 }),
    field: 'secondary_rack',
  },
  {
    name: 'relay to itself',
    before: put(vlan(7)),
    command: setVlan(5002, { relayVlanId: 5002 }),
    field: 'relay_vlan',
  },
  {
    name: 'relay to nothing',
    before: put(vlan(7)),
    command: setVlan(5002, { relayVlanId: 77 }),
    field: 'relay_vlan',
  },
  {
    name: 'relay with DHCP on',
    before: put(vlan(7)),
    command: setVlan(5001, { relayVlanId: 5002 }),
    field: 'relay_vlan',
  },
  { name: 'space name taken', before: put(space('dmz')), command: space('dmz'), field: 'name' },
  { name: 'space name of another id', command: space('space-5'), field: 'name' },
  { name: 'space name invalid', command: space('\n'), field: 'name' },
  {
    name: 'update of no space',
    command: { type: 'space.update', id: 9 as never, set: {} },
    code: 'NOT_FOUND',
  },
  { name: 'delete no space', command: { type: 'space.delete', id: 9 as never }, code: 'NOT_FOUND' },
  {
    name: 'CIDR taken',
    command: newSubnet('10.0.0.0/24', 5001),
    field: 'cidr',
    says: /10\.0\.0\.0\/24/,
  },
  { name: 'CIDR of everything', command: newSubnet('0.0.0.0/0', 5001), field: 'cidr' },
  {
    name: 'subnet on no VLAN',
    command: newSubnet('10.1.0.0/24', 9),
    code: 'NOT_FOUND',
    says: /VLAN/,
  },
  { name: 'rdns mode', command: setSubnet({ rdnsMode: 3 }), field: 'rdns_mode' },
  {
    name: 'gateway outside',
    command: setSubnet({ gatewayIp: ip('10.0.1.1') }),
    field: 'gateway_ip',
  },
  {
    name: 'gateway is the network',
    command: setSubnet({ gatewayIp: ip('10.0.0.0') }),
    field: 'gateway_ip',
  },
  {
    name: 'gateway is the broadcast',
    command: setSubnet({ gatewayIp: ip('10.0.0.255') }),
    field: 'gateway_ip',
  },
  {
    name: 'gateway in a dynamic range',
    command: setSubnet({ gatewayIp: ip('10.0.0.150') }),
    field: 'gateway_ip',
  },
  {
    name: 'DNS server in a dynamic range',
    command: setSubnet({ dnsServers: ['10.0.0.150'] }),
    field: 'dns_servers',
  },
  {
    name: 'gateway of a nesting subnet in a dynamic range',
    command: { ...newSubnet('10.0.0.0/16', 5001), gatewayIp: ip('10.0.0.150') },
    field: 'gateway_ip',
  },
  {
    name: 'CIDR leaves a range outside',
    command: setSubnet({ cidr: cidr('10.0.0.0/25') }),
    field: 'cidr',
    says: /10\.0\.0\.100/,
  },
  {
    name: 'CIDR leaves an address outside',
    before: put({ type: 'ipRange.delete', id: 1 as never }, reserve('10.0.0.250')),
    command: setSubnet({ cidr: cidr('10.0.0.0/25') }),
    field: 'cidr',
    says: /10\.0\.0\.250/,
  },
  { name: 'update of no subnet', command: setSubnet({}, 9), code: 'NOT_FOUND' },
  {
    name: 'delete no subnet',
    command: { type: 'subnet.delete', id: 9 as never },
    code: 'NOT_FOUND',
  },
  {
    name: 'delete a subnet that DHCP serves',
    command: { type: 'subnet.delete', id: 1 as never },
    says: /10\.0\.0\.100-10\.0\.0\.199/,
  },
  {
    name: 'delete a subnet with reserved addresses',
    before: put(setVlan(5001, { dhcpOn: false }), reserve('10.0.0.9')),
    command: { type: 'subnet.delete', id: 1 as never },
    says: /10\.0\.0\.9 is reserved/,
  },
  {
    name: 'range of no subnet',
    command: newRange('dynamic', 9, ['10.0.0.3', '10.0.0.4']),
    code: 'NOT_FOUND',
  },
  {
    name: 'range upside down',
    command: newRange('reserved', 1, ['10.0.0.9', '10.0.0.8']),
    field: 'end_ip',
  },
  {
    name: 'range starts outside',
    command: newRange('reserved', 1, ['10.1.0.3', '10.1.0.4']),
    field: 'start_ip',
  },
  {
    name: 'range ends outside',
    command: newRange('reserved', 1, ['10.0.0.200', '10.0.1.4']),
    field: 'end_ip',
  },
  {
    name: 'range with the network address',
    command: newRange('reserved', 1, ['10.0.0.0', '10.0.0.4']),
    field: 'start_ip',
  },
  {
    name: 'range with the broadcast address',
    command: newRange('reserved', 1, ['10.0.0.200', '10.0.0.255']),
    field: 'end_ip',
  },
  {
    name: 'range overlaps another',
    command: newRange('reserved', 1, ['10.0.0.199', '10.0.0.210']),
    field: '__all__',
    says: /dynamic range 10\.0\.0\.100-10\.0\.0\.199/,
  },
  {
    name: 'range overlaps one of a nested subnet',
    before: put(newSubnet('10.0.0.128/25', 5001)),
    command: newRange('reserved', 2, ['10.0.0.130', '10.0.0.131']),
    field: '__all__',
  },
  {
    name: 'dynamic range over a rack',
    command: newRange('dynamic', 1, ['10.0.0.1', '10.0.0.9']),
    says: /10\.0\.0\.2/,
  },
  {
    name: 'dynamic range over the gateway',
    before: put(setSubnet({ gatewayIp: ip('10.0.0.10') })),
    command: newRange('dynamic', 1, ['10.0.0.10', '10.0.0.19']),
    says: /gateway 10\.0\.0\.10/,
  },
  {
    name: 'dynamic range over a DNS server',
    before: put(setSubnet({ dnsServers: ['10.0.0.19'] })),
    command: newRange('dynamic', 1, ['10.0.0.10', '10.0.0.19']),
    says: /DNS server 10\.0\.0\.19/,
  },
  {
    name: 'dynamic range over a reserved address',
    before: put(reserve('10.0.0.10')),
    command: newRange('dynamic', 1, ['10.0.0.10', '10.0.0.19']),
    says: /reserved address 10\.0\.0\.10/,
  },
  {
    name: 'update of no range',
    command: { type: 'ipRange.update', id: 9 as never, set: {} },
    code: 'NOT_FOUND',
  },
  {
    name: 'delete no range',
    command: { type: 'ipRange.delete', id: 9 as never },
    code: 'NOT_FOUND',
  },
]

for (const { name, before, command, code = 'VALIDATION', field, says } of refusals) {
  t.test(`refused, and nothing changes: ${name}`, async (t) => {
    const lab = makeServedLab()
    before?.(lab)
    const content = contentOf(lab.state)
    const refusal = lab.refused(command)
    t.equal(refusal.code, code)
    if (field !== undefined) t.same(Object.keys(refusal.fields ?? {}), [field])
    if (says !== undefined) t.match(refusal.message, says)
    t.equal(contentOf(lab.state), content)
  })
}

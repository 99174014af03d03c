// Which rows a rack is sent: its own networks, and of machines no more than booting takes.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import { fullView, isTopology, topologyFingerprint, viewChanges } from '#node/rack-view.ts'
import type { ViewChange } from '#protocol/rack.ts'
import type { Command } from '#state/command.ts'
import { addMachine, bring, DEPLOY, makeRoom } from '#test/support/life-cycle.ts'
import {
  bind,
  ip,
  mac,
  makeServedLab,
  newMachine,
  newRange,
  RACK,
  RACK_2,
  registerRack,
  type Lab,
} from '#test/support/region-state.ts'

/** Rack 1 serves 10.0.0.0/24 (VLAN 5001), rack 2 serves 10.1.0.0/24 (VLAN 5002). */
function makeTwoRacks(): Lab {
  const lab = makeServedLab()
  lab.ok(registerRack(RACK_2, ['10.1.0.2/24']))
  lab.ok(newRange('dynamic', 2, ['10.1.0.100', '10.1.0.199']))
  lab.ok({ type: 'vlan.update', id: 5002 as never, set: { dhcpOn: true, primaryRack: RACK_2 } })
  return lab
}

/** Rack 2 is first on the network of rack 1, and was registered last. */
function makeSharedVlan(): Lab {
  const lab = makeServedLab()
  lab.ok(registerRack(RACK_2, ['10.0.0.3/24']))
  const set = { primaryRack: RACK_2, secondaryRack: RACK }
  lab.ok({ type: 'vlan.update', id: 5001 as never, set })
  return lab
}

const keysOf = (rows: readonly ViewChange[], table: ViewChange['table']) =>
  rows.filter((row) => row.table === table).map(({ key }) => key)
const vlansOf = (lab: Lab, rack = RACK) =>
  fullView(lab.state, rack).flatMap((row) => (row.table === 'vlans' && row.row ? [row.row] : []))
const beatOf = (lab: Lab, rack: SystemId) => lab.state.controllers.get(rack)?.lastBeatAt ?? -1
const changesOf = (lab: Lab, command: Command) => viewChanges(lab.state, lab.run(command).changes)

t.test('a rack serves its own VLANs, subnets and ranges; names it has of all (D9)', async (t) => {
  const lab = makeTwoRacks()
  lab.ok(bind(1, '10.0.0.100'))
  lab.ok(bind(2, '10.1.0.100', { rackId: RACK_2 }))
  const reserve = { type: 'address.reserve', userId: 1 as never, hostname: '', mac: null } as const
  lab.ok({ ...reserve, subnetId: 1 as never, ip: ip('10.0.0.50') })
  lab.ok({ ...reserve, subnetId: 2 as never, ip: ip('10.1.0.50') })
  lab.ok(bind(3, '10.0.0.102'))
  lab.ok({ type: 'lease.decline', client: `1-${mac(3)}`, mac: mac(3), ip: ip('10.0.0.102') })
  // A declined lease stays as a row that holds no longer.
  const expected = [
    { rack: RACK, number: 1, declined: [ip('10.0.0.102')] },
    { rack: RACK_2, number: 2, declined: [] },
  ]
  const holds = ['10.0.0.100', '10.0.0.102', '10.1.0.100'].map(ip)
  for (const { rack, number, declined } of expected) {
    const rows = fullView(lab.state, rack)
    t.same(keysOf(rows, 'vlans'), [5000 + number])
    t.same(keysOf(rows, 'subnets'), [number])
    t.same(keysOf(rows, 'ipRanges'), [number])
    t.same(keysOf(rows, 'holds'), holds)
    t.same(keysOf(rows, 'dnsSubnets'), [1, 2])
    t.same(keysOf(rows, 'quarantines'), declined)
    t.same(keysOf(rows, 'ipAddresses'), ['10.0.0.50', '10.1.0.50'].map(ip))
  }
})

t.test('a rack nobody registered gets settings, names and no network', async (t) => {
  const rows = fullView(makeServedLab().state, 'nobody' as SystemId)
  t.same(new Set(rows.map(({ table }) => table)), new Set(['settings', 'dnsSubnets', 'liveRacks']))
})

t.test('live racks come in order of precedence, the lost ones not at all', async (t) => {
  const lab = makeSharedVlan()
  t.same(vlansOf(lab)[0]?.liveRacks, [RACK_2, RACK])
  lab.ok({ type: 'rack.lost', systemId: RACK_2, lastBeatAt: beatOf(lab, RACK_2) })
  t.same(vlansOf(lab)[0]?.liveRacks, [RACK])
  lab.ok({ type: 'rack.beat', racks: [RACK_2] })
  t.same(vlansOf(lab)[0]?.liveRacks, [RACK_2, RACK])
})

t.test('a rack knows by which interfaces it reaches a VLAN, and those it relays for', async (t) => {
  const lab = makeTwoRacks()
  lab.ok(registerRack(RACK, ['10.0.0.2/24', '10.0.0.4/24']))
  t.match(vlansOf(lab), [{ id: 5001, interfaceNames: ['eth0', 'eth1'] }])
  const set = { dhcpOn: false, primaryRack: null, relayVlanId: 5001 as never }
  lab.ok({ type: 'vlan.update', id: 5002 as never, set })
  t.match(vlansOf(lab), [{ id: 5001 }, { id: 5002 }])
  t.strictSame(vlansOf(lab)[1]?.interfaceNames, [])
})

t.test('of a machine a rack gets what boots it and never its power parameters', async (t) => {
  const lab = makeServedLab()
  const powerParameters = { power_address: '192.0.2.7', power_pass: 'hunter2' }
  lab.ok({ ...newMachine(1), powerType: 'ipmi', powerParameters })
  const rows = fullView(lab.state, RACK)
  const boots = rows.flatMap((row) => (row.table === 'machineBoots' ? [row.row] : []))
  t.match(boots, [{ systemId: '000001', macs: [mac(1)], architecture: 'amd64/generic' }])
  const fields = Object.keys(boots[0] ?? {}).toSorted()
  t.same(fields, ['architecture', 'hostname', 'macs', 'power', 'purpose', 'systemId'])
  t.same(boots[0]?.power, { type: 'ipmi', state: 'unknown', rackId: null })
  t.notMatch(JSON.stringify(rows), 'hunter2')
})

t.test(
  'kernel options: of the site in the settings, of tags with each machine that has them',
  async (t) => {
    const lab = makeServedLab()
    lab.ok(newMachine(1))
    lab.ok(newMachine(2))
    const tag = (name: string, kernelOpts: string) =>
      ({
        ...{ type: 'object.create', table: 'tags' },
        fields: { name, definition: '', comment: '', kernelOpts },
      }) as unknown as Command
    lab.ok(tag('serial', 'console=ttyS1'))
    lab.ok(tag('iommu', 'iommu=pt'))
    lab.ok(tag('plain', ''))
    const optionsOf = (rows: readonly ViewChange[]) =>
      rows.flatMap((row) =>
        row.table === 'machineBoots' ? [[row.key, row.row?.kernelOptions]] : [],
      )
    for (const name of ['serial', 'plain', 'iommu']) {
      lab.ok({ type: 'tag.assign', name, add: ['000001' as SystemId], remove: [] } as Command)
    }
    t.same(optionsOf(fullView(lab.state, RACK)), [
      ['000001', 'iommu=pt console=ttyS1'],
      ['000002', undefined],
    ])
    const id = lab.state.tagsByName.first('serial')?.id ?? 0
    const set = { kernelOpts: 'console=ttyS2' }
    const update = { type: 'object.update', table: 'tags', id, set } as unknown as Command
    t.same(optionsOf(changesOf(lab, update)), [['000001', 'iommu=pt console=ttyS2']])
    const before = topologyFingerprint(lab.state, RACK)
    lab.ok({ type: 'setting.put', name: 'kernel_opts', value: 'quiet' })
    lab.ok({ type: 'setting.put', name: 'commissioning_distro_series', value: 'trixie' })
    t.not(topologyFingerprint(lab.state, RACK), before, 'racks are sent it')
    t.match(fullView(lab.state, RACK)[0]?.row, {
      kernelOptions: 'quiet',
      ephemeralImage: 'debian/trixie',
    })
  },
)

t.test('the settings name the other regions and the lease times', async (t) => {
  const lab = makeServedLab()
  const at = { hostname: 'h', version: '1', incarnation: 1 }
  const apiUrl = 'http://192.0.2.1:5240'
  const systemId = 'region' as SystemId
  lab.ok({ type: 'region.register', systemId, apiUrl, peerAddress: '192.0.2.1:5250', ...at })
  lab.ok({ type: 'setting.put', name: 'dhcp_lease_seconds', value: 1200 })
  const [row] = fullView(lab.state, RACK)
  t.match(row?.row, {
    clusterId: 'c1',
    regionPeers: ['192.0.2.1:5250'],
    regionApis: [apiUrl],
    leaseSeconds: 1200,
    firmwareLeaseSeconds: 30,
    domainName: 'maas',
    answerRouterSolicitations: false,
  })
})

const vlan = (id: number, set: object): Command => ({ type: 'vlan.update', id: id as never, set })
const unmoved: readonly { readonly name: string; readonly command: Command }[] = [
  { name: 'a beat', command: { type: 'rack.beat', racks: [RACK, RACK_2] } },
  {
    name: 'a setting no rack reads',
    command: { type: 'setting.put', name: 'maas_name', value: 'x' },
  },
  { name: 'a VLAN of another rack', command: vlan(5002, { dhcpOn: false }) },
  { name: 'a lease', command: bind(1, '10.0.0.100') },
]
for (const { name, command } of unmoved) {
  t.test(`${name} leaves the fingerprint as it was`, async (t) => {
    const lab = makeTwoRacks()
    const before = topologyFingerprint(lab.state, RACK)
    lab.ok(command)
    t.equal(topologyFingerprint(lab.state, RACK), before)
  })
}

const lease = { type: 'setting.put', name: 'dhcp_lease_seconds', value: 1200 } as const
const moved: readonly { readonly name: string; readonly command: Command }[] = [
  { name: 'DHCP going off', command: vlan(5001, { dhcpOn: false }) },
  { name: 'another lease time', command: lease },
  { name: 'a new range', command: newRange('reserved', 1, ['10.0.0.10', '10.0.0.19']) },
  {
    name: 'another network of its own',
    command: registerRack(RACK, ['10.0.0.2/24', '10.2.0.2/24']),
  },
]
for (const { name, command } of moved) {
  t.test(`${name} is a topology change and moves the fingerprint`, async (t) => {
    const lab = makeTwoRacks()
    const before = topologyFingerprint(lab.state, RACK)
    t.ok(lab.run(command).changes.some(isTopology))
    t.not(topologyFingerprint(lab.state, RACK), before)
  })
}

t.test('a partner that is lost moves the fingerprint', async (t) => {
  const lab = makeSharedVlan()
  const before = topologyFingerprint(lab.state, RACK)
  lab.ok({ type: 'rack.lost', systemId: RACK_2, lastBeatAt: beatOf(lab, RACK_2) })
  t.not(topologyFingerprint(lab.state, RACK), before)
})

t.test('a lease is its row, its release the same key again', async (t) => {
  const lab = makeServedLab()
  const address = ip('10.0.0.100')
  t.match(changesOf(lab, bind(1, '10.0.0.100')), [
    { table: 'holds', key: address, row: { ip: address, mac: mac(1), released: false } },
  ])
  const release = { type: 'lease.release', client: `1-${mac(1)}`, ip: address } as const
  t.match(changesOf(lab, release), [{ table: 'holds', key: address }])
})

t.test('a machine is one boot row however much of it changed, and null once gone', async (t) => {
  const lab = makeServedLab()
  const machine = newMachine(1)
  const { systemId } = machine
  t.match(changesOf(lab, machine), [
    { table: 'machineBoots', key: systemId, row: { systemId, macs: [mac(1)] } },
  ])
  const renamed = { type: 'machine.update', systemId, set: { hostname: 'other' } } as const
  t.match(changesOf(lab, renamed), [
    { table: 'machineBoots', key: systemId, row: { hostname: 'other' } },
  ])
  t.same(changesOf(lab, { type: 'machine.delete', systemId }), [
    { table: 'machineBoots', key: systemId, row: null },
  ])
})

t.test('racks are told what a machine runs from memory, and when it does no more', async (t) => {
  const lab = makeRoom()
  const systemId = addMachine(lab, 1)
  bring(lab, systemId, S.ALLOCATED)
  const rowsOf = (command: Command) =>
    changesOf(lab, command).flatMap((change) => (change.table === 'machineBoots' ? [change] : []))
  const verb = { systemId, comment: '' }
  const options = { ...DEPLOY, ephemeralDeploy: true }
  const [told] = rowsOf({ type: 'machine.deploy', ...verb, options })
  t.match(told?.row, { purpose: 'xinstall', memoryImage: 'debian/bookworm' })
  const [kept] = rowsOf({ type: 'machine.booted', systemId })
  t.match(kept?.row, { purpose: 'xinstall', memoryImage: 'debian/bookworm' })
  const [gone] = rowsOf({ type: 'machine.release', ...verb })
  t.match(gone?.row, { purpose: 'poweroff', memoryImage: undefined })
})

t.test('what no rack needs makes no rows', async (t) => {
  const lab = makeServedLab()
  t.same(changesOf(lab, { type: 'setting.put', name: 'maas_name', value: 'x' }), [])
  t.same(changesOf(lab, { type: 'rack.beat', racks: [RACK] }), [])
})

t.test(
  'an address seen in use is barred for a rack as a declined one, whichever lasts longer',
  async (t) => {
    const lab = makeServedLab()
    const address = ip('10.0.0.102')
    lab.ok({ type: 'lease.observe', rackId: RACK, mac: mac(7), ip: address })
    const barred = () => fullView(lab.state, RACK).filter(({ table }) => table === 'quarantines')
    t.match(barred(), [{ key: address, row: { mac: mac(7), until: lab.stamp + 3_600_000 } }])
    lab.ok(bind(7, '10.0.0.102'))
    lab.ok({ type: 'lease.decline', client: `1-${mac(7)}`, mac: mac(7), ip: address })
    t.match(barred(), [{ key: address, row: { until: lab.stamp + 86_400_000 } }])
    const { changes } = lab.run({ type: 'time.advance' }, 3_700_000)
    const told = viewChanges(lab.state, changes).filter(({ table }) => table === 'quarantines')
    t.match(told, [{ key: address, row: { until: lab.stamp + 86_400_000 - 3_700_000 } }])
    t.equal(lab.state.observed.size, 0, 'the decline stays when the observation ends')
  },
)

t.test('DHCP options and snippets in force are sent, and told row by row', async (t) => {
  const lab = makeServedLab()
  const option: Command = {
    ...{ type: 'dhcpOption.put', target: { scope: 'global', scopeId: null }, code: 26 },
    ...{ valueType: 'uint16', value: 1_400, force: false },
  }
  t.match(changesOf(lab, option), [{ table: 'dhcpOptions', key: 'global/26', row: { code: 26 } }])
  lab.ok(newMachine(1))
  const systemId = [...lab.state.machines.keys()][0] ?? null
  const fields = {
    ...{ name: 'a', description: '', value: 'filename "a";', comment: '', enabled: true },
    ...{ subnetId: null, ipRangeId: null, systemId },
  }
  const made = changesOf(lab, { type: 'object.create', table: 'dhcpSnippets', fields })
  t.match(made, [{ table: 'dhcpSnippets', row: { value: 'filename "a";', macs: [mac(1)] } }])
  t.same(keysOf(fullView(lab.state, RACK), 'dhcpSnippets'), [1])
  t.same(keysOf(fullView(lab.state, RACK), 'dhcpOptions'), ['global/26'])
  const newer = {
    type: 'object.update',
    table: 'dhcpSnippets',
    id: 1,
    set: { value: 'filename "b";' },
  }
  t.match(changesOf(lab, newer as Command), [{ row: { value: 'filename "b";' } }])
  const back = { type: 'object.revert', table: 'dhcpSnippets', id: 1, to: -1 } as const
  t.match(changesOf(lab, back), [{ table: 'dhcpSnippets', row: { value: 'filename "a";' } }])
  const off = { type: 'object.update', table: 'dhcpSnippets', id: 1, set: { enabled: false } }
  t.match(changesOf(lab, off as Command), [{ table: 'dhcpSnippets', key: 1, row: null }])
  t.same(keysOf(fullView(lab.state, RACK), 'dhcpSnippets'), [])
})

t.test('a node’s snippet follows its interfaces', async (t) => {
  const lab = makeServedLab()
  const systemId = 'dev001' as SystemId
  const userId = 1 as never
  const device = { hostname: 'd', description: '', parent: null, ownerId: userId }
  lab.ok({ type: 'device.create', systemId, ...device, macs: [mac(7)] })
  const text = { name: 'a', description: '', value: 'filename "a";', comment: '', enabled: true }
  const fields = { ...text, subnetId: null, ipRangeId: null, systemId }
  lab.ok({ type: 'object.create', table: 'dhcpSnippets', fields })
  const told = [{ table: 'dhcpSnippets', key: 1, row: { macs: [mac(7)] } }] as const
  const nic = [...lab.state.interfaces.values()].find((row) => row.systemId === systemId) ?? null
  const changed = { table: 'interfaces', key: nic?.id ?? 0, row: nic } as const
  const snippets = (rows: readonly ViewChange[]) =>
    rows.filter(({ table }) => table === 'dhcpSnippets')
  t.match(snippets(viewChanges(lab.state, [changed])), told)
  t.match(
    snippets(viewChanges(lab.state, [{ ...changed, row: null }])),
    told,
    'whose it was is not known',
  )
  const gone = changesOf(lab, { type: 'device.delete', systemId })
  t.match(gone, [{ table: 'dhcpSnippets', key: 1, row: null }])
})

t.test('every rack sees what is wanted of the power of machines, and no secret', async (t) => {
  const lab = makeServedLab()
  const powerParameters = { power_pass: 'secret' }
  const { systemId } = lab.ok({ ...newMachine(1), powerType: 'ipmi', powerParameters })
  const begin = { type: 'machine.commission', systemId, comment: '' } as const
  const changes = changesOf(lab, { ...begin, options: DEFAULT_PROBE })
  t.same(keysOf(changes, 'powerIntents'), [systemId])
  for (const rack of [RACK, RACK_2]) {
    const rows = fullView(lab.state, rack)
    t.same(keysOf(rows, 'powerIntents'), [systemId])
    t.notMatch(JSON.stringify(rows), 'secret')
  }
  const aborted = changesOf(lab, { type: 'machine.delete', systemId })
  t.match(aborted.find(({ table }) => table === 'powerIntents')?.row, null)
})

t.test('which racks live is a row of its own, and changes with them only', async (t) => {
  const lab = makeSharedVlan()
  const row = () => fullView(lab.state, RACK).find(({ table }) => table === 'liveRacks')?.row
  t.same(row(), { racks: [RACK, RACK_2].toSorted() })
  lab.ok({ type: 'rack.lost', systemId: RACK_2, lastBeatAt: beatOf(lab, RACK_2) })
  t.same(row(), { racks: [RACK] })
})

t.test('racks see that a chassis is to be added, and no secret of it', async (t) => {
  const lab = makeServedLab()
  const { id } = lab.ok({
    ...({ type: 'chassis.add', chassisType: 'virsh', prefixFilter: '', begin: null } as const),
    ...{ parameters: { power_pass: 'hunter2' }, rackId: null, domainId: null },
  })
  const [job] = [...lab.state.chassisJobs.values()]
  const changes = viewChanges(lab.state, [{ table: 'chassisJobs', key: id, row: job ?? null }])
  const row = { id, chassisType: 'virsh', rackId: null, token: null }
  t.same(changes, [{ table: 'chassisJobs', key: id, row }])
  t.same(keysOf(fullView(lab.state, RACK), 'chassisJobs'), [id])
  t.notMatch(JSON.stringify([changes, fullView(lab.state, RACK)]), /hunter2/)
})

// What a commissioning machine is made of becomes its rows: what was configured stays, what is gone goes, and nobody
// takes what is another's.
import t from 'tap'
import { DEVICE_BUS, type FoundDevice, type FoundHardware } from '#model/found-hardware.ts'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as M } from '#model/machine.ts'
import { DEFAULT_PROBE, type ProbeOptions } from '#model/machine-work.ts'
import { RESULT_TYPE } from '#model/script-result.ts'
import { currentResults } from '#state/script-query.ts'
import { addMachine, makeRoom, SYSTEM } from '#test/support/life-cycle.ts'
import { ADMIN, cidr, ip, mac, newMachine, type Lab } from '#test/support/region-state.ts'

const HARDWARE = {
  ...{ cpuModel: 'c', systemVendor: 'v', systemProduct: 'p', systemSerial: '', systemVersion: '' },
  ...{ mainboardVendor: '', mainboardProduct: '', firmwareVendor: '', firmwareVersion: '' },
  firmwareDate: '',
}
const nic = (n: number, name: string, more: Partial<FoundHardware['interfaces'][number]> = {}) => ({
  ...{ name, mac: mac(n), ip: null, linkConnected: true, linkSpeedMbps: 1_000 },
  ...{ interfaceSpeedMbps: 10_000, vendor: 'v', product: 'p', firmwareVersion: '1' },
  ...more,
})
const disk = (name: string, serial: string, idPath = '') => ({
  ...{ name, serial, idPath, model: 'm', sizeBytes: 2 ** 30, blockSizeBytes: 512, tags: ['ssd'] },
})
const device = (pciAddress: string, vendorId: string): FoundDevice => ({
  ...{ bus: DEVICE_BUS.PCI, hardwareType: 4, numaNode: 0, vendorId, productId: '1000' },
  ...{ vendorName: 'v', productName: 'p', driver: 'd', busNumber: 0, deviceNumber: 3, pciAddress },
})
const facts = (more: Partial<FoundHardware> = {}): FoundHardware => ({
  ...{ architecture: 'arm64/generic', hardwareUuid: null, cpuCount: 4, cpuSpeedMhz: 2_000 },
  ...{ memoryMib: 4_096, biosBootMethod: 'uefi', hardware: HARDWARE, bootMac: null },
  ...{ interfaces: [], disks: [], devices: [] },
  details: {
    numaNodes: [{ index: 0, cores: [0, 1, 2, 3], memoryMib: 4_096, hugepages: [] }],
    ...{ bmc: null, virtuality: 'none', chassisSerial: '', mainboardSerial: '', lldp: [] },
  },
  ...more,
})

/** Commissioning, with the interface of MAC 1. */
function start(options: Partial<ProbeOptions> = {}): { readonly lab: Lab; readonly id: SystemId } {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  const all = { ...DEFAULT_PROBE, ...options }
  lab.ok({ type: 'machine.commission', systemId: id, comment: '', options: all })
  lab.actor = SYSTEM
  return { lab, id }
}
const tell = (lab: Lab, systemId: SystemId, more: Partial<FoundHardware>) =>
  lab.run({ type: 'machine.facts', systemId, facts: facts(more) }).outcome
const own = newMachine(1).interfaces[0]!
const nics = (lab: Lab, id: SystemId) => lab.state.interfacesByMachine.rows(id)

t.test('the machine, its interfaces, disks, devices and details are as reported', async (t) => {
  const { lab, id } = start()
  const first = { ...nic(0, 'ens1'), mac: own.mac }
  const found = {
    interfaces: [first, nic(77, 'ens2', { linkConnected: false })],
    disks: [disk('sda', 's1')],
    devices: [device('0000:00:03.0', '1af4')],
  }
  t.ok(tell(lab, id, { ...found, bootMac: mac(77) }).ok)
  const machine = lab.state.machines.get(id)!
  t.match(machine, {
    ...{ architecture: 'arm64/generic', cpuCount: 4, memoryMib: 4_096, biosBootMethod: 'uefi' },
    hardware: { cpuModel: 'c' },
  })
  const rows = nics(lab, id)
  t.match(rows, [
    { name: 'ens1', vendor: 'v', firmwareVersion: '1', interfaceSpeedMbps: 10_000 },
    { name: 'ens2', linkConnected: false, mac: mac(77) },
  ])
  t.equal(machine.bootInterfaceId, rows[1]?.id)
  t.match(lab.state.blockDevicesByMachine.rows(id), [{ name: 'sda', serial: 's1' }])
  t.match(lab.state.nodeDevicesByMachine.rows(id), [{ vendorId: '1af4', systemId: id }])
  t.match(lab.state.hardwareDetails.get(id), { virtuality: 'none', systemId: id })
})

t.test('the same report again changes nothing but times', async (t) => {
  const { lab, id } = start()
  const found = {
    interfaces: [nic(5, 'ens1')],
    disks: [disk('sda', 's1'), disk('sdb', '')],
    devices: [device('0000:00:03.0', '1af4')],
  }
  t.ok(tell(lab, id, found).ok)
  const before = [nics(lab, id), lab.state.blockDevicesByMachine.rows(id)]
  const counters = [...lab.state.counters.values()]
  t.ok(tell(lab, id, found).ok)
  t.same([nics(lab, id), lab.state.blockDevicesByMachine.rows(id)], before)
  t.same([...lab.state.counters.values()], counters)
})

t.test('a MAC that another node has is refused, and all of the report with it', async (t) => {
  const { lab, id } = start()
  lab.actor = ADMIN
  const other = addMachine(lab, 2)
  const taken = nics(lab, other)[0]!.mac!
  lab.actor = SYSTEM
  const before = [...lab.state.interfaces.values()]
  const outcome = tell(lab, id, {
    interfaces: [nic(5, 'ens1'), { ...nic(0, 'ens2'), mac: taken }],
    disks: [disk('sda', 's1')],
  })
  t.match(outcome, { ok: false, code: 'CONFLICT', message: /already in use on/ })
  t.equal(nics(lab, id).length, 1)
  t.equal(lab.state.blockDevicesByMachine.count(id), 0)
  t.same([...lab.state.interfaces.values()], before)
})

t.test('what is gone goes unless something lies upon it', async (t) => {
  const { lab, id } = start()
  t.ok(tell(lab, id, { interfaces: [nic(5, 'a'), nic(6, 'b'), nic(7, 'c')] }).ok)
  const [boot, a, b] = nics(lab, id)
  const link = { id: 1, mode: 'auto', subnetId: null, ip: null } as const
  lab.state.interfaces.put(b!.id, { ...b!, links: [link], tags: ['mine'] })
  lab.state.interfaces.put(a!.id, { ...a!, links: [{ ...link, mode: 'link_up' }] })
  lab.state.journal.take()
  t.ok(tell(lab, id, { interfaces: [nic(7, 'c')] }).ok)
  t.match(
    nics(lab, id).map(({ id: key, linkConnected }) => [key, linkConnected]),
    [
      [boot!.id, false],
      [b!.id, false],
      [nics(lab, id).at(-1)!.id, true],
    ],
    'the one it boots from and the one with a link stay',
  )
  t.notOk(lab.state.interfaces.has(a!.id))
  t.same(lab.state.interfaces.get(b!.id)?.tags, ['mine'])
})

t.test('interfaces may change names, and never share one', async (t) => {
  const { lab, id } = start()
  const names = () => nics(lab, id).map(({ mac: address, name }) => [address, name])
  t.ok(tell(lab, id, { interfaces: [nic(5, 'a'), nic(6, 'b')], bootMac: mac(5) }).ok)
  t.same(names(), [
    [mac(5), 'a'],
    [mac(6), 'b'],
  ])
  t.ok(tell(lab, id, { interfaces: [nic(5, 'b'), nic(6, 'a'), nic(7, 'a')] }).ok)
  t.same(names(), [
    [mac(5), 'b'],
    [mac(6), 'a'],
    [mac(7), 'a-1'],
  ])
  t.equal(lab.state.machines.get(id)?.bootInterfaceId, nics(lab, id)[0]?.id)
})

t.test('with skip_networking and skip_storage nothing goes', async (t) => {
  const { lab, id } = start({ skipNetworking: true, skipStorage: true })
  t.ok(tell(lab, id, { interfaces: [nic(5, 'a'), nic(6, 'b')], disks: [disk('sda', 's')] }).ok)
  t.ok(tell(lab, id, { interfaces: [nic(5, 'a')] }).ok)
  t.equal(nics(lab, id).length, 3)
  t.equal(lab.state.blockDevicesByMachine.count(id), 1)
})

t.test('a disk is found again by serial, path and name, whatever it is called now', async (t) => {
  const { lab, id } = start()
  const path = '/dev/disk/by-path/p'
  t.ok(tell(lab, id, { disks: [disk('sda', 's1'), disk('sdb', '', path), disk('sdc', '')] }).ok)
  const [one, two, three] = lab.state.blockDevicesByMachine.rows(id)
  lab.state.blockDevices.put(one!.id, { ...one!, tags: ['mine'] })
  lab.state.journal.take()
  const moved = [disk('sda', '', path), disk('sdb', 's1'), disk('sdc', 's3')]
  t.ok(tell(lab, id, { disks: moved }).ok)
  t.same(
    lab.state.blockDevicesByMachine.rows(id).map((row) => [row.id, row.name, row.tags]),
    [
      [one!.id, 'sdb', ['mine']],
      [two!.id, 'sda', ['ssd']],
      [three!.id, 'sdc', ['ssd']],
    ],
  )
  t.ok(tell(lab, id, { disks: [disk('sdc', 's4')] }).ok)
  const [last] = lab.state.blockDevicesByMachine.rows(id)
  t.ok(last!.id > three!.id, 'another serial is another disk')
})

t.test('an interface is on the VLAN of the address it had, until it is configured', async (t) => {
  const { lab, id } = start()
  lab.actor = ADMIN
  const fabricId = lab.ok({
    type: 'fabric.create',
    name: 'two',
    description: '',
    classType: null,
  }).id
  const vlan = [...lab.state.vlans.values()].find((row) => row.fabricId === fabricId)!
  lab.ok({
    ...{ type: 'subnet.create', name: 's', description: '', vlanId: vlan.id },
    ...{ cidr: cidr('198.51.100.0/24'), gatewayIp: null, dnsServers: [], rdnsMode: 2 },
    ...{ activeDiscovery: false, allowDns: true, allowProxy: true, managed: true },
    disabledBootArchitectures: [],
  })
  lab.actor = SYSTEM
  const seen = { ...nic(0, 'ens1', { ip: ip('198.51.100.9') }), mac: own.mac }
  t.ok(tell(lab, id, { interfaces: [seen] }).ok)
  t.equal(nics(lab, id)[0]?.vlanId, vlan.id)
})

t.test('a device keeps its id, and another card in its slot is another one', async (t) => {
  const { lab, id } = start()
  const at = '0000:00:03.0'
  t.ok(tell(lab, id, { devices: [device(at, '1af4'), device('0000:00:04.0', '8086')] }).ok)
  const [first] = lab.state.nodeDevicesByMachine.rows(id)
  t.ok(tell(lab, id, { devices: [device(at, '1af4')] }).ok)
  t.same(lab.state.nodeDevicesByMachine.rows(id), [first])
  t.ok(tell(lab, id, { devices: [device(at, '10de')] }).ok)
  t.not(lab.state.nodeDevicesByMachine.rows(id)[0]?.id, first?.id)
})

t.test('a virtual machine is tagged, and no longer when it is none', async (t) => {
  const { lab, id } = start()
  const { details } = facts()
  t.ok(tell(lab, id, { details: { ...details, virtuality: 'kvm' } }).ok)
  t.same(lab.state.machines.get(id)?.tagNames, ['virtual'])
  t.ok(lab.state.tagsByName.has('virtual'))
  t.ok(tell(lab, id, {}).ok)
  t.same(lab.state.machines.get(id)?.tagNames, [])
})

t.test('tests that wait run for the disks that were found', async (t) => {
  const { lab, id } = start()
  const waiting = () =>
    currentResults(lab.state, id, RESULT_TYPE.TESTING).map((row) => row.parameters['storage'])
  t.same(waiting(), ['all'])
  t.ok(tell(lab, id, { disks: [disk('sda', 's1'), disk('sdb', 's2')] }).ok)
  t.same(waiting(), ['/dev/sda', '/dev/sdb'])
  const [first] = currentResults(lab.state, id, RESULT_TYPE.TESTING)
  t.ok(tell(lab, id, { disks: [disk('sda', 's1'), disk('sdb', 's2')] }).ok)
  t.equal(currentResults(lab.state, id, RESULT_TYPE.TESTING)[0]?.id, first?.id, 'none is remade')
})

t.test('nobody is asked in another status', async (t) => {
  const { lab, id } = start()
  lab.ok({ type: 'machine.signal', systemId: id, status: 'OK', error: '' })
  t.equal(lab.state.machines.get(id)?.status, M.READY)
  t.match(tell(lab, id, {}), { ok: false, code: 'CONFLICT' })
  t.match(tell(lab, 'zzzzzz' as SystemId, {}), { ok: false, code: 'NOT_FOUND' })
})

t.test('the machine takes its details and devices with it', async (t) => {
  const { lab, id } = start()
  t.ok(tell(lab, id, { devices: [device('0000:00:03.0', '1af4')] }).ok)
  lab.ok({ type: 'machine.signal', systemId: id, status: 'OK', error: '' })
  lab.actor = ADMIN
  lab.ok({ type: 'machine.delete', systemId: id })
  t.equal(lab.state.nodeDevices.size + lab.state.hardwareDetails.size, 0)
})

t.test('a machine that is another one in every report does not grow for ever', async (t) => {
  const { lab, id } = start({ skipNetworking: true, skipStorage: true })
  for (let round = 0; round < 3; round++) {
    const interfaces = Array.from({ length: 200 }, (_, n) => nic(1_000 * (round + 1) + n, ''))
    const disks = Array.from({ length: 600 }, (_, n) => disk(`d${round}-${n}`, `s${round}-${n}`))
    t.ok(tell(lab, id, { interfaces, disks }).ok)
  }
  t.equal(nics(lab, id).length, 256)
  t.equal(lab.state.blockDevicesByMachine.count(id), 1_024)
})

import t from 'tap'
import {
  ADMIN,
  bind,
  contentOf,
  ip,
  mac,
  makeServedLab,
  newMachine,
  newSubnet,
  RACK,
  type Lab,
} from '#test/support/region-state.ts'
import type { CommandOf, NewInterface } from '#state/command.ts'

function nic(n: number, change: Partial<NewInterface> = {}): NewInterface {
  const [first] = newMachine(n).interfaces
  if (first === undefined) throw new Error('no interface')
  return { ...first, ...change }
}
const machine = (n: number, change: Partial<CommandOf<'machine.create'>> = {}) => ({
  ...newMachine(n),
  ...change,
})
const created = (lab: Lab, command: CommandOf<'machine.create'>) => {
  const { systemId } = lab.ok(command)
  return {
    machine: lab.state.machines.get(systemId),
    interfaces: lab.state.interfacesByMachine.rows(systemId),
  }
}

t.test('a machine is New, has a name of its own and an event', async (t) => {
  const lab = makeServedLab()
  lab.actor = { ...ADMIN, kind: 'anonymous', userId: null, username: '' }
  const found = created(lab, machine(1))
  t.match(found.machine, {
    hostname: 'machine-000001',
    status: 0,
    ownerId: null,
    netboot: true,
    memoryMib: 512,
    bootInterfaceId: 1,
  })
  t.match([...lab.state.events.values()].at(-1), {
    type: 'Machine enlisted',
    hostname: 'machine-000001',
    systemId: '000001',
  })
})

t.test('disks are kept with the machine and go with it', async (t) => {
  const lab = makeServedLab()
  const disk = {
    name: 'sda',
    model: 'm',
    serial: 's',
    idPath: '',
    sizeBytes: 1e9,
    blockSizeBytes: 512,
    tags: [],
  }
  const { systemId } = lab.ok(machine(1, { blockDevices: [disk, { ...disk, name: 'sdb' }] }))
  t.same(
    lab.state.blockDevicesByMachine.rows(systemId).map(({ name }) => name),
    ['sda', 'sdb'],
  )
  lab.ok({ type: 'machine.delete', systemId })
  t.match(lab.state, { machines: { size: 0 }, interfaces: { size: 0 }, blockDevices: { size: 0 } })
  t.ok(lab.ok(machine(1)), 'its MAC is free again')
})

const places = [
  {
    name: 'by its address',
    nic: nic(1, { ip: ip('10.5.0.9'), linkConnected: false }),
    vlanId: 5002,
  },
  { name: 'by the lease of its MAC', nic: nic(1), lease: true, vlanId: 5001 },
  { name: 'on the default VLAN with a link', nic: nic(1), vlanId: 5001 },
  { name: 'nowhere without a link', nic: nic(1, { linkConnected: false }), vlanId: null },
  { name: 'by the longest prefix', nic: nic(1, { ip: ip('10.0.0.130') }), vlanId: 5002 },
]
for (const place of places) {
  t.test(`an interface is placed ${place.name}`, async (t) => {
    const lab = makeServedLab()
    lab.ok({ type: 'fabric.create', name: '', description: '', classType: null })
    lab.ok(newSubnet('10.5.0.0/24', 5002))
    lab.ok(newSubnet('10.0.0.128/25', 5002))
    if (place.lease === true) lab.ok(bind(1, '10.0.0.100'))
    const found = created(lab, machine(1, { interfaces: [place.nic] }))
    t.equal(found.interfaces[0]?.vlanId, place.vlanId)
  })
}

t.test('the interface with the address is the one it booted from', async (t) => {
  const lab = makeServedLab()
  const interfaces = [nic(1, { name: '' }), nic(2, { name: '', ip: ip('10.0.0.9') })]
  const found = created(lab, machine(1, { interfaces }))
  t.same(
    found.interfaces.map(({ name }) => name),
    ['eth0', 'eth1'],
  )
  t.equal(found.machine?.bootInterfaceId, found.interfaces[1]?.id)
})

const refusals = [
  {
    name: 'system id in use',
    command: machine(1, { interfaces: [nic(5)] }),
    code: 'CONFLICT',
    says: /000001/,
  },
  {
    name: 'system id of a rack',
    command: machine(5, { systemId: RACK }),
    code: 'CONFLICT',
    says: /rack01/,
  },
  {
    name: 'MAC known',
    command: machine(5, { interfaces: [nic(5), nic(1)] }),
    field: 'mac_addresses',
    says: /MAC address 52:54:00:00:00:01 already in use on machine-000001\./,
  },
  {
    name: 'MAC twice',
    command: machine(5, { interfaces: [nic(5), nic(5)] }),
    field: 'mac_addresses',
    says: /given twice/,
  },
  { name: 'no MAC', command: machine(5, { interfaces: [] }), field: 'mac_addresses' },
  {
    name: 'too many interfaces',
    command: machine(5, { interfaces: Array.from({ length: 257 }, (_, n) => nic(100 + n)) }),
    field: '__all__',
  },
  {
    name: 'hostname taken',
    command: machine(5, { hostname: 'MACHINE-000001' }),
    field: 'hostname',
  },
  {
    name: 'hostname of a rack',
    command: machine(5, { hostname: 'host-rack01' }),
    field: 'hostname',
  },
  { name: 'hostname with a dot', command: machine(5, { hostname: 'a.b' }), field: 'hostname' },
  {
    name: 'hostname with a dash first',
    command: machine(5, { hostname: '-a' }),
    field: 'hostname',
  },
  {
    name: 'hostname too long',
    command: machine(5, { hostname: 'a'.repeat(64) }),
    field: 'hostname',
  },
] as const
for (const refused of refusals) {
  t.test(`refused, and nothing changes: ${refused.name}`, async (t) => {
    const lab = makeServedLab()
    lab.ok(machine(1))
    const content = contentOf(lab.state)
    const refusal = lab.refused(refused.command)
    t.equal(refusal.code, 'code' in refused ? refused.code : 'VALIDATION')
    if ('field' in refused) t.same(Object.keys(refusal.fields ?? {}), [refused.field])
    if ('says' in refused) t.match(refusal.message, refused.says)
    t.equal(contentOf(lab.state), content)
  })
}

t.test('update sets what is named and keeps the rest', async (t) => {
  const lab = makeServedLab()
  const { systemId } = lab.ok(machine(1))
  const set = { hostname: 'db1', tagNames: ['ssd'], powerParameters: { power_address: 'x' } }
  lab.ok({ type: 'machine.update', systemId, set })
  t.match(lab.state.machines.get(systemId), {
    ...set,
    memoryMib: 512,
    architecture: 'amd64/generic',
  })
  t.notOk(lab.state.machinesByHostname.has('machine-000001'))
  lab.ok({ type: 'machine.update', systemId, set: { hostname: 'DB1' } })
})

t.test('update refuses what create refuses', async (t) => {
  const lab = makeServedLab()
  lab.ok(machine(1))
  const { systemId } = lab.ok(machine(2))
  for (const hostname of ['machine-000001', 'host-rack01', '', 'a b']) {
    const refusal = lab.refused({ type: 'machine.update', systemId, set: { hostname } })
    t.same(Object.keys(refusal.fields ?? {}), ['hostname'])
  }
})

t.test('absent and locked machines', async (t) => {
  const lab = makeServedLab()
  const absent = 'zzzzzz' as never
  t.match(lab.refused({ type: 'machine.delete', systemId: absent }), {
    code: 'NOT_FOUND',
    message: 'No Machine matches the given query.',
  })
  t.equal(lab.refused({ type: 'machine.update', systemId: absent, set: {} }).code, 'NOT_FOUND')
  const { systemId } = lab.ok(machine(1))
  const row = lab.state.machines.get(systemId)
  if (row !== undefined) lab.state.machines.restore(systemId, { ...row, locked: true })
  t.match(lab.refused({ type: 'machine.delete', systemId }), {
    code: 'CONFLICT',
    message: /locked/,
  })
})

t.test('holds of a deleted machine run out by themselves', async (t) => {
  const lab = makeServedLab()
  const { systemId } = lab.ok(machine(1))
  lab.ok(bind(1, '10.0.0.100'))
  lab.ok({ type: 'machine.delete', systemId })
  t.equal(lab.state.holdsByMac.count(mac(1)), 1)
})

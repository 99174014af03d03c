// The configuration of one machine on others: what comes along, what does not, and what is said of each that cannot be.
// That layouts and addresses hold whatever is cloned: `storage-properties.test.ts`, `interface-properties.test.ts`.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { CommandOf } from '#state/command.ts'
import { storageWithDisks } from '#state/storage-query.ts'
import { addMachine, BOB, bring, idOf } from '#test/support/life-cycle.ts'
import {
  addTwoCards,
  link,
  make,
  makeNetworkLab,
  nicOf,
  SMALL,
  SUBNET,
  TAGGED,
} from '#test/support/network-lab.ts'
import { ADMIN, contentOf, ip, mac, newMachine, type Lab } from '#test/support/region-state.ts'
import { disk, disksOf, GB, ready } from '#test/support/storage.ts'
import { shapeOf } from '#test/support/storage-shape.ts'

const clone = (
  source: SystemId,
  destinations: readonly SystemId[],
  what: Partial<CommandOf<'machine.clone'>> = {},
): CommandOf<'machine.clone'> => ({
  ...{ type: 'machine.clone', source, destinations, storage: true, interfaces: false, ...what },
})
const network = { storage: false, interfaces: true }

function readyTwins(count: number): [Lab, readonly SystemId[]] {
  const lab = makeNetworkLab()
  const ids = Array.from({ length: count }, (_, at) => addTwoCards(lab, at + 1))
  for (const id of ids) bring(lab, id, S.READY)
  lab.actor = ADMIN
  return [lab, ids]
}

/** Refused, with the messages of destinations, and nothing is changed by it. */
function messagesOf(lab: Lab, command: CommandOf<'machine.clone'>): readonly string[] {
  const before = contentOf(lab.state)
  const { code, message, fields } = lab.refused(command)
  t.equal(contentOf(lab.state), before, 'nothing is half done')
  return fields?.['destinations'] ?? [`${code} ${message}`]
}

t.test(
  'a network on two machines: makings, MACs and links, with addresses of their own',
  async (t) => {
    const [lab, [source = idOf(0), ...others]] = readyTwins(3)
    const [eth0, eth1] = [nicOf(lab, source, 'eth0'), nicOf(lab, source, 'eth1')]
    const params = { bondMode: '802.3ad', mtu: 9_000 } as const
    make(lab, source, { kind: 'bond', name: 'bond0', parents: [eth1.id, eth0.id], params })
    const bond = nicOf(lab, source, 'bond0')
    lab.ok(link(bond, { ip: ip('10.0.0.9'), defaultGateway: true }))
    make(lab, source, { kind: 'vlan', parents: [bond.id], vlanId: TAGGED, tags: ['storage'] })
    lab.ok(link(nicOf(lab, source, 'bond0.20'), { mode: 'auto', subnetId: SMALL }))
    for (const [at, id] of others.entries()) {
      // What they had goes, also what stands on a card that is a port now.
      make(lab, id, { kind: 'bridge', name: 'old', parents: [nicOf(lab, id, 'eth0').id] })
      lab.ok(link(nicOf(lab, id, 'old'), { ip: ip(`10.0.0.2${at}`) }))
    }
    lab.ok(clone(source, others, network))
    for (const id of others) {
      const names = lab.state.interfacesByMachine.rows(id).map(({ name }) => name)
      t.same(names, ['eth0', 'eth1', 'bond0', 'bond0.20'])
      const copy = nicOf(lab, id, 'bond0')
      t.equal(copy.mac, nicOf(lab, id, 'eth0').mac, 'of the card that the source’s has it of')
      t.same(copy.parents, [nicOf(lab, id, 'eth1').id, nicOf(lab, id, 'eth0').id])
      t.same(copy.params, bond.params)
      const vlan = nicOf(lab, id, 'bond0.20')
      t.match(vlan, { type: 'vlan', parents: [copy.id], vlanId: TAGGED, tags: ['storage'] })
      t.match(vlan.links, [{ mode: 'auto', subnetId: SMALL, ip: null }])
      t.match(copy.links, [{ mode: 'static', subnetId: SUBNET }])
      t.same(nicOf(lab, id, 'eth0').links, [])
      const gateways = lab.state.machines.get(id)?.gatewayLinks
      t.same(gateways, { ipv4: copy.links[0]?.id, ipv6: null })
    }
    const addresses = [source, ...others].map((id) => nicOf(lab, id, 'bond0').links[0]?.ip)
    t.equal(new Set(addresses).size, 3, 'no address twice')
    t.equal(lab.state.ipAddresses.get(ip('10.0.0.20')), undefined, 'the old ones are free again')
    t.match(lab.state.ipAddresses.get(addresses[1] as never), {
      interfaceId: nicOf(lab, others[0] ?? source, 'bond0').id,
    })
  },
)

t.test(
  'bridges of a deployment are not cloned, their links are; more cards are left alone',
  async (t) => {
    const [lab, [source = idOf(0), other = idOf(0)]] = readyTwins(2)
    make(lab, other, { mac: mac(77) as never })
    const third = nicOf(lab, other, 'eth2')
    const bridges = { bridgeType: 'standard', bridgeStp: false, bridgeFd: 15 } as const
    lab.actor = BOB
    const constraints = { systemId: source }
    const named = { asked: '', agentName: '', comment: '', bridges }
    lab.ok({ type: 'machine.allocate', constraints, ...named })
    lab.actor = ADMIN
    lab.ok(clone(source, [other], network))
    t.same(
      lab.state.interfacesByMachine.rows(other).map(({ name }) => name),
      ['eth0', 'eth1', 'eth2'],
    )
    t.match(nicOf(lab, other, 'eth0').links, [{ mode: 'auto', subnetId: SUBNET, ip: null }])
    t.match(nicOf(lab, other, 'eth2').links, [{ mode: 'link_up' }])
    t.equal(nicOf(lab, other, 'eth2').id, third.id)
  },
)

t.test('disks are paired boot with boot, then by what is most alike', async (t) => {
  const [lab, source, [sda = 0 as never, sdb = 0 as never]] = ready([10 * GB, 20 * GB, 20 * GB])
  lab.ok({ type: 'storage.tag', systemId: source, at: { device: sdb }, tag: 'ssd', isOn: true })
  for (const device of [sda, sdb]) {
    const at = { device }
    lab.ok({ type: 'storage.format', systemId: source, at, fstype: 'ext4', label: `on-${device}` })
  }
  const blockDevices = [
    ...[disk('vda', 20 * GB), disk('vdb', 20 * GB), disk('vdc', 30 * GB, ['ssd'])],
    disk('vdd', 11 * GB),
  ]
  const other = addMachine(lab, 2, { blockDevices })
  bring(lab, other, S.READY)
  lab.actor = ADMIN
  const vdd = disksOf(lab, other)[3]
  if (vdd === undefined) throw new Error('no disk')
  lab.ok({ type: 'storage.setBootDisk', systemId: other, id: vdd.id })
  lab.ok(clone(source, [other]))
  const { config, disks } = storageWithDisks(lab.state, other)
  const labels = config.devices.map(({ id, filesystem }) => [
    ...[disks.find((each) => each.id === id)?.name, filesystem?.label],
  ])
  t.same(labels, [
    ['vdc', `on-${sdb}`],
    ['vdd', `on-${sda}`],
  ])
  t.equal(config.bootDiskId, vdd.id)
})

t.test('spares, caches and memory filesystems come along', async (t) => {
  const [lab, source, disks] = ready(Array.from({ length: 6 }, () => 10 * GB))
  const [, a, b, c, d, e] = disks.map((device) => ({ device }))
  if (a === undefined || b === undefined || c === undefined) throw new Error('no disks')
  if (d === undefined || e === undefined) throw new Error('no disks')
  const on = { systemId: source }
  lab.ok({ type: 'storage.createRaid', ...on, level: 'raid-1', members: [a, b], spares: [c] })
  const { id: cacheSet } = lab.ok({ type: 'storage.createCacheSet', ...on, cache: d })
  lab.ok({ type: 'storage.createBcache', ...on, cacheSet, backing: e, cacheMode: 'writeback' })
  const memory = { fstype: 'tmpfs', mountPoint: '/tmp', mountOptions: 'size=1G' } as const
  lab.ok({ type: 'storage.mountSpecial', ...on, ...memory })
  const blockDevices = disks.map((_, at) => disk(`sd${'abcdef'.charAt(at)}`, 10 * GB))
  const other = addMachine(lab, 2, { blockDevices })
  bring(lab, other, S.READY)
  lab.actor = ADMIN
  lab.ok(clone(source, [other]))
  const [from, to] = [source, other].map((id) => storageWithDisks(lab.state, id))
  if (from === undefined || to === undefined) throw new Error('no storage')
  t.same(shapeOf(to), shapeOf(from))
  t.match(to.config, { special: [memory], groups: { length: 2 }, cacheSets: { length: 1 } })
})

t.test('what cannot be is said of each destination, and nothing is done', async (t) => {
  const [lab, source] = ready([10 * GB, 20 * GB])
  const add = (n: number, sizes: readonly number[], more = {}) => {
    const blockDevices = sizes.map((size, at) => disk(`sd${'abc'.charAt(at)}`, size * GB))
    const id = addMachine(lab, n, { blockDevices, ...more })
    bring(lab, id, S.READY)
    lab.actor = ADMIN
    return id
  }
  const good = add(2, [10, 20])
  const cards = newMachine(9).interfaces.map((card) => ({ ...card, name: 'enp1s0' }))
  const cases = [
    { id: add(3, [10]), says: 'it has fewer disks than the source: 1, 2' },
    { id: add(4, [9, 20]), says: 'its boot disk sda is smaller than that of the source' },
    { id: add(5, [30, 19]), says: 'none of its disks that are left is as large as sdb' },
    {
      id: add(6, [10, 20], { biosBootMethod: 'uefi' }),
      says: 'it boots by UEFI, the source by BIOS',
    },
    { id: add(9, [10, 20], { interfaces: cards }), says: /it has no interface ens3/ },
    { id: source, says: 'it is the source' },
    { id: addMachine(lab, 7), says: 'it is New, not Ready or Failed testing' },
  ]
  const both = { storage: true, interfaces: true }
  const ids = [good, ...cases.map(({ id }) => id), idOf(99)]
  const messages = messagesOf(lab, clone(source, ids, both))
  t.equal(messages.length, cases.length + 1, 'nothing is wrong with one')
  for (const [at, { id, says }] of cases.entries()) {
    t.match(messages[at], says)
    t.match(messages[at], `(${id}): `)
  }
  t.equal(messages.at(-1), `Unknown machine: ${idOf(99)}.`)
  t.match(messagesOf(lab, clone(source, [])), ['This field is required.'])
  const nothing = { storage: false, interfaces: false }
  t.match(messagesOf(lab, clone(source, [good], nothing)), [/Clone storage, interfaces, or both/])
  t.match(messagesOf(lab, clone(idOf(99), [good])), [/Unknown machine/])
})

t.test('too few addresses for all: none has one', async (t) => {
  const [lab, ids] = readyTwins(7)
  const [source = idOf(0), ...others] = ids
  const { id } = nicOf(lab, source, 'eth0')
  lab.ok({ type: 'interface.update', systemId: source, id, set: { vlanId: TAGGED } })
  lab.ok(link(nicOf(lab, source, 'eth0'), { subnetId: SMALL }))
  const messages = messagesOf(lab, clone(source, others, network))
  t.equal(messages.length, 2, 'five addresses, one is the source’s')
  lab.ok(clone(source, others.slice(0, 4), network))
})

t.test('administrators clone, onto what is Ready and unlocked', async (t) => {
  const [lab, [source = idOf(0), other = idOf(0)]] = readyTwins(2)
  lab.actor = BOB
  t.match(messagesOf(lab, clone(source, [other], network)), [/^FORBIDDEN/])
  bring(lab, other, S.DEPLOYED)
  lab.actor = ADMIN
  t.match(messagesOf(lab, clone(source, [other], network)), [/it is Deployed, not Ready/])
  lab.ok(clone(other, [source], network), 1_000)
})

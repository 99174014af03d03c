// Whatever is done to networks, machines and leases in whatever order: an address is at one place, what is given back
// is given back, names are unique, nothing is made of itself, and every replica has the same rows.
import fc from 'fast-check'
import t from 'tap'
import type { InterfaceId, SystemId } from '#model/ids.ts'
import { contains, formatIp, type Ip } from '#model/ip.ts'
import { MACHINE_STATUS as S, type Interface, type MachineStatus } from '#model/machine.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import type { Command } from '#state/command.ts'
import { parentsOf } from '#state/interface-query.ts'
import { digest, dump, restore } from '#state/snapshot.ts'
import type { RegionState } from '#state/state.ts'
import { BOB, bring, DEPLOY, SYSTEM } from '#test/support/life-cycle.ts'
import {
  addTwoCards,
  make,
  makeNetworkLab,
  SIX,
  SMALL,
  SUBNET,
  TAGGED,
  UNTAGGED,
} from '#test/support/network-lab.ts'
import { ADMIN, bind, contentOf, ip, mac, type Lab } from '#test/support/region-state.ts'

/** Bounded; `RUNS=…` runs more. */
const RUNS = Number(process.env['RUNS'] ?? 200)
const STEPS = 60
const MACHINES = [1, 2]
const FIRST = '000001' as SystemId
/** Ready from the start. */
const SECOND = '000002' as SystemId

type Step = {
  /** `id`, `linkId` and parents are places in the list of what there is. */
  readonly command: Record<string, unknown> & { readonly type: Command['type'] }
  readonly by: Lab['actor']
}

const n = fc.constantFrom(...MACHINES)
const place = fc.nat({ max: 7 })
/** Undefined: one of the interface's VLAN. */
const subnetId = fc.constantFrom(...[1, 2, 3, 4].map(() => undefined), SUBNET, SMALL, SIX, null)
const vlanId = fc.constantFrom(UNTAGGED, TAGGED, TAGGED, null, undefined)
const address = fc.constantFrom<Ip | null>(
  ...[null, null, ip('10.0.0.3'), ip('10.0.0.4'), ip('10.0.0.120'), ip('10.2.0.2'), ip('10.2.0.3')],
)
const name = fc.constantFrom('', '', 'eth0', 'eth2', 'lan', 'br0', 'eth0.20')
const cards = fc.constantFrom(null, mac(100), mac(101), mac(201), mac(7), mac(8))
const mode = fc.constantFrom('auto', 'auto', 'static', 'static', 'dhcp', 'link_up')
const parents = fc.array(place, { maxLength: 3 })
const of = (type: Command['type'], more: Record<string, fc.Arbitrary<unknown>> = {}) =>
  fc.record({ type: fc.constant(type), n, ...more }) as fc.Arbitrary<Step['command']>
const at = (type: Command['type'], more: Record<string, fc.Arbitrary<unknown>> = {}) =>
  of(type, { id: place, ...more })

const often = (weight: number, arbitrary: fc.Arbitrary<Step['command']>) => ({ weight, arbitrary })
const fields = {
  name: fc.constantFrom('eth0', 'eth2', 'lan'),
  ...{ mac: fc.constantFrom(mac(7), mac(100)), vlanId },
  parents: fc.array(place, { minLength: 1, maxLength: 2 }),
}
const configure = fc.oneof(
  often(
    6,
    of('interface.create', {
      kind: fc.constantFrom('physical', 'bond', 'bridge', 'vlan', 'vlan'),
      ...{ name, mac: cards, vlanId, parents, tags: fc.constant([]), params: fc.constant({}) },
    }),
  ),
  often(4, at('interface.update', { set: fc.record(fields, { requiredKeys: [] }) })),
  often(1, at('interface.delete')),
  often(1, at('interface.disconnect')),
  often(
    10,
    at('interface.link', {
      ...{ mode, subnetId, ip: address, force: fc.boolean(), defaultGateway: fc.boolean() },
    }),
  ),
  often(2, at('interface.unlink', { linkId: place })),
  often(2, at('interface.setGateway', { linkId: fc.option(place) })),
  often(1, of('interface.clearGateways')),
  often(1, of('interface.restore')),
  often(
    2,
    of('machine.clone', {
      source: fc.constantFrom(FIRST, SECOND),
      destinations: fc.constantFrom([FIRST], [SECOND]),
      ...{ storage: fc.constant(false), interfaces: fc.constant(true) },
    }),
  ),
)
const comment = fc.constant('')
const bridges = { bridgeType: 'standard', bridgeStp: false, bridgeFd: 15 } as const
const options = fc.constantFrom(DEPLOY, { ...DEPLOY, bridges })
const live = fc.oneof(
  of('machine.commission', { comment, options: fc.constant(DEFAULT_PROBE) }),
  ...[1, 2, 3].map(() => of('machine.deploy', { comment, options })),
  of('machine.release', { comment }),
  of('machine.abort', { comment }),
  of('machine.markBroken', { comment, error: comment }),
  of('machine.markFixed', { comment }),
  fc.record({
    ...{ type: fc.constant('address.reserve' as const), subnetId: fc.constantFrom(SUBNET, SMALL) },
    ...{ ip: address, userId: fc.constant(2), hostname: comment, mac: fc.constant(null) },
  }),
  fc.record({
    ...{ type: fc.constant('address.release' as const), userId: fc.constant(2) },
    ...{ ip: address.filter((each) => each !== null), force: fc.boolean() },
  }),
)
const world = fc.oneof(
  of('machine.signal', {
    status: fc.constantFrom('OK', 'OK', 'FAILED', 'TESTING'),
    error: comment,
  }),
  of('machine.booted'),
  fc.nat({ max: 3 }).map((client) => bind(client, client < 2 ? '10.0.0.120' : '10.0.0.3')),
) as fc.Arbitrary<Step['command']>
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ command: configure, by: fc.constant(ADMIN) }) },
  { weight: 2, arbitrary: fc.record({ command: live, by: fc.constantFrom(ADMIN, BOB) }) },
  { weight: 1, arbitrary: fc.record({ command: world, by: fc.constant(SYSTEM) }) },
)

const pick = <T>(list: readonly T[], place: unknown): T | undefined =>
  list[Number(place) % Math.max(list.length, 1)]

/** Places become what is there. */
function resolve(state: RegionState, { n: number, ...command }: Step['command']): Command {
  const systemId = String(number).padStart(6, '0') as SystemId
  const all = state.interfacesByMachine.rows(systemId)
  const idAt = (at: unknown): InterfaceId => pick(all, at)?.id ?? (0 as InterfaceId)
  const idsAt = (places: unknown) => [...new Set((places as readonly number[]).map(idAt))]
  const made: Record<string, unknown> = { ...command }
  if (number !== undefined) made['systemId'] = systemId
  if ('id' in command) made['id'] = idAt(command['id'])
  if (typeof command['linkId'] === 'number') {
    const { links = [] } = pick(all, command['id']) ?? {}
    made['linkId'] = pick(links, command['linkId'])?.id ?? 0
  }
  if ('parents' in command) {
    made['parents'] = command['kind'] === 'physical' ? [] : idsAt(command['parents'])
  }
  const set = command['set'] as Record<string, unknown> | undefined
  if (set !== undefined && 'parents' in set)
    made['set'] = { ...set, parents: idsAt(set['parents']) }
  if (command['vlanId'] === undefined) delete made['vlanId']
  if (command.type === 'interface.link' && command['subnetId'] === undefined) {
    const vlan = pick(all, command['id'])?.vlanId ?? UNTAGGED
    const subnet = pick(state.subnetsByVlan.rows(vlan), command['id'])
    const own = command['ip'] as Ip | null
    const isInside = own !== null && subnet !== undefined && contains(subnet.cidr, own)
    Object.assign(made, { subnetId: subnet?.id ?? null, ip: isInside ? own : null })
  }
  return made as Command
}

const POOL: readonly MachineStatus[] = [S.NEW, S.READY, S.FAILED_COMMISSIONING]

function check(state: RegionState): void {
  const linked = new Map<Ip, Interface>()
  for (const nic of state.interfaces.values()) {
    const machine = state.machines.get(nic.systemId)
    if (machine === undefined) throw new Error(`${nic.name} is of nobody`)
    for (const { mode: how, ip: own, subnetId: on } of nic.links) {
      if (how === 'static' && own === null) throw new Error(`${nic.name} has no address`)
      if ((how === 'dhcp' || how === 'link_up') && own !== null) throw new Error(`${how} has one`)
      if (on !== null && !state.subnets.has(on)) throw new Error('a link to nothing')
      if (own === null) continue
      if (how === 'auto' && POOL.includes(machine.status)) throw new Error('not given back')
      if (linked.has(own)) throw new Error(`${formatIp(own)} is at two links`)
      linked.set(own, nic)
      const row = state.ipAddresses.get(own)
      if (row?.interfaceId !== nic.id || row.mac !== nic.mac || row.subnetId !== on) {
        throw new Error(`${formatIp(own)} of ${nic.name} is not given to it`)
      }
      if (typeof own !== 'number') continue
      const hold = state.holds.get(own)
      if (hold !== undefined && hold.until > state.stamp) throw new Error('linked and leased')
      if (state.pools.at(own)?.range.type === 'dynamic') throw new Error('in a dynamic range')
    }
    checkMade(state, nic)
  }
  for (const row of state.ipAddresses.values()) {
    const isLost = row.interfaceId !== undefined && linked.get(row.ip)?.id !== row.interfaceId
    if (isLost) throw new Error(`${formatIp(row.ip)} is lost`)
  }
  checkMachines(state)
}

function checkMade(state: RegionState, nic: Interface): void {
  const seen = new Set<InterfaceId>()
  const below = (row: Interface, path: readonly InterfaceId[]): void => {
    if (path.includes(row.id)) throw new Error(`${row.name} is made of itself`)
    for (const id of parentsOf(row)) {
      seen.add(id)
      const parent = state.interfaces.get(id)
      if (parent?.systemId !== nic.systemId) throw new Error(`${row.name} is made of nothing`)
      below(parent, [...path, row.id])
    }
  }
  below(nic, [])
  const isMade = nic.type !== 'physical'
  if (isMade !== parentsOf(nic).length > 0) throw new Error(`${nic.name}: ${nic.type} of nothing`)
  const ports = nic.type === 'vlan' ? [] : parentsOf(nic)
  for (const id of ports) {
    if ((state.interfaces.get(id)?.links.length ?? 0) > 0) throw new Error('a port has links')
  }
}

function checkMachines(state: RegionState): void {
  for (const machine of state.machines.values()) {
    const all = state.interfacesByMachine.rows(machine.systemId)
    const names = new Set(all.map((nic) => nic.name))
    if (names.size < all.length) throw new Error('two of one name')
    const links = new Set(all.flatMap((nic) => nic.links.map(({ id }) => id)))
    for (const id of Object.values(machine.gatewayLinks ?? {})) {
      if (id !== null && !links.has(id)) throw new Error('a gateway by no link')
    }
    const boot = machine.bootInterfaceId
    if (boot !== null && !all.some(({ id }) => id === boot)) throw new Error('boots from nothing')
  }
}

function digestOf(state: RegionState): string {
  let text = ''
  digest(state, (line) => {
    text += line
  })
  return text
}

/** A VLAN interface on a bridge: half a circle. */
function stack(lab: Lab, systemId: SystemId): void {
  const [card] = lab.state.interfacesByMachine.keys(systemId)
  if (card === undefined) throw new Error('no card')
  const bridge = make(lab, systemId, { kind: 'bridge', parents: [card] })
  make(lab, systemId, { kind: 'vlan', parents: [bridge], vlanId: TAGGED })
}

const done = new Map<string, number>()

t.test('addresses, names and makings hold over any sequence of commands', async (t) => {
  const parameters = {
    numRuns: RUNS,
    ...(process.env['SEED'] ? { seed: Number(process.env['SEED']) } : {}),
  }
  fc.assert(
    fc.property(
      fc.array(step, { minLength: STEPS / 2, maxLength: STEPS, size: 'max' }),
      (steps) => {
        const [lab, twin] = [makeNetworkLab(), makeNetworkLab()]
        for (const each of [lab, twin]) {
          for (const number of MACHINES) addTwoCards(each, number)
          bring(each, SECOND, S.READY)
          stack(each, FIRST)
        }
        for (const { command, by } of steps) {
          const resolved = resolve(lab.state, command)
          const before = contentOf(lab.state)
          for (const each of [lab, twin]) each.actor = by
          const { outcome } = lab.run(resolved, 1_000)
          twin.run(structuredClone(resolved), 1_000)
          if (outcome.ok) done.set(resolved.type, (done.get(resolved.type) ?? 0) + 1)
          else if (contentOf(lab.state) !== before) throw new Error(`${resolved.type} is half done`)
          check(lab.state)
        }
        if (digestOf(twin.state) !== digestOf(lab.state)) throw new Error('replicas differ')
        const copy = restore(dump(lab.state))
        if (digestOf(copy) !== digestOf(lab.state)) throw new Error('the snapshot differs')
      },
    ),
    parameters,
  )
  for (const type of ['create', 'update', 'delete', 'link', 'unlink', 'setGateway', 'restore']) {
    t.ok((done.get(`interface.${type}`) ?? 0) > 0, `interface.${type} was done`)
  }
  t.ok((done.get('machine.deploy') ?? 0) > 0)
  t.comment(JSON.stringify(Object.fromEntries(done)))
})

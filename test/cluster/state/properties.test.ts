// What must hold after any sequence of commands, on any replica.
import fc from 'fast-check'
import t from 'tap'
import { compareIps, isIpv4 } from '#model/ip.ts'
import { makeIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { SystemId } from '#model/ids.ts'
import { apply, type EntryMeta } from '#state/apply.ts'
import type { Command, Envelope } from '#state/command.ts'
import { dump, restore } from '#state/snapshot.ts'
import type { RegionState } from '#state/state.ts'
import {
  bind,
  contentOf,
  ip,
  mac,
  makeServedLab,
  newMachine,
  newRange,
  newSubnet,
  RACK,
  RACK_2,
  registerRack,
} from '#test/support/region-state.ts'

type Step = { readonly command: Command; readonly afterMs: number; readonly retried: boolean }

/** Few addresses and clients, so that they meet: 10.0.0.97 to 10.0.0.103, half of them dynamic. */
const address = fc.integer({ min: 97, max: 103 }).map((n) => `10.0.0.${n}`)
const client = fc.integer({ min: 1, max: 3 })
const id = <T extends number>(first: number) =>
  fc.integer({ min: first, max: first + 3 }) as fc.Arbitrary<T>
const kind = fc.constantFrom('selecting', 'initReboot', 'renewing', 'rebinding')

const leases: fc.Arbitrary<Command> = fc.oneof(
  fc
    .tuple(client, address, kind, fc.constantFrom(30, 600, 7200), fc.constantFrom(RACK, RACK_2))
    .map(
      ([n, text, k, leaseSeconds, rackId]): Command =>
        bind(n, text, { kind: k, leaseSeconds, rackId } as never),
    ),
  fc.tuple(client, address).map(
    ([n, text]): Command => ({
      type: 'lease.release',
      client: `1-${mac(n)}`,
      ip: ip(text),
    }),
  ),
  fc.tuple(client, address).map(
    ([n, text]): Command => ({
      type: 'lease.decline',
      client: `1-${mac(n)}`,
      mac: mac(n),
      ip: ip(text),
    }),
  ),
)
/** Epoch and generation −1 stand for those of the state when the command is applied. */
const rack = fc.constantFrom(RACK, RACK_2)
const endurance: fc.Arbitrary<Command> = fc.oneof(
  rack.map(
    (rackId): Command => ({ type: 'tenure.hello', rackId, incarnation: 1, journalSequence: 0 }),
  ),
  rack.map((rackId): Command => ({ type: 'tenure.beat', rackId, epoch: -1, journalSequence: 0 })),
  {
    weight: 6,
    arbitrary: rack.map(
      (rackId): Command => ({
        ...{ type: 'reserve.grant', rackId, epoch: -1, count: 2 },
        vlanId: 5001 as never,
      }),
    ),
  },
  fc.tuple(rack, address).map(
    ([rackId, text]): Command => ({
      ...{ type: 'reserve.return', rackId, epoch: -1 },
      reserves: [{ ip: ip(text), generation: -1 }],
    }),
  ),
  fc.tuple(rack, address, client).map(
    ([rackId, text, n]): Command => ({
      ...{ type: 'reserve.replay', rackId, epoch: -1, ip: ip(text), generation: -1 },
      ...{ client: `1-${mac(n)}`, mac: mac(n), leaseSeconds: 60, hostname: '' },
    }),
  ),
  fc.tuple(address, client).map(
    ([text, n]): Command => ({
      ...{ type: 'reservation.create', ip: ip(text), client: `1-${mac(n)}` },
      ...{ mac: mac(n), hostname: '' },
    }),
  ),
  address.map((text): Command => ({ type: 'reservation.delete', ip: ip(text) })),
  fc.constantFrom<Command>({ type: 'restore.begin' }, { type: 'restore.accept' }),
)

/** As a rack would send it now. */
function filledIn(state: RegionState, command: Command): Command {
  const generationOf = (address: Ipv4): number => state.reserves.get(address)?.generation ?? 0
  if (!('epoch' in command)) return command
  const epoch = state.tenures.get(command.rackId)?.epoch ?? 0
  if (command.type === 'reserve.return') {
    const reserves = command.reserves.map((each) => ({
      ip: each.ip,
      generation: generationOf(each.ip),
    }))
    return { ...command, epoch, reserves }
  }
  if (command.type === 'reserve.replay') {
    return { ...command, epoch, generation: generationOf(command.ip) }
  }
  return { ...command, epoch }
}

const addresses: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(fc.option(address), id(1)).map(
    ([text, subnetId]): Command => ({
      type: 'address.reserve',
      subnetId: subnetId as never,
      ip: text === null ? null : ip(text),
      userId: 1 as never,
      hostname: '',
      mac: null,
    }),
  ),
  address.map(
    (text): Command => ({
      type: 'address.release',
      ip: ip(text),
      userId: 1 as never,
      force: true,
    }),
  ),
)
const topology: fc.Arbitrary<Command> = fc.oneof(
  fc
    .tuple(fc.constantFrom('dynamic', 'reserved'), id(1), address, address)
    .map(
      ([rangeType, subnet, start, end]): Command =>
        newRange(rangeType as 'dynamic', subnet, [start, end]),
    ),
  id(1).map((range): Command => ({ type: 'ipRange.delete', id: range as never })),
  fc.tuple(id(1), address).map(
    ([range, end]): Command => ({
      type: 'ipRange.update',
      id: range as never,
      set: { end: ip(end) },
    }),
  ),
  fc
    .tuple(fc.constantFrom('10.0.0.0/24', '10.0.0.96/28', '10.0.0.0/16'), id(5001))
    .map(([text, vlan]): Command => newSubnet(text, vlan)),
  id(1).map((subnet): Command => ({ type: 'subnet.delete', id: subnet as never })),
  fc.tuple(id(1), fc.option(address)).map(
    ([subnet, gateway]): Command => ({
      type: 'subnet.update',
      id: subnet as never,
      set: { gatewayIp: gateway === null ? null : ip(gateway) },
    }),
  ),
  fc.tuple(id(5001), fc.boolean()).map(
    ([vlan, dhcpOn]): Command => ({
      type: 'vlan.update',
      id: vlan as never,
      set: { dhcpOn, primaryRack: RACK },
    }),
  ),
  fc.constantFrom('', 'fabric-0', 'x').map(
    (name): Command => ({
      type: 'fabric.create',
      name,
      description: '',
      classType: null,
    }),
  ),
  id(0).map((fabric): Command => ({ type: 'fabric.delete', id: fabric as never })),
)
const others: fc.Arbitrary<Command> = fc.oneof(
  fc.integer({ min: 1, max: 5 }).map((n): Command => newMachine(n)),
  fc.integer({ min: 1, max: 5 }).map(
    (n): Command => ({
      type: 'machine.delete',
      systemId: String(n).padStart(6, '0') as SystemId,
    }),
  ),
  fc
    .tuple(fc.constantFrom(RACK, RACK_2), address)
    .map(([rack, text]): Command => registerRack(rack, [`${text}/24`])),
  fc.constantFrom(RACK, RACK_2).map((systemId): Command => ({ type: 'rack.delete', systemId })),
  fc.constant<Command>({ type: 'time.advance' }),
  fc
    .constantFrom('a', 'b')
    .map((name): Command => ({ type: 'space.create', name, description: '' })),
)
const steps = fc.array(
  fc.record({
    command: fc.oneof(
      { weight: 4, arbitrary: leases },
      { weight: 3, arbitrary: addresses },
      { weight: 4, arbitrary: endurance },
      { weight: 2, arbitrary: topology },
      { weight: 1, arbitrary: others },
    ),
    afterMs: fc.constantFrom(0, 1000, 600_000, 3_000_000, 90_000_000),
    retried: fc.boolean(),
  }),
  { minLength: 5, maxLength: 60 },
) as fc.Arbitrary<Step[]>

type Applied = { readonly state: RegionState; readonly envelope: Envelope; readonly ok: boolean }

/** Applies all, retries some, and shows each state to `check`. */
function run(all: readonly Step[], check: (applied: Applied, before: string) => void): RegionState {
  const lab = makeServedLab()
  lab.ok(registerRack(RACK_2, []))
  const set = { secondaryRack: RACK_2 }
  lab.ok({ type: 'vlan.update', id: 5001 as never, set })
  for (const rackId of [RACK, RACK_2]) {
    lab.ok({ type: 'tenure.hello', rackId, incarnation: 1, journalSequence: 0 })
  }
  let sequence = 100
  for (const { command, afterMs, retried } of all) {
    sequence++
    const request = { session: 's1', sequence, answeredBelow: sequence - 1 }
    const envelope: Envelope = { ...lab.envelope(filledIn(lab.state, command)), request }
    const before = contentOf(lab.state)
    const { outcome } = lab.send(envelope, afterMs)
    check({ state: lab.state, envelope, ok: outcome.ok }, before)
    if (!retried) continue
    const after = contentOf(lab.state, [])
    const again = lab.send(envelope, 0)
    if (JSON.stringify(again.outcome) !== JSON.stringify(outcome)) throw new Error('other outcome')
    if (contentOf(lab.state, []) !== after) throw new Error('a retry had an effect')
  }
  return lab.state
}

const RUNS = { numRuns: 300 }

t.test('a refusal leaves every row but the retry rows as it was', async (t) => {
  fc.assert(
    fc.property(steps, (all) => {
      run(all, ({ state, ok }, before) => {
        if (!ok && contentOf(state) !== before) throw new Error('a refusal changed rows')
      })
    }),
    RUNS,
  )
  t.pass('for every sequence tried')
})

t.test(
  'no address is allocated and held, held on a rack, gateway or quarantine in force',
  async (t) => {
    fc.assert(
      fc.property(steps, (all) => {
        run(all, ({ state, envelope, ok }) => {
          for (const { ip: taken } of state.ipAddresses.values()) {
            const hold = isIpv4(taken) ? state.holds.get(taken) : undefined
            if (hold !== undefined && hold.until > state.stamp)
              throw new Error('held and allocated')
          }
          const { command } = envelope
          if (!ok || (command.type !== 'lease.bind' && command.type !== 'address.reserve')) return
          const given = command.ip ?? makeIpv4(0)
          if (state.controllerAddresses.has(given)) throw new Error('address of a rack given')
          const rest = isIpv4(given) ? state.quarantines.get(given) : undefined
          if (rest !== undefined && rest.until > state.stamp) throw new Error('quarantined given')
        })
      }),
      RUNS,
    )
    t.pass('for every sequence tried')
  },
)

t.test(
  'a reserve in force is of one rack alone, and nobody else is given its address',
  async (t) => {
    let granted = 0
    fc.assert(
      fc.property(steps, (all) => {
        const replayed = new Set<string>()
        run(all, ({ state, envelope, ok }) => {
          const { command } = envelope
          granted += command.type === 'reserve.grant' && ok ? state.reserves.size : 0
          for (const { ip: kept, rackId, epoch, generation } of state.reserves.values()) {
            const tenure = state.tenures.get(rackId)
            if (tenure?.epoch !== epoch || tenure.until <= state.stamp) continue
            if (state.ipAddresses.has(kept)) throw new Error('allocated inside a reserve')
            const hold = state.holds.get(kept)
            if (hold === undefined || hold.until <= state.stamp) continue
            const name = `${kept} ${generation} ${hold.client}`
            if (command.type === 'reserve.replay' && ok && command.ip === kept) replayed.add(name)
            if (!replayed.has(name)) throw new Error('held inside a reserve without a replay')
          }
        })
      }),
      RUNS,
    )
    t.ok(granted > 20, 'grants were tried')
  },
)

t.test('a hold in force is never shortened and never changes its client', async (t) => {
  fc.assert(
    fc.property(steps, (all) => {
      const promised = new Map<number, { client: string; until: number }>()
      run(all, ({ state }) => {
        for (const [address, promise] of promised) {
          if (promise.until <= state.stamp) continue
          const hold = state.holds.get(makeIpv4(address))
          if (hold?.client !== promise.client) throw new Error('a hold in force was given away')
          if (hold.until < promise.until) throw new Error('a hold was shortened')
        }
        for (const hold of state.holds.values()) promised.set(hold.ip, hold)
      })
    }),
    RUNS,
  )
  t.pass('for every sequence tried')
})

t.test('ranges never overlap and lie in their subnets', async (t) => {
  fc.assert(
    fc.property(steps, (all) => {
      run(all, ({ state }) => {
        const ranges = [...state.ipRanges.values()].sort((a, b) => compareIps(a.start, b.start))
        for (const [at, range] of ranges.entries()) {
          if (!state.subnets.has(range.subnetId)) throw new Error('a range without its subnet')
          const next = ranges[at + 1]
          if (next !== undefined && next.start <= range.end) throw new Error('overlap')
        }
      })
    }),
    RUNS,
  )
  t.pass('for every sequence tried')
})

t.test('a restored replica goes on exactly like the one that lived through the log', async (t) => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 60 }), (all, cut) => {
      const entries: Envelope[] = []
      const metas: EntryMeta[] = []
      let copy: RegionState | null = null
      const state = run(all, ({ state: live, envelope }) => {
        if (copy !== null) {
          entries.push(envelope)
          metas.push({ index: live.revision, stamp: live.stamp })
        } else if (entries.length === 0 && live.revision >= cut) {
          copy = restore([...dump(live)].toReversed())
        }
      })
      if (copy === null) return
      const replica: RegionState = copy
      for (const [at, envelope] of entries.entries()) {
        apply(replica, envelope, metas[at] ?? { index: 0, stamp: 0 })
      }
      const [mine, theirs] = [contentOf(replica, []), contentOf(state, [])]
      if (mine !== theirs) throw new Error('replicas differ')
    }),
    RUNS,
  )
  t.pass('for every sequence tried')
})

t.test('dump and restore are the identity', async (t) => {
  fc.assert(
    fc.property(steps, (all) => {
      const state = run(all, () => {})
      const rows = [...dump(state)]
      const again = [...dump(restore(rows))]
      if (JSON.stringify(rows) !== JSON.stringify(again)) throw new Error('rows differ')
    }),
    RUNS,
  )
  t.pass('for every sequence tried')
})

t.test('automatic allocation gives every address once, then says it is exhausted', async (t) => {
  const lab = makeServedLab()
  lab.ok(newSubnet('10.5.0.0/23', 5001))
  const command: Command = {
    type: 'address.reserve',
    subnetId: 2 as never,
    ip: null,
    userId: 1 as never,
    hostname: '',
    mac: null,
  }
  const given = new Set<unknown>()
  for (let n = 0; n < 510; n++) given.add((lab.ok(command) as { ip: unknown }).ip)
  t.equal(given.size, 510)
  t.equal(lab.refused(command).code, 'ADDRESSES_EXHAUSTED')
})

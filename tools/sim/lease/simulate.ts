// One seed of the lease simulation: a safety phase full of faults, then all is healed and every client must come to
// an address. Equal seeds give equal traces, byte for byte.
import { createHash } from 'node:crypto'
import { planFaults, unlink } from './faults.ts'
import { Violation, type Checker } from './invariants.ts'
import { type ProfileName, profileOf, PROFILES } from './profile.ts'
import { seededRandom } from '../seeded-random.ts'
import { newRanges, rackOrder, RELAYED_START } from './set-up.ts'
import { World } from './world.ts'

export type SeedResult = {
  readonly seed: number
  readonly profile: ProfileName
  readonly violation: { readonly checker: Checker; readonly message: string } | undefined
  /** SHA-256 of all that happened. */
  readonly digest: string
  readonly commands: number
  readonly simulatedMs: number
}

export type SimulateOptions = {
  readonly seed: number
  /** Undefined: the seed chooses. */
  readonly profile?: ProfileName | undefined
  /** Of the safety phase, instead of the profile's; for a quick look. */
  readonly safetyMinutes?: number
  readonly onTrace?: ((line: string) => void) | undefined
}

const MINUTE = 60_000
const SETTLE_MS = 20 * MINUTE

export async function simulate(options: SimulateOptions): Promise<SeedResult> {
  const { seed, onTrace } = options
  const random = seededRandom(seed)
  const name = options.profile ?? PROFILES[seed % PROFILES.length] ?? 'mixed'
  const full = profileOf(name, random)
  const safetyMs = (options.safetyMinutes ?? full.safetyMs / MINUTE) * MINUTE
  const profile = { ...full, safetyMs }
  const hash = createHash('sha256')
  const trace = (line: string): void => {
    hash.update(`${line}\n`)
    onTrace?.(line)
  }
  const world = new World({ random, profile, trace })
  planFaults(world, random, profile)
  await world.runUntil(profile.safetyMs)
  if (world.violation === undefined && !world.isRestored) await comeToRest(world, trace)
  const { violation } = world
  trace(violation === undefined ? 'pass' : `${violation.checker}: ${violation.message}`)
  return {
    ...{ seed, profile: name, digest: hash.digest('hex') },
    violation: violation && { checker: violation.checker, message: violation.message },
    commands: world.commands,
    simulatedMs: world.queue.nowMs,
  }

  /** As many clients as there are addresses, all faults healed: each must have one in the end. */
  async function comeToRest(of: World, note: (line: string) => void): Promise<void> {
    heal(of)
    await of.runUntil(of.queue.nowMs + 2 * MINUTE)
    const { state } = of.regions.newest
    for (const id of state.ipRanges.keys()) of.propose({ type: 'ipRange.delete', id })
    for (const nic of state.interfaces.values()) unlink(of, nic)
    for (const ip of state.reservations.keys()) of.propose({ type: 'reservation.delete', ip })
    for (const ip of state.ipAddresses.keys()) {
      of.propose({ type: 'address.release', ip, userId: 1 as never, force: true })
    }
    await of.runUntil(of.queue.nowMs + MINUTE)
    for (const command of newRanges(profile.poolSize)) of.propose(command)
    const [first, second] = of.racks
    if (first !== undefined) of.propose(rackOrder(first.rackId, second?.rackId ?? null))
    const declined = [...state.quarantines.values()].filter((row) => row.until > state.stamp)
    const behind = declined.filter(({ ip }) => ip >= RELAYED_START).length
    const usable = [profile.poolSize - declined.length + behind, profile.poolSize - behind] as const
    for (const [at, isRelayed] of [false, true].entries()) {
      const there = of.clients.filter((client) => client.isRelayed === isRelayed)
      for (const client of there.slice(usable[at])) client.switchOff()
    }
    // The longest hold there can be, by the slowest log time (A2).
    const longestMs = Math.max(profile.leaseSeconds * 1000, 30 * MINUTE) * 1.5 + 10 * MINUTE
    await of.runUntil(of.queue.nowMs + longestMs + SETTLE_MS)
    if (of.violation !== undefined) return
    const without = of.clients.filter((client) => !client.isOff && client.address === undefined)
    note(`at rest: ${of.clients.length - without.length} of ${of.clients.length}`)
    if (without.length === 0) return
    const names = without.map(({ key }) => key).join(', ')
    of.violation = new Violation('liveness', `no address for ${names} of ${usable.join(' + ')}`)
  }
}

function heal(world: World): void {
  world.isCalm = true
  world.cut.clear()
  world.slowMs.clear()
  for (const client of world.clients) client.isHonest = true
  for (const node of world.regions.nodes) {
    node.isUp = true
    node.clock.go()
  }
  if (world.regions.leader === undefined) world.regions.elect()
  for (const rack of world.racks) {
    rack.startClock()
    rack.resume()
    rack.restart(false)
  }
}

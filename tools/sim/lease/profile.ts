// What one seed is about. Rare things meet only when a run looks for them: each profile stresses one part of
// the protocol, and all of them mix everything a little.
import type { SeededRandom } from '../seeded-random.ts'

export const PROFILES = [
  'mixed',
  'reserve',
  'offline',
  'tiny',
  'views',
  'reservations',
  'ranges',
  'restore',
  'clocks',
  'returns',
  'links',
] as const
export type ProfileName = (typeof PROFILES)[number]

export type Profile = {
  readonly name: ProfileName
  readonly racks: number
  readonly clients: number
  /** Addresses of each dynamic range. */
  readonly poolSize: number
  /** Percent of clients on a second VLAN, which a relay joins to the racks. */
  readonly relayedClients: number
  /** Ms until a range that was deleted is there again, at most. */
  readonly rangeAwayMs: number
  readonly leaseSeconds: number
  /** Rates of clocks are drawn from these. */
  readonly rates: readonly number[]
  /** Real ms of the safety phase. */
  readonly safetyMs: number
  /** Percent of clients that are plugged in some time during the safety phase. */
  readonly lateClients: number
  /** Percent of beats after which the process is paused. */
  readonly pausedBeats: number
  /** Means between faults and acts of each kind, ms; 0: never. */
  readonly every: {
    readonly blackout: number
    readonly rackCrash: number
    readonly rackPause: number
    readonly rackClockStop: number
    readonly wallJump: number
    readonly leaderChange: number
    readonly regionClockStop: number
    readonly slowLink: number
    readonly reservation: number
    readonly rangeChange: number
    readonly address: number
    readonly rackOrder: number
    readonly restore: number
    /** A rack tells of an address that somebody answers for. */
    readonly observed: number
    /** A client's interface gets a link or loses it. */
    readonly link: number
  }
}

const MINUTE = 60_000
/** Just inside of ε: the arithmetic has nothing left over for rounding. */
const EDGES = [0.9005, 1, 1.0995]

const MIXED: Profile = {
  name: 'mixed',
  racks: 2,
  clients: 10,
  poolSize: 24,
  relayedClients: 30,
  rangeAwayMs: 20 * MINUTE,
  leaseSeconds: 600,
  rates: [0.9005, 0.95, 1, 1.05, 1.0995],
  safetyMs: 240 * MINUTE,
  lateClients: 20,
  pausedBeats: 0.1,
  every: {
    blackout: 40 * MINUTE,
    rackCrash: 30 * MINUTE,
    rackPause: 40 * MINUTE,
    rackClockStop: 180 * MINUTE,
    wallJump: 120 * MINUTE,
    leaderChange: 15 * MINUTE,
    regionClockStop: 120 * MINUTE,
    slowLink: 60 * MINUTE,
    reservation: 30 * MINUTE,
    rangeChange: 60 * MINUTE,
    address: 15 * MINUTE,
    rackOrder: 60 * MINUTE,
    restore: 0,
    observed: 15 * MINUTE,
    link: 20 * MINUTE,
  },
}
const CALM: Profile['every'] = {
  blackout: 0,
  rackCrash: 0,
  rackPause: 0,
  rackClockStop: 0,
  wallJump: 0,
  leaderChange: 60 * MINUTE,
  regionClockStop: 0,
  slowLink: 0,
  reservation: 0,
  rangeChange: 0,
  address: 0,
  rackOrder: 0,
  restore: 0,
  observed: 0,
  link: 0,
}

export function profileOf(name: ProfileName, random: SeededRandom): Profile {
  return PROFILE_OF[name]({ ...MIXED, name, rates: EDGES }, random)
}

/** `edges`: the mixed one with clocks at the edges of ε. */
const PROFILE_OF: {
  readonly [N in ProfileName]: (edges: Profile, random: SeededRandom) => Profile
} = {
  mixed: (_, random) => ({
    ...MIXED,
    racks: random.between(2, 3),
    leaseSeconds: random.pick([600, 1800, 7200]),
  }),
  reserve: (edges, random) => {
    const every = {
      ...CALM,
      blackout: 25 * MINUTE,
      rackCrash: 20 * MINUTE,
      rackPause: 30 * MINUTE,
    }
    const racks = random.between(1, 2)
    const leaseSeconds = random.pick([600, 3600])
    return { ...edges, racks, clients: 14, every, leaseSeconds, pausedBeats: 1 }
  },
  offline: (edges, random) => {
    const every = { ...CALM, blackout: 20 * MINUTE, rackCrash: 40 * MINUTE, leaderChange: 0 }
    const many = { racks: 1, poolSize: 100, relayedClients: 0, clients: 30, lateClients: 85 }
    return { ...edges, ...many, every, leaseSeconds: random.pick([120, 600]) }
  },
  tiny: (edges, random) => {
    const leaseSeconds = random.pick([30, 600, 1800])
    const poolSize = random.between(1, 4)
    return { ...edges, poolSize, relayedClients: 0, clients: 6, every: CALM, leaseSeconds }
  },
  views: (edges, random) => {
    const every = {
      ...CALM,
      blackout: 20 * MINUTE,
      slowLink: 20 * MINUTE,
      leaderChange: 20 * MINUTE,
    }
    const leaseSeconds = random.pick([600, 1800, 3600])
    return { ...edges, poolSize: 4, relayedClients: 0, clients: 8, every, leaseSeconds }
  },
  reservations: (edges) => {
    const every = {
      ...CALM,
      blackout: 25 * MINUTE,
      reservation: 6 * MINUTE,
      slowLink: 20 * MINUTE,
    }
    return { ...edges, poolSize: 6, relayedClients: 0, clients: 8, every }
  },
  ranges: (edges) => {
    const every = {
      ...CALM,
      rangeChange: 12 * MINUTE,
      address: 2 * MINUTE,
      blackout: 15 * MINUTE,
    }
    return { ...edges, every, clients: 5, poolSize: 40 }
  },
  restore: (edges) => {
    const every = { ...CALM, restore: 60 * MINUTE, blackout: 30 * MINUTE }
    return { ...edges, poolSize: 6, relayedClients: 0, clients: 8, every, safetyMs: 300 * MINUTE }
  },
  clocks: (edges, random) => {
    const every = {
      ...CALM,
      ...{ rackClockStop: 30 * MINUTE, wallJump: 20 * MINUTE, regionClockStop: 20 * MINUTE },
      ...{ leaderChange: 8 * MINUTE, blackout: 25 * MINUTE },
    }
    return { ...edges, every, relayedClients: 0, poolSize: random.pick([3, 24]) }
  },
  links: (edges) => {
    const every = {
      ...CALM,
      ...{ link: 3 * MINUTE, blackout: 20 * MINUTE, slowLink: 20 * MINUTE },
      ...{ leaderChange: 20 * MINUTE, address: 15 * MINUTE, reservation: 30 * MINUTE },
    }
    return { ...edges, poolSize: 6, relayedClients: 0, clients: 6, every }
  },
  returns: (edges) => {
    // One address in reserve at a time, so that the same ones are granted and returned again and again.
    const every = { ...CALM, rangeChange: 2 * MINUTE, blackout: 45 * MINUTE }
    const few = { racks: 1, clients: 2, relayedClients: 0, poolSize: 9, lateClients: 100 }
    return { ...edges, ...few, every, rangeAwayMs: 20_000, leaseSeconds: 120 }
  },
}

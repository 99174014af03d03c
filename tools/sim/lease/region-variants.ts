// The naive variants that are somebody's idea of the region's state machine.
import type { Variant } from './variant.ts'

const LEASE = 'cluster/state/lease.ts'
const FREE = 'cluster/state/free.ts'
const TENURES = 'cluster/state/tenures.ts'
const TIME = 'cluster/model/lease-time.ts'
const LINKS = 'cluster/state/interface-links.ts'
const RESERVATIONS = 'cluster/state/reservations.ts'

export const REGION_VARIANTS: readonly Variant[] = [
  {
    variant: 1,
    name: 'lease-wall-clock-expiry',
    file: 'cluster/state/apply.ts',
    find: 'const context: Context = { state, now: entry.stamp, wall, actor }',
    replace: 'const context: Context = { state, now: wall, wall, actor }',
    why: 'a new leader whose wall clock is ahead ends a hold that lasts',
    profile: 'clocks',
  },
  {
    variant: 3,
    name: 'lease-hold-without-margin',
    file: TIME,
    find: 'return Math.ceil((longest * CLOCK_RATIO.numerator) / CLOCK_RATIO.denominator)',
    replace: 'return longest - GRACE_MS',
    why: 'the hold ends while the client’s own count still runs',
    profile: 'views',
  },
  {
    variant: 4,
    name: 'lease-hold-with-half-a-margin',
    file: TIME,
    find: 'return Math.ceil((longest * CLOCK_RATIO.numerator) / CLOCK_RATIO.denominator)',
    replace: 'return Math.ceil((longest * EPSILON.fast) / EPSILON.one)',
    why: 'log time fast and client slow: each margin alone is not enough',
    profile: 'views',
  },
  {
    variant: 5,
    name: 'lease-tenure-without-margin',
    file: TIME,
    find: '  return Math.ceil((TENURE_MS * EPSILON.fast) / EPSILON.one) + GRACE_MS',
    replace: '  return TENURE_MS',
    why: 'the region lapses a tenure that the rack still counts',
    profile: 'reserve',
  },
  {
    variant: 11,
    name: 'lease-view-time-without-drift',
    file: TIME,
    find: '  const own = Math.floor((log * CLOCK_RATIO.denominator) / CLOCK_RATIO.numerator)',
    replace: '  const own = log',
    why: 'log time is fast: the hold ends before the rack’s count',
    profile: 'views',
  },
  {
    variant: 12,
    name: 'lease-reuse-after-release',
    file: LEASE,
    find: '  if (!hold.released) state.holds.put(ip, { ...hold, released: true })',
    replace: '  state.holds.delete(ip)',
    why: 'a late copy of the RELEASE frees the lease that the client took again',
    profile: 'tiny',
  },
  {
    variant: 14,
    name: 'lease-api-takes-released',
    file: FREE,
    find: "  if (hold !== undefined && hold.client !== client) return 'held'",
    replace: `  if (hold !== undefined && hold.client !== client) {
    if (!(client === null && hold.released)) return 'held'
  }`,
    why: 'a client that released and asked again is bound',
    profile: 'ranges',
  },
  {
    variant: 15,
    name: 'lease-reclaim-when-lost',
    file: 'cluster/state/controllers.ts',
    find: '  state.controllers.put(systemId, { ...rack, connected: false })',
    replace: `  state.controllers.put(systemId, { ...rack, connected: false })
  for (const ip of [...state.reservesByRack.keys(systemId)]) state.reserves.delete(ip)`,
    why: 'the rack lives and is only cut off',
    profile: 'reserve',
  },
  {
    variant: 16,
    name: 'lease-bind-inside-a-reserve',
    file: FREE,
    find: '  return hold === undefined && liveReserve(state, now, ip) !== undefined',
    replace: '  return client === null && liveReserve(state, now, ip) !== undefined',
    why: 'region and owner give one address to two clients',
    profile: 'reserve',
  },
  {
    variant: 17,
    name: 'lease-api-inside-a-reserve',
    file: FREE,
    find: '  return hold === undefined && liveReserve(state, now, ip) !== undefined',
    replace: `  return client !== null && hold === undefined && liveReserve(state, now, ip) !== undefined`,
    why: 'the API takes it, the cut-off rack binds it',
    profile: 'ranges',
  },
  {
    variant: 22,
    name: 'lease-return-without-generation',
    file: TENURES,
    find: `      reserve.epoch === epoch &&
      reserve.generation === generation
`,
    replace: `      reserve.epoch === epoch
`,
    why: 'a late copy of the first return takes a later grant away',
    profile: 'returns',
  },
  {
    variant: 23,
    name: 'lease-beat-revives',
    file: TENURES,
    find: `  const tenure = currentTenure(state, now, rackId, epoch)
  if (tenure === undefined) return lapsed()`,
    replace: `  const dead = { rackId, epoch, incarnation: 0, journalSequence: 0, until: 0 }
  const tenure = state.tenures.get(rackId) ?? dead
  if (tenure.epoch !== epoch) return lapsed()`,
    why: 'a beat in flight while the tenure lapses brings the old reserve back',
    profile: 'reserve',
    seedsMax: 40,
  },
  {
    variant: 24,
    name: 'lease-hello-reclaims',
    file: TENURES,
    find: '  if (live !== undefined) return wait(',
    replace: '  if (live !== undefined && live.incarnation === incarnation) return wait(',
    why: 'a second start frees what the first bound',
    profile: 'reserve',
  },
  {
    variant: 26,
    name: 'lease-replay-takes-the-reserve',
    file: TENURES,
    find: "  state.holds.put(ip, row)\n  return { ok: true, value: { result: 'bound' } }",
    replace: `  state.holds.put(ip, row)
  state.reserves.delete(ip)
  return { ok: true, value: { result: 'bound' } }`,
    why: 'the rack did not see the answer and renews past the hold',
    profile: 'reserve',
  },
  {
    variant: 27,
    name: 'lease-renewal-inside-a-reserve',
    file: FREE,
    find: '  if (byDhcp !== null) return byDhcp',
    replace: `  if (byDhcp !== null && (byDhcp !== 'reserve' || wanted.isRenewal !== true)) return byDhcp`,
    why: 'a stale renewal makes a hold inside another’s reserve',
    profile: 'reserve',
  },
  {
    variant: 29,
    name: 'lease-move-frees',
    file: LEASE,
    find: '  state.holds.put(ip, row)\n  return { ok: true, value: { ip, leaseSeconds, until } }',
    replace: `  for (const other of state.holdsByClient.rows(client)) state.holds.delete(other.ip)
  state.holds.put(ip, row)
  return { ok: true, value: { ip, leaseSeconds, until } }`,
    why: 'an abandoned REQUEST that is committed late frees the address in use',
    profile: 'mixed',
  },
  {
    variant: 31,
    name: 'lease-reservation-at-once',
    file: FREE,
    find: "  if (hold !== undefined && hold.client !== client) return 'held'",
    replace: `  if (hold !== undefined && hold.client !== client) {
    if (state.reservations.get(ip) === undefined) return 'held'
  }`,
    why: 'the address is in use by the one who had it',
    profile: 'reservations',
  },
  {
    variant: 32,
    name: 'lease-reservation-deleted-at-once',
    file: RESERVATIONS,
    find: '  if (isIpv4(ip) && isEffective(state, now, reservation)) {',
    replace: '  if (isIpv4(ip) && isEffective(state, now, reservation) && wall < 0) {',
    why: 'a rack with an older view still serves it',
    profile: 'reservations',
  },
  {
    variant: 35,
    name: 'lease-range-deletion-drops-holds',
    file: 'cluster/state/ip-ranges.ts',
    find: '  state.ipRanges.delete(id)\n  return DONE',
    replace: `  for (const ip of [...state.holds.keys()]) state.holds.delete(ip)
  state.ipRanges.delete(id)
  return DONE`,
    why: 'a range that is made again gives its addresses again',
    profile: 'ranges',
  },
  {
    variant: 36,
    name: 'lease-restore-without-quarantine',
    file: 'cluster/state/restore.ts',
    find: '    ? Math.max(known.restoreUntil ?? 0, now + restoreQuarantineMs())',
    replace: '    ? Math.max(known.restoreUntil ?? 0, now)',
    why: 'what was bound after the backup is bound again',
    profile: 'restore',
  },
  {
    variant: 37,
    name: 'lease-restore-trusts-reboots',
    file: LEASE,
    find: "  const isRenewal = kind === 'renewing' || kind === 'rebinding'",
    replace: "  const isRenewal = kind !== 'selecting'",
    why: 'the record of the backup expired and was another’s since',
    profile: 'restore',
  },
  {
    variant: 43,
    name: 'lease-link-for-anybody',
    file: 'cluster/model/network.ts',
    find: '  return row?.interfaceId !== undefined && row.mac !== null && row.mac === mac',
    replace: '  return row?.interfaceId !== undefined && row.mac !== null && mac !== undefined',
    why: 'the address belongs to one machine, and any client may ask for it',
    profile: 'links',
  },
  {
    variant: 44,
    name: 'lease-link-takes-the-hold-along',
    file: LINKS,
    find: 'state.ipAddresses.delete(ip)\n}',
    replace: `{
    state.ipAddresses.delete(ip)
    state.holds.delete(ip as never)
  }
}`,
    why: 'the machine goes on with the lease that it was given',
    profile: 'links',
  },
]

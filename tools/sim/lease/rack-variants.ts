// The naive variants that are somebody's idea of a rack, or of log time.
import type { Variant } from './variant.ts'

const LOG_TIME = 'cluster/node/log-time.ts'
const RIGHTS = 'rack/dhcp/rights.ts'
const RESPONDER = 'rack/dhcp/responder.ts'
const ENDURANCE = 'rack/endurance.ts'

export const RACK_VARIANTS: readonly Variant[] = [
  {
    variant: 2,
    name: 'lease-ack-before-commit',
    file: RESPONDER,
    find: '    this.#options.request(command).then(settled, (error: unknown) => {',
    replace: `    const { ip, leaseSeconds } = command
    const value = { ip, leaseSeconds, until: 0 }
    settled({ ok: true, outcome: { ok: true, value }, revision: 0 })
    this.#options.request(command).then(() => {}, (error: unknown) => {`,
    why: 'the region committed the address for another client meanwhile',
    profile: 'tiny',
  },
  {
    variant: 7,
    name: 'lease-deadline-from-receipt',
    file: ENDURANCE,
    find: '    const at = { sentAtMs, sentAtWallMs, stamp, revision, clusterId }',
    replace:
      '    const at = { sentAtMs: this.#readClock(), sentAtWallMs, stamp, revision, clusterId }',
    why: 'the answer is late, so the region lapses first',
    profile: 'reserve',
    seedsMax: 40,
  },
  {
    variant: 9,
    name: 'lease-offline-renewal-in-full',
    file: RIGHTS,
    find: '  const leaseSeconds = offlineLeaseSeconds(request.leaseSeconds, remainingMs)',
    replace: '  const { leaseSeconds } = request',
    why: 'the hold in the view had run out and the address was given to another',
    profile: 'views',
  },
  {
    variant: 10,
    name: 'lease-view-time-from-receipt',
    file: RIGHTS,
    find: '  const remainingMs = holdRemainingMs(hold.until, anchor, context.nowMs)',
    replace: `  const view = context.index.view as unknown as { ageMs: () => number }
  const received = { sentAtMs: context.nowMs - view.ageMs(), stamp: context.index.stamp }
  const remainingMs = holdRemainingMs(hold.until, received, context.nowMs)`,
    why: 'a row that came late is counted as if it had just been made',
    profile: 'views',
  },
  {
    variant: 13,
    name: 'lease-reserve-reuse-after-release',
    file: 'rack/dhcp/decide.ts',
    find: '  const ip = packet.ciaddr\n  if (!isHolder(context, client.key, ip))',
    replace: `  const ip = packet.ciaddr
  const reserves = context.rights?.ledger.reserves
  const entry = reserves?.get(ip)
  if (entry?.bound?.client === client.key) reserves?.set(ip, { ...entry, bound: null })
  if (!isHolder(context, client.key, ip))`,
    why: 'the same inside a rack that is cut off',
    profile: 'offline',
    seedsMax: 40,
  },
  {
    variant: 18,
    name: 'lease-journal-unsynced',
    file: ENDURANCE,
    find: '  bind = (record: BoundRecord): Promise<void> => this.#write([record])',
    replace: `  bind = (record: BoundRecord): Promise<void> => {
    this.#options.ledger.apply(record)
    return Promise.resolve()
  }`,
    why: 'the rack crashes, forgets and binds another client',
    profile: 'reserve',
  },
  {
    variant: 19,
    name: 'lease-online-from-own-reserve',
    file: RESPONDER,
    find: '    if (record === null) {',
    replace: `    const { ledger } = offline.context() ?? {}
    if (record !== null && ledger?.epoch !== undefined && offline.isConnected()) {
      const { rackId, request } = this.#options
      const { type: _, ...binding } = record
      void request({ type: 'reserve.replay', rackId, epoch: ledger.epoch, ...binding }).then(
        (reply) => void (reply.ok && reply.outcome.ok && this.#answer(answer)),
      )
      return
    }
    if (record === null) {`,
    why: 'the rack binds it online without a record, restarts cut off and binds it again',
    profile: 'reserve',
  },
  {
    variant: 20,
    name: 'lease-reserve-used-twice',
    file: 'rack/dhcp/reserve-size.ts',
    find: '  const done = usable.filter(({ bound }) => bound?.isReplayed === true)',
    replace: `  const done: ReserveEntry[] = []
  for (const entry of usable) {
    if (entry.bound?.isReplayed) of.ledger.reserves.set(entry.ip, { ...entry, bound: null })
  }`,
    why: 'the first client was renewed through another rack after the replay',
    profile: 'offline',
  },
  {
    variant: 21,
    name: 'lease-return-unjournaled',
    file: ENDURANCE,
    find: "if (surplus.length > 0) await this.#write([{ type: 'returned', reserves: surplus }])",
    replace: `    const { epoch: current } = ledger
    if (surplus.length > 0 && current !== undefined) {
      await request({ type: 'reserve.return', rackId, epoch: current, reserves: surplus })
      await this.#write([])
    }`,
    why: 'the rack goes on using what the region gives to others',
    profile: 'reserve',
  },
  {
    variant: 25,
    name: 'lease-stopped-clock-believed',
    file: 'rack/boot-time.ts',
    find: '    if (!isSound) this.era++',
    replace: '    if (!isSound) return { nowMs, isSound: true }',
    why: 'a paused machine wakes with time left',
    profile: 'clocks',
  },
  {
    variant: 28,
    name: 'lease-reboot-without-record',
    file: RIGHTS,
    find: '  if (hold?.client !== request.client || anchor === undefined) return undefined',
    replace: `  if (hold === undefined && request.kind === 'initReboot') {
    return { type: 'ack', right: 'hold', leaseSeconds: request.leaseSeconds, record: null }
  }
  if (hold?.client !== request.client || anchor === undefined) return undefined`,
    why: 'a cut-off rack knows nothing of the one who has the address',
    profile: 'views',
  },
  {
    variant: 30,
    name: 'lease-old-outcome-for-new-packet',
    file: RESPONDER,
    find: '    this.#options.request(command).then(settled, (error: unknown) => {',
    replace: `    const memo = (this.#options.index as { memo?: Map<string, Promise<RackToRegionReply>> })
    memo.memo ??= new Map()
    const name = [key, command.ip].join()
    const answer = memo.memo.get(name) ?? this.#options.request(command)
    void answer.then((reply) => reply.ok && reply.outcome.ok && memo.memo?.set(name, answer))
    answer.then(settled, (error: unknown) => {`,
    why: 'the client counts from its new packet, the hold from the first',
    profile: 'tiny',
  },
  {
    variant: 33,
    name: 'lease-tenure-without-view',
    file: ENDURANCE,
    find: '|| this.#options.index.view.revision < adoption.revision) return',
    replace: ') return\n    Object.assign(adoption, { revision: 0 })',
    why: 'a beat after the deletion, a view from before it',
    profile: 'reservations',
    seedsMax: 40,
  },
  {
    variant: 34,
    name: 'lease-reservation-in-full',
    file: RIGHTS,
    find: `  const leaseSeconds = offlineLeaseSeconds(request.leaseSeconds, tenureRemainingMs(context))
  if (leaseSeconds === 0) return undefined
  return { type: 'ack', right: 'reservation', leaseSeconds, record: null }`,
    replace: `  const { leaseSeconds } = request
  return { type: 'ack', right: 'reservation', leaseSeconds, record: null }`,
    why: 'the lease outlives the tenure and the cooling hold',
    profile: 'reservations',
  },
  {
    variant: 40,
    name: 'log-time-by-the-wall',
    file: LOG_TIME,
    find: '      const elapsedMs = Math.max(0, Math.floor(clock.monotonicMs() - since))',
    replace: '      const elapsedMs = Math.max(0, Math.floor(clock.wallMs() - stamp))',
    why: 'as variant 1',
    profile: 'clocks',
  },
  {
    variant: 41,
    name: 'log-time-by-an-offset-learned-once',
    file: LOG_TIME,
    find: '      since = given.stamp === lastStamp ? given.since : clock.monotonicMs()',
    replace: `      if (stamp > 0) return
      since = clock.monotonicMs()`,
    why: 'a leader whose clock stood still stamps a bind low, the next one jumps over it',
    profile: 'clocks',
  },
  {
    variant: 42,
    name: 'log-time-over-any-earlier-entry',
    file: LOG_TIME,
    find: '      since = given.stamp === lastStamp ? given.since : clock.monotonicMs()',
    replace: `      const nowMs = clock.monotonicMs()
      if (stamp + nowMs - since > lastStamp) return
      since = nowMs`,
    why: 'as variant 41',
    profile: 'clocks',
  },
  {
    variant: 45,
    name: 'lease-link-served-offline',
    file: RIGHTS,
    find: '  if (index.reservation(ip)?.client !== client ||',
    replace: `  const isLinked = index.linkedAddressesOf(request.mac).includes(ip)
  if ((index.reservation(ip)?.client !== client && !isLinked) ||`,
    why: 'the link went to another machine and the cut-off rack does not know',
    profile: 'links',
  },
]

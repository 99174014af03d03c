// No address is promised to two at once, in the replicated state: a hold stands to its end for its client, and
// is never made shorter; what the API gave away is nobody else's; a quarantine keeps everybody out.
import type { Change } from '#state/outcome.ts'
import type { MakeChecker } from '../checker.ts'

type Hold = { readonly client: string; readonly until: number }

export const uniqueAddress: MakeChecker = ({ fail }) => {
  const holds = new Map<number, Hold>()
  const given = new Map<number, string>()
  const quarantines = new Map<number, number>()

  const onHold = (change: Extract<Change, { table: 'holds' }>, stamp: number): string | null => {
    const { key, row } = change
    const ip = Number(key)
    const before = holds.get(ip)
    const isLive = before !== undefined && before.until > stamp
    if (row === null) {
      holds.delete(ip)
      return isLive ? `the hold of ${before.client} is gone before its end` : null
    }
    holds.set(ip, { client: row.client, until: row.until })
    if (isLive && before.client !== row.client) {
      return `${row.client} gets what ${before.client} holds until ${before.until}`
    }
    if (isLive && row.until < before.until) return `the hold of ${row.client} is made shorter`
    if (given.has(ip)) return `${row.client} gets what the API gave to ${given.get(ip)}`
    const isBind = row.boundAt === stamp && !row.released
    const isQuarantined = (quarantines.get(ip) ?? 0) > stamp
    return isBind && isQuarantined ? `${row.client} gets a quarantined address` : null
  }
  const onGiven = (
    change: Extract<Change, { table: 'ipAddresses' }>,
    stamp: number,
  ): string | null => {
    const ip = Number(change.key)
    const before = given.get(ip)
    if (change.row === null) {
      given.delete(ip)
      return null
    }
    given.set(ip, change.row.hostname)
    const hold = holds.get(ip)
    if (hold !== undefined && hold.until > stamp)
      return `the API gives away what ${hold.client} holds`
    if ((quarantines.get(ip) ?? 0) > stamp) return 'the API gives away a quarantined address'
    return before === undefined
      ? null
      : `the API gives to ${change.row.hostname} what ${before} has`
  }
  return {
    name: 'unique-address',
    onBatch: ({ revision, stamp, changes }) => {
      for (const change of changes) {
        let what: string | null = null
        if (change.table === 'holds') what = onHold(change, stamp)
        else if (change.table === 'ipAddresses') what = onGiven(change, stamp)
        else if (change.table === 'quarantines') {
          quarantines.set(Number(change.key), change.row?.until ?? 0)
        }
        if (what !== null) fail(`address ${String(change.key)} at ${revision}: ${what}`)
      }
    },
  }
}

// Leases by the clients' own rules (RFC 2131 §4.4.1): a client may use its address from the answer until the lease
// time, counted from when it asked, is over. No two clients may use one address at one moment.
import { groupBy } from '../group-by.ts'
import type { Operation } from '../history.ts'
import { couldNotTell, fail, type Finding, pass } from '../verdict.ts'

/** Input of a `lease`: who asks. */
export type Asked = { readonly mac: string }
/** Output: what it was given. */
export type Given = { readonly ip: string; readonly seconds: number }

export function checkLeases(operations: readonly Operation[]): Finding {
  const name = 'lease-unique'
  const given = operations.filter(({ f, outcome }) => f === 'lease' && outcome === 'ok')
  if (given.length === 0) return couldNotTell(name, 'no client was given an address')
  for (const [ip, ofAddress] of groupBy(given, (one) => (one.output as Given).ip)) {
    const sorted = ofAddress.toSorted((a, b) => a.returnedNs - b.returnedNs)
    for (const [at, next] of sorted.entries()) {
      const before = sorted
        .slice(0, at)
        .find((one) => macOf(one) !== macOf(next) && untilNs(one) > next.returnedNs)
      if (before !== undefined && untilNs(next) > next.returnedNs) {
        return fail(name, `${ip} was used by two clients at once`, [before, next])
      }
    }
  }
  const clients = new Set(given.map(macOf)).size
  const unanswered = operations.length - given.length
  const text = `${given.length} leases of ${clients} clients, no address used by two at once`
  return pass(name, unanswered === 0 ? text : `${text}; ${unanswered} times nobody answered`)
}

function macOf({ input }: Operation): string {
  return (input as Asked).mac
}

function untilNs({ invokedNs, output }: Operation): number {
  return invokedNs + (output as Given).seconds * 1e9
}

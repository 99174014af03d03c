// Addresses that are held by one at a time and never vanish. A hold is certain between the answer that gave
// the address and the request that gave it back; it is possible from the request for it until the answer to
// giving it back, for ever where an answer is missing. Two certain holds never overlap; a read shows every
// address that was certainly held all through it, and nothing that nobody can have held.
import { groupBy } from '../group-by.ts'
import type { Operation } from '../history.ts'
import { couldNotTell, fail, type Finding, pass } from '../verdict.ts'

type Hold = {
  readonly ip: string
  readonly reserve: Operation
  readonly release: Operation | null
  readonly certainFromNs: number
  readonly certainUntilNs: number
  readonly possibleUntilNs: number
}

/** Input of `reserve` and `release`: the same coin all its life. */
export type Coin = { readonly coin: string; readonly ip?: string }

export function checkAddresses(operations: readonly Operation[], name: string): Finding {
  const holds = holdsOf(operations)
  const reads = operations.filter(({ f, outcome }) => f === 'read' && outcome === 'ok')
  if (holds.length === 0) return couldNotTell(name, 'no address was ever given')
  if (reads.length === 0) return couldNotTell(name, 'the addresses were never read')
  const twice = findTwice(holds)
  if (twice !== null) {
    const [first, second] = twice
    const part = [first.reserve, second.reserve, first.release, second.release]
    const text = `${first.ip} was held by two at once`
    return fail(
      name,
      text,
      part.filter((one) => one !== null),
    )
  }
  const refused = holds.find(({ release }) => release?.outcome === 'fail')
  if (refused !== undefined) {
    const part = [refused.reserve, refused.release].filter((one) => one !== null)
    return fail(name, `${refused.ip} was given and could not be given back: it was lost`, part)
  }
  const unknownReserves = operations.filter(
    ({ f, outcome }) => f === 'reserve' && outcome === 'info',
  )
  for (const read of reads) {
    const problem = judgeRead(read, holds, unknownReserves)
    if (problem !== null) return problem(name)
  }
  return pass(name, `${holds.length} holds in ${reads.length} reads: none shared, none lost`)
}

function holdsOf(operations: readonly Operation[]): readonly Hold[] {
  const releases = new Map(
    operations.filter(({ f }) => f === 'release').map((one) => [(one.input as Coin).coin, one]),
  )
  return operations
    .filter(({ f, outcome }) => f === 'reserve' && outcome === 'ok')
    .map((reserve) => {
      const release = releases.get((reserve.input as Coin).coin) ?? null
      return {
        ip: reserve.output as string,
        ...{ reserve, release },
        certainFromNs: reserve.returnedNs,
        certainUntilNs: release?.invokedNs ?? Infinity,
        possibleUntilNs: release?.outcome === 'ok' ? release.returnedNs : Infinity,
      }
    })
}

/** Sorted by their start, only neighbours of one address can be the first to overlap. */
function findTwice(holds: readonly Hold[]): readonly [Hold, Hold] | null {
  for (const ofAddress of groupBy(holds, ({ ip }) => ip).values()) {
    const sorted = ofAddress.toSorted((a, b) => a.certainFromNs - b.certainFromNs)
    for (const [at, next] of sorted.entries()) {
      const before = sorted[at - 1]
      if (before === undefined || before.certainUntilNs <= next.certainFromNs) continue
      if (next.certainUntilNs > next.certainFromNs) return [before, next]
    }
  }
  return null
}

function judgeRead(
  read: Operation,
  holds: readonly Hold[],
  unknownReserves: readonly Operation[],
): ((name: string) => Finding) | null {
  const shown = new Set(read.output as readonly string[])
  if (shown.size < (read.output as readonly string[]).length) {
    return (name) => fail(name, 'a read shows one address twice', [read])
  }
  const lost = holds.find(
    ({ ip, certainFromNs, certainUntilNs }) =>
      certainFromNs < read.invokedNs && certainUntilNs > read.returnedNs && !shown.has(ip),
  )
  if (lost !== undefined) {
    return (name) =>
      fail(name, `${lost.ip} was given and a read does not show it`, [lost.reserve, read])
  }
  const possible = new Set(
    holds
      .filter(
        ({ reserve, possibleUntilNs }) =>
          reserve.invokedNs < read.returnedNs && possibleUntilNs > read.invokedNs,
      )
      .map(({ ip }) => ip),
  )
  const unexplained = [...shown].filter((ip) => !possible.has(ip))
  const excuses = unknownReserves.filter(({ invokedNs }) => invokedNs < read.returnedNs)
  if (unexplained.length <= excuses.length) return null
  const text = `a read shows ${unexplained.join(', ')}, which nobody can have held then`
  return (name) => fail(name, text, [read, ...excuses.slice(0, 5)])
}

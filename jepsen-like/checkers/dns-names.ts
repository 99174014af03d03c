// Names and addresses as DNS tells them, at every revision: an address has a PTR to each name whose A it is and to no
// other; two servers at one revision say the same; a write that was acknowledged at a revision is there from that
// one on; over one connection nothing goes back; and in the end all servers have all of it.
//
// The revision of an answer is its serial (the offset of a new cluster is 0). Answers of different revisions are
// not compared with each other: an exchange whose serials differ is judged for their order alone.
import { groupBy } from '../group-by.ts'
import type { Operation } from '../history.ts'
import { couldNotTell, fail, type Finding, pass } from '../verdict.ts'

/** Name → its addresses; absent: none. Each list sorted. */
export type NamesOf = Readonly<Record<string, readonly string[]>>

/** Input of a write: what the names of its group (the key) are once it is done. Output: `Written`. */
export type Wanted = { readonly names: NamesOf }
export type Written = { readonly revision: number }

/** Input of `ask` and `last`, whose key is the group; `connection` is null by UDP. */
export type Asked = { readonly server: string; readonly connection: string | null }
/** Output: everything of the group. */
export type Seen = {
  /** In the order of the questions; the first and the last were asked for, others came with negative answers. */
  readonly serials: readonly number[]
  readonly names: NamesOf
  /** Address → its names. */
  readonly pointers: NamesOf
}

type Problem = { readonly text: string; readonly part: readonly Operation[] }

const NAME = 'dns-coherent'

export function checkNames(operations: readonly Operation[]): Finding {
  const asks = operations.filter(
    ({ f, outcome }) => (f === 'ask' || f === 'last') && outcome === 'ok',
  )
  const dated = asks.filter((one) => revisionOf(one) !== null)
  if (dated.length === 0) return couldNotTell(NAME, 'no answer could be told to be of one revision')
  const writes = operations.filter(({ f }) => f !== 'ask' && f !== 'last')
  const problem =
    first(asks, findStepBack) ??
    first(dated, findIncoherent) ??
    // Before the disagreements: it says who is wrong.
    findUntrue(dated, writes) ??
    findDisagreement(dated) ??
    findBackwards(asks) ??
    findUnfinished(operations, writes)
  if (problem !== null) return fail(NAME, problem.text, problem.part)
  const revisions = new Set(dated.map(revisionOf)).size
  const servers = new Set(dated.map(({ input }) => (input as Asked).server)).size
  const done = writes.filter(({ outcome }) => outcome === 'ok').length
  const told = `${dated.length} answers of ${servers} servers at ${revisions} revisions`
  return pass(NAME, `${told}, all coherent and true to ${done} writes; the last ones agree`)
}

function seenOf({ output }: Operation): Seen {
  return output as Seen
}

/** Null: it changed while it was asked. */
function revisionOf(ask: Operation): number | null {
  const { serials } = seenOf(ask)
  return serials.every((serial) => serial === serials[0]) ? (serials[0] ?? null) : null
}

function first(
  operations: readonly Operation[],
  find: (one: Operation) => Problem | null,
): Problem | null {
  for (const one of operations) {
    const problem = find(one)
    if (problem !== null) return problem
  }
  return null
}

function findStepBack(ask: Operation): Problem | null {
  const { serials } = seenOf(ask)
  const isRising = serials.every((serial, at) => serial >= (serials[at - 1] ?? 0))
  if (isRising) return null
  return { text: `serials went back in one exchange: ${serials.join(', ')}`, part: [ask] }
}

/** PTR of A is the name, A of PTR the address. */
function findIncoherent(ask: Operation): Problem | null {
  const { names, pointers } = seenOf(ask)
  const { server } = ask.input as Asked
  const missing = onlyIn(names, pointers) ?? null
  if (missing !== null) {
    const [name, ip] = missing
    return { text: `${server} says that ${name} is ${ip}, and ${ip} has no PTR to it`, part: [ask] }
  }
  const stale = onlyIn(pointers, names) ?? null
  if (stale === null) return null
  const [ip, name] = stale
  return { text: `${server} has a PTR of ${ip} to ${name}, which is not there`, part: [ask] }
}

/** A pair that the other direction does not have. */
function onlyIn(these: NamesOf, others: NamesOf): readonly [string, string] | undefined {
  return Object.entries(these)
    .flatMap(([one, many]) => many.map((other) => [one, other] as const))
    .find(([one, other]) => !(others[other] ?? []).includes(one))
}

function findDisagreement(dated: readonly Operation[]): Problem | null {
  const together = groupBy(dated, (ask) => `${ask.key}@${revisionOf(ask)}`)
  for (const [what, asks] of together) {
    const [one] = asks
    if (one === undefined) continue
    const other = asks.find((ask) => describe(seenOf(ask).names) !== describe(seenOf(one).names))
    if (other === undefined) continue
    return { text: `two servers at one revision disagree about ${what}`, part: [one, other] }
  }
  return null
}

/** Whoever writes a group waits for one write before the next, so at most one may have been under way. */
function findUntrue(dated: readonly Operation[], writes: readonly Operation[]): Problem | null {
  const byGroup = groupBy(
    writes.filter(({ outcome }) => outcome !== 'fail'),
    ({ key }) => key,
  )
  return first(dated, (ask) => {
    const ofGroup = byGroup.get(ask.key) ?? []
    const revision = revisionOf(ask) ?? 0
    const at = ofGroup.findLastIndex(
      ({ outcome, output }) => outcome === 'ok' && (output as Written).revision <= revision,
    )
    const candidates = ofGroup.slice(Math.max(at, 0), at + 2)
    const states = candidates.map(({ input }) => (input as Wanted).names)
    if (at < 0) states.unshift({})
    const { names } = seenOf(ask)
    if (states.some((state) => describe(state) === describe(names))) return null
    const { server } = ask.input as Asked
    const text = `${server} at revision ${revision} tells of ${ask.key} what it was not then`
    return { text, part: [...candidates, ask] }
  })
}

function describe(names: NamesOf): string {
  const present = Object.entries(names).filter(([, many]) => many.length > 0)
  return JSON.stringify(present.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function findBackwards(asks: readonly Operation[]): Problem | null {
  const byConnection = groupBy(asks, ({ input }) => (input as Asked).connection)
  for (const [connection, ofOne] of byConnection) {
    if (connection === null) continue
    const sorted = ofOne.toSorted((a, b) => a.invokedNs - b.invokedNs)
    for (const [at, next] of sorted.entries()) {
      const before = sorted[at - 1]
      if (before === undefined) continue
      if ((seenOf(before).serials.at(-1) ?? 0) <= (seenOf(next).serials[0] ?? 0)) continue
      return { text: `serials went back over connection ${connection}`, part: [before, next] }
    }
  }
  return null
}

/** After healing, with nobody at work. */
function findUnfinished(
  operations: readonly Operation[],
  writes: readonly Operation[],
): Problem | null {
  const lasts = operations.filter(({ f }) => f === 'last')
  const latest = writes
    .filter(({ outcome }) => outcome === 'ok')
    .reduce<Operation | null>((a, b) => (a === null || writtenAt(b) > writtenAt(a) ? b : a), null)
  if (latest === null) return { text: 'nothing was ever written', part: [] }
  if (lasts.length === 0) return { text: 'no server was asked in the end', part: [] }
  const silent = lasts.find(({ outcome }) => outcome !== 'ok')
  if (silent !== undefined) {
    const { server } = silent.input as Asked
    return { text: `${server} does not answer after healing`, part: [silent] }
  }
  const behind = lasts.find((one) => (seenOf(one).serials[0] ?? 0) < writtenAt(latest))
  if (behind !== undefined) {
    const { server } = behind.input as Asked
    const text = `${server} never came to revision ${writtenAt(latest)} after healing`
    return { text, part: [latest, behind] }
  }
  for (const ofGroup of groupBy(lasts, ({ key }) => key).values()) {
    const [one] = ofGroup
    if (one === undefined) continue
    const other = ofGroup.find((ask) => describe(seenOf(ask).names) !== describe(seenOf(one).names))
    if (other === undefined) continue
    return { text: `in the end two servers disagree about ${one.key}`, part: [one, other] }
  }
  return null
}

function writtenAt({ output }: Operation): number {
  return (output as Written).revision
}

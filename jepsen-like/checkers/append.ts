// A list to which everybody appends and that is read whole: every read is the list at one moment. Judged by the
// order of the elements (the idea of Elle's list-append, for a list that never shrinks): all reads are prefixes
// of the longest one, a read has everything acknowledged before it began, nothing that certainly failed,
// nothing twice, and no less than a read that had ended before. An acknowledged append comes before one that
// began after it.
import type { Operation } from '../history.ts'
import { couldNotTell, fail, type Finding, pass } from '../verdict.ts'

export function checkAppends(operations: readonly Operation[], name = 'append'): Finding {
  const reads = operations.filter(({ f, outcome }) => f === 'read' && outcome === 'ok')
  const appends = operations.filter(({ f }) => f === 'append')
  if (reads.length === 0) return couldNotTell(name, 'the list was never read')
  const longest = reads.reduce((a, b) => (listOf(b).length > listOf(a).length ? b : a))
  const problem =
    findTwice(longest) ??
    findForeign(longest, appends) ??
    // Before the forks: after a loss both are there, and a loss is what to look for.
    findLoss(reads, appends) ??
    findFork(reads, longest) ??
    findStepBack(reads) ??
    findWrongOrder(longest, appends)
  if (problem !== null) return fail(name, problem.text, problem.part)
  const count = listOf(longest).length
  return pass(name, `${count} elements in one order in ${reads.length} reads, none lost`)
}

type Problem = { readonly text: string; readonly part: readonly Operation[] }

function listOf({ output }: Operation): readonly string[] {
  return output as readonly string[]
}

function findTwice(longest: Operation): Problem | null {
  const list = listOf(longest)
  const twice = list.find((element, at) => list.indexOf(element) !== at)
  return twice === undefined ? null : { text: `${twice} is in the list twice`, part: [longest] }
}

/** What nobody appended, or whose append was refused. */
function findForeign(longest: Operation, appends: readonly Operation[]): Problem | null {
  const byElement = new Map(appends.map((one) => [one.input, one]))
  for (const element of listOf(longest)) {
    const append = byElement.get(element)
    if (append === undefined) {
      return { text: `${element} is in the list, and nobody appended it`, part: [longest] }
    }
    if (append.outcome === 'fail') {
      return { text: `${element} was refused and is in the list`, part: [append, longest] }
    }
  }
  return null
}

function findFork(reads: readonly Operation[], longest: Operation): Problem | null {
  const order = listOf(longest)
  for (const read of reads) {
    if (listOf(read).every((element, at) => element === order[at])) continue
    return { text: 'two reads saw the elements in different orders', part: [read, longest] }
  }
  return null
}

function findLoss(reads: readonly Operation[], appends: readonly Operation[]): Problem | null {
  const known = appends.filter(({ outcome }) => outcome === 'ok')
  for (const read of reads) {
    const list = new Set<unknown>(listOf(read))
    const lost = known.find(
      ({ input, returnedNs }) => returnedNs < read.invokedNs && !list.has(input),
    )
    if (lost === undefined) continue
    return { text: `${String(lost.input)} was acknowledged and is gone`, part: [lost, read] }
  }
  return null
}

/** All reads are prefixes of one list by now, so their lengths say all. */
function findStepBack(reads: readonly Operation[]): Problem | null {
  const byEnd = reads.toSorted((a, b) => a.returnedNs - b.returnedNs)
  const byStart = reads.toSorted((a, b) => a.invokedNs - b.invokedNs)
  let longest: Operation | null = null
  let at = 0
  for (const read of byStart) {
    for (; (byEnd[at]?.returnedNs ?? Infinity) < read.invokedNs; at++) {
      const ended = byEnd[at]
      if (ended === undefined) break
      if (longest === null || listOf(ended).length > listOf(longest).length) longest = ended
    }
    if (longest !== null && listOf(longest).length > listOf(read).length) {
      return { text: 'a read saw less than one that had ended before it', part: [longest, read] }
    }
  }
  return null
}

/** An element may not stand before one whose append had ended when its own began. */
function findWrongOrder(longest: Operation, appends: readonly Operation[]): Problem | null {
  const byElement = new Map(appends.map((one) => [one.input, one]))
  let latest: Operation | null = null
  for (const element of listOf(longest)) {
    const append = byElement.get(element)
    if (append === undefined) continue
    if (latest !== null && append.returnedNs < latest.invokedNs) {
      const text = `${element} was acknowledged before ${String(latest.input)} began, and follows it`
      return { text, part: [append, latest, longest] }
    }
    if (latest === null || append.invokedNs > latest.invokedNs) latest = append
  }
  return null
}

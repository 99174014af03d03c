// Every subscriber of the event stream hears of every change once, in one order, with one content, across
// disconnections and on whichever node it resumes. A subscriber that was told to start over (410 or `reset`)
// may have missed what came before; nothing else may be missed.
import { groupBy } from '../group-by.ts'
import type { Operation } from '../history.ts'
import { couldNotTell, fail, type Finding, pass } from '../verdict.ts'

export type SeenEvent = {
  readonly revision: number
  /** Of the content as it was sent. */
  readonly digest: string
  /** Names of the settings that our own writers had put. */
  readonly markers: readonly string[]
}

/** Output of a `watch`: what one connection brought. */
export type Watched = {
  readonly events: readonly SeenEvent[]
  /** It began anew, without the revision up to which the subscriber had been. */
  readonly startedOver: boolean
}

type Subscriber = {
  readonly watches: readonly Operation[]
  /** Runs without a break; between two of them anything may be missing. */
  readonly runs: readonly (readonly SeenEvent[])[]
}

export function checkEvents(operations: readonly Operation[]): Finding {
  const name = 'event-stream'
  const watches = operations.filter(({ f, outcome }) => f === 'watch' && outcome === 'ok')
  const subscribers = [...groupBy(watches, ({ key }) => key).values()].map(makeSubscriber)
  const all = new Map<number, SeenEvent>()
  for (const { watches: own, runs } of subscribers) {
    for (const event of runs.flat()) {
      const known = all.get(event.revision)
      if (known === undefined) all.set(event.revision, event)
      else if (known.digest !== event.digest) {
        const text = `revision ${event.revision} was told in two ways`
        return fail(name, text, watchesOf(watches, event.revision))
      }
    }
    const back = runs.map(findStepBack).find((found) => found !== null)
    if (back !== undefined && back !== null) {
      return fail(name, `revision ${back} came again or too late`, watchesAt(own, back))
    }
  }
  if (all.size === 0) return couldNotTell(name, 'no event was seen')
  const revisions = [...all.keys()].toSorted((a, b) => a - b)
  for (const { watches: own, runs } of subscribers) {
    const missing = runs.map((run) => findGap(run, revisions)).find((found) => found !== null)
    if (missing === undefined || missing === null) continue
    const text = `${own[0]?.key} never heard of revision ${missing}, which another did`
    return fail(name, text, [...watchesAt(own, missing), ...watchesOf(watches, missing)])
  }
  const silent = findUnheard(operations, subscribers)
  if (silent !== null) return fail(name, silent.text, [silent.write])
  const text = `${all.size} revisions told to ${subscribers.length} subscribers in one order`
  return pass(name, `${text}, no gap, none twice`)
}

function makeSubscriber(watches: readonly Operation[]): Subscriber {
  const runs: SeenEvent[][] = []
  for (const { output } of watches) {
    const { events, startedOver } = output as Watched
    if (startedOver || runs.length === 0) runs.push([])
    runs.at(-1)?.push(...events)
  }
  return { watches, runs }
}

function findStepBack(run: readonly SeenEvent[]): number | null {
  const at = run.findIndex(({ revision }, i) => revision <= (run[i - 1]?.revision ?? -1))
  return run[at]?.revision ?? null
}

function findGap(run: readonly SeenEvent[], revisions: readonly number[]): number | null {
  const first = run[0]?.revision ?? Infinity
  const last = run.at(-1)?.revision ?? -Infinity
  const seen = new Set(run.map(({ revision }) => revision))
  return revisions.find((one) => one > first && one < last && !seen.has(one)) ?? null
}

/** An acknowledged write must reach everybody who listened all the time. */
function findUnheard(
  operations: readonly Operation[],
  subscribers: readonly Subscriber[],
): { readonly text: string; readonly write: Operation } | null {
  const writes = operations.filter(({ f, outcome }) => f === 'write' && outcome === 'ok')
  for (const { watches, runs } of subscribers.filter((one) => one.runs.length === 1)) {
    const heard = new Set(runs.flat().flatMap(({ markers }) => markers))
    const write = writes.find(({ input }) => !heard.has(input as string))
    if (write === undefined) continue
    const text = `${String(write.input)} was acknowledged, and ${watches[0]?.key} never heard of it`
    return { text, write }
  }
  return null
}

/** Around `revision`, with the other events left out so that a person can read it. */
function watchesAt(watches: readonly Operation[], revision: number): readonly Operation[] {
  return watches
    .map((one) => {
      const { events, startedOver } = one.output as Watched
      const at = events.findIndex((event) => event.revision >= revision)
      const near = at === -1 ? [] : events.slice(Math.max(0, at - 2), at + 3)
      return { ...one, output: { startedOver, events: near } }
    })
    .filter(({ output }) => output.events.length > 0)
}

function watchesOf(watches: readonly Operation[], revision: number): readonly Operation[] {
  const telling = watches.filter(({ output }) =>
    (output as Watched).events.some((event) => event.revision === revision),
  )
  return watchesAt(telling, revision)
}

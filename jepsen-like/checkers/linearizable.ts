// Is there one order of the operations that real time allows and the model accepts? The search of Wing and
// Gong (1993) with Lowe's memory (2017), as Porcupine does it: walk the calls in order, lift one that the model
// accepts out of the list, go back when a return is met first; a (set of lifted operations, state) seen before
// is not searched again. One key at a time: linearizability is local (Herlihy and Wing 1990, theorem 1).
// The problem is NP-complete, so there is a time limit, and giving up is not a pass.
import type { Operation } from '../history.ts'

/** The model refuses the operation in this state. */
export const REFUSED = Symbol('refused')

export type Model<State> = {
  readonly initial: State
  /**
   * The state after `operation`, or REFUSED when what it returned cannot be. For an `info` nothing was
   * returned, so only its effect counts.
   */
  readonly step: (state: State, operation: Operation) => State | typeof REFUSED
  /** Equal states, and only they, have equal keys. */
  readonly keyOf: (state: State) => string
}

export type Linearizability = 'linearizable' | 'not linearizable' | 'unknown'

/** A call or a return in a doubly linked list. */
type Entry = {
  /** Number of the operation. */
  readonly at: number
  readonly isCall: boolean
  /** Of a call. */
  match: Entry | null
  before: Entry | null
  after: Entry | null
}

/** Steps between two looks at the clock. */
const STEPS_PER_LOOK = 2_048

/**
 * Of one key. Failed operations must have been left out. `outOfTime` is asked now and then; true ends the
 * search with 'unknown'.
 */
export function checkLinearizable<State>(
  operations: readonly Operation[],
  model: Model<State>,
  outOfTime: () => boolean = () => false,
): Linearizability {
  const head = linkEntries(operations)
  const lifted = new Bits(operations.length)
  const seen = new Set<string>()
  const stack: { readonly call: Entry; readonly state: State }[] = []
  let open = operations.filter(({ returnedNs }) => returnedNs !== Infinity).length
  let state = model.initial
  let entry = head.after
  for (let steps = 1; open > 0; steps++) {
    if (steps % STEPS_PER_LOOK === 0 && outOfTime()) return 'unknown'
    if (entry?.isCall === true) {
      const next = tryLift(entry, { operations, model, state, lifted, seen })
      if (next === REFUSED) {
        entry = entry.after
        continue
      }
      stack.push({ call: entry, state })
      state = next
      lift(entry)
      if (entry.match !== null) open--
      entry = head.after
      continue
    }
    // A return before its operation was lifted (or the end of the list): the last choice was wrong.
    const last = stack.pop()
    if (last === undefined) return 'not linearizable'
    state = last.state
    lifted.clear(last.call.at)
    unlift(last.call)
    if (last.call.match !== null) open++
    entry = last.call.after
  }
  return 'linearizable'
}

function tryLift<State>(
  entry: Entry,
  search: {
    readonly operations: readonly Operation[]
    readonly model: Model<State>
    readonly state: State
    readonly lifted: Bits
    readonly seen: Set<string>
  },
): State | typeof REFUSED {
  const { operations, model, state, lifted, seen } = search
  const operation = operations[entry.at]
  if (operation === undefined) return REFUSED
  const next = model.step(state, operation)
  if (next === REFUSED) return REFUSED
  lifted.set(entry.at)
  const memory = `${lifted.key()} ${model.keyOf(next)}`
  if (seen.has(memory)) {
    lifted.clear(entry.at)
    return REFUSED
  }
  seen.add(memory)
  return next
}

/** Sorted by time; at the same time calls come first, which only allows more orders. */
function linkEntries(operations: readonly Operation[]): Entry {
  const make = (at: number, isCall: boolean): Entry => ({
    ...{ at, isCall, match: null, before: null, after: null },
  })
  const timed = operations.flatMap(({ invokedNs, returnedNs }, at) => {
    const call = make(at, true)
    if (returnedNs === Infinity) return [{ entry: call, time: invokedNs }]
    call.match = make(at, false)
    return [
      { entry: call, time: invokedNs },
      { entry: call.match, time: returnedNs },
    ]
  })
  timed.sort((a, b) => a.time - b.time || Number(b.entry.isCall) - Number(a.entry.isCall))
  const head = make(-1, false)
  let last = head
  for (const { entry } of timed) {
    last.after = entry
    entry.before = last
    last = entry
  }
  return head
}

function lift(call: Entry): void {
  unlink(call)
  if (call.match !== null) unlink(call.match)
}

function unlift(call: Entry): void {
  if (call.match !== null) relink(call.match)
  relink(call)
}

function unlink(entry: Entry): void {
  if (entry.before !== null) entry.before.after = entry.after
  if (entry.after !== null) entry.after.before = entry.before
}

function relink(entry: Entry): void {
  if (entry.before !== null) entry.before.after = entry
  if (entry.after !== null) entry.after.before = entry
}

class Bits {
  readonly #words: Uint16Array

  constructor(count: number) {
    this.#words = new Uint16Array(Math.ceil(count / 16))
  }

  set(at: number): void {
    this.#words[at >> 4] = (this.#words[at >> 4] ?? 0) | (1 << (at & 15))
  }

  clear(at: number): void {
    this.#words[at >> 4] = (this.#words[at >> 4] ?? 0) & ~(1 << (at & 15))
  }

  /** One character for each 16 operations. */
  key(): string {
    return String.fromCharCode(...this.#words)
  }
}

// A register of text: read, write and compare-and-set, judged key by key for linearizability, and the smallest
// part of a history that shows a failure.
import { groupBy } from '../group-by.ts'
import type { Operation } from '../history.ts'
import { couldNotTell, fail, type Finding, pass } from '../verdict.ts'
import { checkLinearizable, type Linearizability, type Model, REFUSED } from './linearizable.ts'

/** Input of a `cas`. */
export type CompareAndSet = { readonly from: string | null; readonly to: string }

/** Null: never written. A `cas` returns whether it took place. */
export const REGISTER: Model<string | null> = {
  initial: null,
  step: (state, { f, input, output, outcome }) => {
    switch (f) {
      case 'read':
        return outcome === 'info' || output === state ? state : REFUSED
      case 'write':
        return input as string
      case 'cas': {
        const { from, to } = input as CompareAndSet
        if (outcome === 'info') return state === from ? to : state
        if (output !== (state === from)) return REFUSED
        return state === from ? to : state
      }
      default:
        throw new Error(`a register has no operation ${f}`)
    }
  },
  keyOf: (state) => (state === null ? '-' : `=${state}`),
}

export function checkRegisters(operations: readonly Operation[], limitMs: number): Finding {
  const name = 'register'
  const end = performance.now() + limitMs
  const outOfTime = (): boolean => performance.now() > end
  const keys = groupBy(relevant(operations), ({ key }) => key)
  const done = operations.filter(({ outcome }) => outcome === 'ok').length
  if (done === 0) return couldNotTell(name, 'not one operation was acknowledged')
  const unknown: (string | null)[] = []
  for (const [key, ofKey] of keys) {
    const found = checkLinearizable(ofKey, REGISTER, outOfTime)
    if (found === 'not linearizable') {
      const smallest = shrink(ofKey, (part) => checkLinearizable(part, REGISTER, outOfTime))
      const text = `${key} is not linearizable: no order of these operations explains what was read`
      return fail(name, text, smallest)
    }
    if (found === 'unknown') unknown.push(key)
  }
  if (unknown.length > 0) {
    const text = `the time limit of ${limitMs / 1000} s ended the search of ${unknown.join(', ')}`
    return fail(name, `not shown to be linearizable: ${text}`)
  }
  return pass(name, `${done} operations on ${keys.size} registers are linearizable`)
}

/**
 * Without what constrains nothing: failed operations, unanswered reads, and unanswered writes whose value
 * nobody saw or compared with — those can be put behind everything. Values must be written once each.
 */
function relevant(operations: readonly Operation[]): readonly Operation[] {
  const seen = new Set<unknown>()
  for (const { f, key, output, input } of operations) {
    if (f === 'read') seen.add(`${key} ${String(output)}`)
    if (f === 'cas') seen.add(`${key} ${String((input as CompareAndSet).from)}`)
  }
  return operations.filter(({ f, key, input, outcome }) => {
    if (outcome === 'fail') return false
    if (outcome === 'ok') return true
    return f === 'cas' || (f === 'write' && seen.has(`${key} ${String(input)}`))
  })
}

/**
 * The shortest prefix that fails, then without every value whose removal keeps it failing. Both are sound:
 * linearizability is prefix-closed, and a linearizable register stays so when a value is taken out of its
 * history with its writes and reads (where no compare-and-set ties values together).
 */
export function shrink(
  operations: readonly Operation[],
  check: (part: readonly Operation[]) => Linearizability,
): readonly Operation[] {
  const isBad = (part: readonly Operation[]): boolean => check(part) === 'not linearizable'
  let part = shortestPrefix(operations, isBad)
  for (const one of part.filter(({ f }) => f === 'read')) {
    const without = part.filter((other) => other !== one)
    if (isBad(without)) part = without
  }
  if (part.some(({ f }) => f === 'cas')) return part
  for (const value of new Set(part.map(valueOf))) {
    const without = part.filter((one) => valueOf(one) !== value)
    if (isBad(without)) part = without
  }
  return part
}

function valueOf({ f, input, output }: Operation): unknown {
  return f === 'read' ? output : input
}

/** The end of the history at which it first fails; `isBad` holds for all of it. */
export function shortestPrefix(
  operations: readonly Operation[],
  isBad: (part: readonly Operation[]) => boolean,
): readonly Operation[] {
  const ends = operations
    .map(({ returnedNs }) => returnedNs)
    .filter((ns) => ns !== Infinity)
    .toSorted((a, b) => a - b)
  let [low, high] = [0, ends.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBad(prefixUntil(operations, ends[middle] ?? 0))) high = middle
    else low = middle + 1
  }
  return prefixUntil(operations, ends[low] ?? 0)
}

/** As the history stood at that moment: what had not returned by then is open. */
function prefixUntil(operations: readonly Operation[], endNs: number): readonly Operation[] {
  return operations
    .filter(({ invokedNs }) => invokedNs <= endNs)
    .map((one) => (one.returnedNs <= endNs ? one : opened(one)))
    .filter(({ f, outcome }) => f !== 'read' || outcome === 'ok')
}

function opened(one: Operation): Operation {
  return { ...one, outcome: 'info', output: null, returnedNs: Infinity }
}

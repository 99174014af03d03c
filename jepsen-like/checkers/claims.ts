// Machines that are claimed by one at a time. Every claim has a name of its own (a coin), the agent name that the
// machine carries while it is claimed. A machine is a lock: free, or held with a coin; what its claimers and readers
// were told must be linearizable, machine by machine.
import { groupBy } from '../group-by.ts'
import type { Operation } from '../history.ts'
import { couldNotTell, fail, type Finding, pass } from '../verdict.ts'
import { checkLinearizable, type Model, REFUSED } from './linearizable.ts'
import { shortestPrefix } from './register.ts'

/** Input of `allocate`, `release` and of a `read` that asks which machine has the coin. */
export type Coin = { readonly coin: string }

/** Null: nobody has it. */
const LOCK: Model<string | null> = {
  initial: null,
  step: (state, { f, input, output, outcome }) => {
    if (f === 'allocate') return state === null ? (input as Coin).coin : REFUSED
    if (f === 'release') return state === (input as Coin).coin ? null : REFUSED
    if (outcome === 'info') return state
    // A reader that asked for a coin, or whether the machine is claimed at all.
    const seen = input === null ? state !== null : state === (input as Coin).coin
    return seen === output ? state : REFUSED
  },
  keyOf: (state) => (state === null ? '-' : `=${state}`),
}

export function checkClaims(operations: readonly Operation[], limitMs: number): Finding {
  const name = 'machine-claim'
  const done = operations.filter(({ f, outcome }) => f === 'allocate' && outcome === 'ok')
  const reads = operations.filter(({ f, outcome }) => f === 'read' && outcome === 'ok')
  if (done.length === 0) return couldNotTell(name, 'no machine was ever given')
  if (reads.length === 0) return couldNotTell(name, 'the machines were never read')
  const lost = operations.find(({ f, outcome }) => f === 'release' && outcome === 'fail')
  if (lost !== undefined) return fail(name, `${lost.key} could not be given back`, [lost])
  const two = reads.find(({ input, output }) => input !== null && (output as unknown[]).length > 1)
  if (two !== undefined) return fail(name, 'one allocation got two machines', [two])
  const end = performance.now() + limitMs
  const outOfTime = (): boolean => performance.now() > end
  const machines = byMachine(operations)
  for (const [machine, ofMachine] of machines) {
    const found = checkLinearizable(ofMachine, LOCK, outOfTime)
    if (found === 'linearizable') continue
    if (found === 'unknown') return fail(name, `not shown: the time limit ended at ${machine}`)
    const isBad = (part: readonly Operation[]): boolean =>
      checkLinearizable(part, LOCK) === 'not linearizable'
    const text = `${machine} was claimed by two at once, or what was read of it cannot be`
    return fail(name, text, shortestPrefix(ofMachine, isBad).slice(-8))
  }
  return pass(name, `${done.length} claims of ${machines.size} machines: each by one at a time`)
}

/** An allocation without an answer is of the machine that some reader found its coin on. */
function byMachine(operations: readonly Operation[]): Map<string, Operation[]> {
  const found = new Map<string, string>()
  for (const { f, input, output, outcome } of operations) {
    if (outcome !== 'ok' || input === null) continue
    const { coin } = input as Coin
    if (f === 'allocate') found.set(coin, output as string)
    const [machine] = f === 'read' ? (output as readonly string[]) : []
    if (machine !== undefined) found.set(coin, machine)
  }
  const machines = new Set(found.values())
  const pieces = operations.flatMap((one): readonly Operation[] => {
    const { f, input, output, outcome } = one
    if (outcome === 'fail' || (f === 'read' && outcome !== 'ok')) return []
    if (input === null) {
      const claimed = new Set(output as readonly string[])
      return [...machines].map((key) => ({ ...one, key, output: claimed.has(key) }))
    }
    const machine = found.get((input as Coin).coin)
    if (machine === undefined) return []
    const seen = f === 'read' ? (output as readonly string[]).includes(machine) : output
    return [{ ...one, key: machine, output: seen }]
  })
  return groupBy(pieces, ({ key }) => key ?? '')
}

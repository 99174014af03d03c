// Which workloads and nemeses a run has, from the words of the command line; and what is refused before anything
// is started. Names are checked, never ignored: a misspelt nemesis must not become a run without faults.
import type { FaultKind, Nemesis } from './nemesis.ts'
import type { Workload } from './workload.ts'

/** One line for the person at the terminal; nothing was started. */
export class ChaosRefusal extends Error {}

export type Selection = {
  readonly workloads: readonly Workload[]
  readonly nemeses: readonly Nemesis[]
  /** Asked for by name, and not there yet or not possible here: each is a row that could not be told. */
  readonly absent: readonly { readonly name: string; readonly why: string }[]
  /** Left out of `all`, one line each. */
  readonly notes: readonly string[]
}

/** A fault needs this long to be injected, to be seen and to heal. */
const FAULT_SECONDS_MIN = 2.5

type Registered = { readonly name: string }

/** Throws ChaosRefusal. `why` says why one cannot be used here; null when it can. */
export function select(
  asked: { readonly workload: readonly string[]; readonly nemesis: readonly string[] },
  known: { readonly workloads: readonly Workload[]; readonly nemeses: readonly Nemesis[] },
  why: (name: string) => string | null,
): Selection {
  const workloads = choose('workload', asked.workload, known.workloads)
  const nemeses = choose('nemesis', asked.nemesis, known.nemeses)
  const usable = ({ name }: Registered): boolean => why(name) === null
  const reasonsOf = (of: readonly Registered[]) =>
    of.flatMap(({ name }) => {
      const reason = why(name)
      return reason === null ? [] : [{ name, why: reason }]
    })
  const byName = (of: readonly Registered[], words: readonly string[]) =>
    words.includes('all') ? [] : reasonsOf(of)
  const notes = [
    ...(asked.workload.includes('all') ? reasonsOf(workloads) : []),
    ...(asked.nemesis.includes('all') ? reasonsOf(nemeses) : []),
  ]
  return {
    workloads: workloads.filter(usable),
    nemeses: nemeses.filter(usable),
    absent: [...byName(workloads, asked.workload), ...byName(nemeses, asked.nemesis)],
    notes: notes.map(({ name, why: reason }) => `${name} is left out: ${reason}`),
  }
}

function choose<T extends Registered>(
  what: string,
  words: readonly string[],
  known: readonly T[],
): readonly T[] {
  const names = known.map(({ name }) => name)
  if (words.length === 0) throw new ChaosRefusal(`no ${what} was named`)
  const unknown = words.find((word) => word !== 'all' && !names.includes(word))
  if (unknown !== undefined) {
    throw new ChaosRefusal(`there is no ${what} ${unknown}; there are: ${names.join(', ')}, all`)
  }
  return words.includes('all') ? known : known.filter(({ name }) => words.includes(name))
}

/** Faults that the run must have seen. Throws ChaosRefusal when there is no time for them. */
export function requiredFaults(
  nemeses: readonly Nemesis[],
  nodeCount: number,
  seconds: number,
): readonly FaultKind[] {
  const required = nemeses.flatMap((nemesis) => nemesis.required(nodeCount))
  const needed = Math.ceil(required.length * FAULT_SECONDS_MIN)
  if (seconds >= needed) return required
  const text = `--seconds ${seconds} is too short for ${required.length} required faults`
  throw new ChaosRefusal(`${text}; give at least ${needed}, or fewer nemeses`)
}

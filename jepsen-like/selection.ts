// Which workloads and nemeses a run has, from the words of the command line; and what is refused before anything
// is started. Names are checked, never ignored: a misspelt nemesis must not become a run without faults.
import type { FaultKind, Nemesis } from './nemesis.ts'
import type { Workload } from './workload.ts'

/** One line for the person at the terminal; nothing was started. */
export class ChaosRefusal extends Error {}

export type Selection = {
  readonly workloads: readonly Workload[]
  readonly nemeses: readonly Nemesis[]
  /** Each is a row that could not be told. */
  readonly absent: readonly { readonly name: string; readonly why: string }[]
  /** One line for each that is left out of `all`. */
  readonly notes: readonly string[]
}

/** A fault needs this long to be injected, to be seen and to heal. */
const FAULT_SECONDS_MIN = 2.5

type Registered = { readonly name: string }

/** Why one cannot be used: its feature is to come, or this host lacks rights or programs. */
export type Absence = { readonly kind: 'to come' | 'not here'; readonly text: string }

/**
 * Throws ChaosRefusal. What is to come is left out of `all` with a note, and cannot be told when it was asked for
 * by name; what this host lacks is refused by name, and cannot be told in `all`. Neither ever becomes a pass of
 * what was not done.
 */
export function select(
  asked: { readonly workload: readonly string[]; readonly nemesis: readonly string[] },
  known: { readonly workloads: readonly Workload[]; readonly nemeses: readonly Nemesis[] },
  absenceOf: (name: string) => Absence | null,
): Selection {
  const workloads = choose('workload', asked.workload, known.workloads)
  const nemeses = choose('nemesis', asked.nemesis, known.nemeses)
  const absent: { name: string; why: string }[] = []
  const notes: string[] = []
  const words = new Set([...asked.workload, ...asked.nemesis])
  const isUsable = ({ name }: Registered): boolean => {
    const absence = absenceOf(name)
    if (absence === null) return true
    const { kind, text } = absence
    if (kind === 'not here' && words.has(name)) throw new ChaosRefusal(`${name} ${text}`)
    if (kind === 'to come' && !words.has(name)) notes.push(`${name} is left out: ${text}`)
    else absent.push({ name, why: text })
    return false
  }
  return {
    workloads: workloads.filter(isUsable),
    nemeses: nemeses.filter(isUsable),
    ...{ absent, notes },
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

// The form of a transcript file, and its comparison with what really happened.
//
//   # a remark                     kept as it is
//   > verb word key=value          a line to perform
//     what happened                two spaces: the golden output of the verb above
//
// Anything else is an error, so that a mistyped line is not taken for a remark.

export type Step = {
  /** Of the `>` line, counted from 1. */
  readonly line: number
  /** Without the `> `. */
  readonly text: string
  readonly expected: readonly string[]
}

type Remark = { readonly remark: string }
export type Script = readonly (Step | Remark)[]

/** A script that cannot be run or whose claim failed; the message begins with `file:line`. */
export class ScriptError extends Error {
  constructor(
    place: { readonly file: string; readonly line: number },
    why: string,
    cause?: unknown,
  ) {
    super(`${place.file}:${place.line}: ${why}`, { cause })
  }
}

export function isStep(part: Step | Remark): part is Step {
  return 'text' in part
}

export function parseScript(file: string, source: string): Script {
  const script: ((Step & { expected: string[] }) | Remark)[] = []
  const lines = source.split('\n')
  if (lines.at(-1) === '') lines.pop()
  for (const [at, text] of lines.entries()) {
    const line = at + 1
    const last = script.at(-1)
    if (text === '' || text.startsWith('#')) script.push({ remark: text })
    else if (text.startsWith('> ')) script.push({ line, text: text.slice(2), expected: [] })
    else if (text.startsWith('  ') && last !== undefined && isStep(last)) {
      last.expected.push(text.slice(2))
    } else {
      throw new ScriptError({ file, line }, `neither remark, verb nor output: ${text}`)
    }
  }
  return script
}

/** The file as it would be with these outputs, one list per step. */
export function renderScript(script: Script, outputs: readonly (readonly string[])[]): string {
  let at = 0
  const lines = script.flatMap((part) => {
    if (!isStep(part)) return [part.remark]
    const output = outputs[at] ?? []
    at++
    return [`> ${part.text}`, ...output.map((line) => `  ${line}`)]
  })
  return `${lines.join('\n')}\n`
}

const DIFFERENCES_SHOWN_MAX = 60

/** Lines that differ, with their numbers in the file (`-`) and in the run (`+`); empty when none do. */
export function difference(expected: string, actual: string): readonly string[] {
  const a = expected.split('\n')
  const b = actual.split('\n')
  const common = commonLengths(a, b)
  const found: string[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++
      j++
    } else if (j >= b.length || (i < a.length && at(common, i + 1, j) >= at(common, i, j + 1))) {
      found.push(`- ${i + 1}: ${a[i]}`)
      i++
    } else {
      found.push(`+ ${j + 1}: ${b[j]}`)
      j++
    }
  }
  if (found.length <= DIFFERENCES_SHOWN_MAX) return found
  const more = found.length - DIFFERENCES_SHOWN_MAX
  return [...found.slice(0, DIFFERENCES_SHOWN_MAX), `… and ${more} more`]
}

/** Longest common subsequence of the tails from (i, j), for every i and j. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly Uint16Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = table[i]
      if (row === undefined) continue
      const same = a[i] === b[j]
      row[j] = same
        ? at(table, i + 1, j + 1) + 1
        : Math.max(at(table, i + 1, j), at(table, i, j + 1))
    }
  }
  return table
}

function at(table: readonly Uint16Array[], i: number, j: number): number {
  return table[i]?.[j] ?? 0
}

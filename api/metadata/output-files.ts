// Outputs of a set of results as one text or one archive, for those who want to keep them.
import type { ScriptResult } from '#model/script-result.ts'
import type { RegionState } from '#state/state.ts'
import { outputsOf } from '../render/script-result.ts'
import { makeTar } from './tar.ts'
import { storeXz } from './xz.ts'

export type Wanted = {
  readonly results: readonly ScriptResult[]
  readonly output: 'combined' | 'stdout' | 'stderr' | 'result' | 'all'
}

type OutputFile = { readonly name: string; readonly text: string }

/** The output itself when it is one, else each under its name. */
export function printOutputs(state: RegionState, wanted: Wanted): string {
  const files = filesOf(state, wanted)
  const [first] = files
  if (files.length === 1 && first !== undefined) return first.text
  return files
    .map(({ name, text }) => {
      const end = text === '' || text.endsWith('\n') ? '' : '\n'
      return `${name}\n${'-'.repeat(name.length)}\n${text}${end}\n`
    })
    .join('')
}

/** tar.xz. */
export function packOutputs(state: RegionState, wanted: Wanted): Uint8Array {
  const files = filesOf(state, wanted).map(({ name, text }) => ({
    path: name,
    content: Buffer.from(text),
  }))
  return storeXz(makeTar(files, state.wall))
}

function filesOf(state: RegionState, { results, output }: Wanted): readonly OutputFile[] {
  const names = new Set<string>()
  return results.flatMap((row) => {
    // Results for several disks have the same name: their ids tell them apart.
    const base = row.name.replaceAll('/', '_').replace(/^_+/, '').slice(0, 80)
    const name = names.has(base) ? `${base}-${row.id}` : base
    names.add(name)
    const { output: combined, stdout, stderr, result } = outputsOf(state.scriptOutputs.get(row.id))
    const all = {
      ...{ combined: { name: `${name}.txt`, text: combined } },
      ...{ stdout: { name: `${name}.out`, text: stdout } },
      ...{ stderr: { name: `${name}.err`, text: stderr } },
      ...{ result: { name: `${name}.yaml`, text: result } },
    }
    return output === 'all' ? Object.values(all) : [all[output]]
  })
}

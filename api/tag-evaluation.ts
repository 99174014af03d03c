// Automatic tags: a tag with a definition is on exactly those machines whose hardware its definition is true of. Evaluated
// by the region that is asked, after what changed is in its state: a tag that is made or changed against all machines, a
// machine that is made or changed against all definitions. Whichever comes second sees the other. What a region that
// dies leaves undone, `rebuild` does.
import { Worker } from 'node:worker_threads'
import type { SystemId } from '#model/ids.ts'
import type { Machine } from '#model/machine.ts'
import { describeError } from '#platform/system.ts'
import type { Tag } from '#model/objects.ts'
import { objectsOf } from '#state/object-query.ts'
import type { Call } from './call.ts'
import { fieldError } from './errors.ts'
import { hardwareXml } from './hardware-xml.ts'
import type { MatcherInput, MatcherOutput } from './tag-matcher.ts'

/** Of one definition over all machines; 10,000 take a few seconds. */
const EVALUATION_MS_MAX = 30_000
/** Of one definition over nothing, on a busy host. */
const CHECK_MS_MAX = 10_000
/** Of the thread, which a definition may fill. */
const MEMORY_MIB_MAX = 512
/** In one command. */
const ASSIGNED_MAX = 5_000

/** Throws a field's error unless `definition` can be evaluated at all. */
export async function checkDefinition(definition: string): Promise<void> {
  const [output] = await evaluate([{ definition, documents: ['<list/>'] }], CHECK_MS_MAX)
  if (output !== undefined && 'matched' in output) return
  throw fieldError('definition', `Invalid xpath expression: ${output?.wrong ?? 'unknown'}.`)
}

/** Null when it is done; else why the definition could not be evaluated, and the tag is where it was. */
export async function evaluateTag(call: Call, tag: Tag): Promise<string | null> {
  if (tag.definition === '') return null
  const state = call.after()
  const machines = [...state.machines.values()]
  const documents = machines.map((machine) => hardwareXml(state, machine))
  const [output] = await evaluate([{ definition: tag.definition, documents }])
  if (output === undefined || 'wrong' in output) return output?.wrong ?? 'nothing came of it'
  const matched = new Set(output.matched)
  const wrong = machines.filter(
    ({ tagNames }, at) => tagNames.includes(tag.name) !== matched.has(at),
  )
  await assign(call, tag.name, wrong)
  return null
}

/** Against every definition that there is. A definition that cannot be evaluated leaves its tag as it is. */
export async function evaluateMachine(call: Call, systemId: SystemId): Promise<void> {
  const state = call.after()
  const machine = state.machines.get(systemId)
  const tags = objectsOf(state, 'tags').filter(({ definition }) => definition !== '')
  if (machine === undefined || tags.length === 0) return
  const documents = [hardwareXml(state, machine)]
  const outputs = await evaluate(tags.map(({ definition }) => ({ definition, documents })))
  for (const [at, { name }] of tags.entries()) {
    const output = outputs[at]
    if (output === undefined || 'wrong' in output) continue
    const isWrong = machine.tagNames.includes(name) !== output.matched.length > 0
    if (isWrong) await assign(call, name, [machine])
  }
}

/** `wrong`: those that have it and should not, or the other way round. */
async function assign(call: Call, name: string, wrong: readonly Machine[]): Promise<void> {
  for (let at = 0; at < wrong.length; at += ASSIGNED_MAX) {
    const some = wrong.slice(at, at + ASSIGNED_MAX)
    const has = ({ tagNames }: Machine): boolean => tagNames.includes(name)
    const idOf = ({ systemId }: Machine): SystemId => systemId
    const add = some.filter((machine) => !has(machine)).map(idOf)
    await call.propose({ type: 'tag.assign', name, add, remove: some.filter(has).map(idOf) })
  }
}

/** In a thread that can be ended: an expression may be as dear as its author likes. */
export async function evaluate(
  inputs: readonly MatcherInput[],
  timeoutMs = EVALUATION_MS_MAX,
): Promise<readonly MatcherOutput[]> {
  const worker = new Worker(new URL('./tag-matcher.ts', import.meta.url), {
    ...{ workerData: inputs, resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB_MAX } },
  })
  try {
    return await new Promise((resolve) => {
      const late = setTimeout(() => {
        resolve(inputs.map(() => ({ wrong: 'it takes too long' })))
      }, timeoutMs)
      worker.once('message', (outputs: readonly MatcherOutput[]) => {
        clearTimeout(late)
        resolve(outputs)
      })
      worker.once('error', (error) => {
        clearTimeout(late)
        resolve(inputs.map(() => ({ wrong: describeError(error) })))
      })
    })
  } finally {
    await worker.terminate()
  }
}

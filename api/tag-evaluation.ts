// Automatic tags: a tag with a definition is on exactly those machines whose hardware its definition is true of. Evaluated
// by the region that is asked, after what changed is in its state: a tag that is made or changed against all machines, a
// machine that is made or changed against all definitions. Whichever comes second sees the other. What a region that
// dies leaves undone, `rebuild` does.
import { Worker } from 'node:worker_threads'
import type { SystemId } from '#model/ids.ts'
import type { Machine } from '#model/machine.ts'
import type { Tag } from '#model/objects.ts'
import { objectsOf } from '#state/object-query.ts'
import type { Call } from './call.ts'
import { Rejection } from './errors.ts'
import { hardwareXml } from './hardware-xml.ts'
import type { MatcherInput, MatcherOutput } from './tag-matcher.ts'

/** Of one definition over all machines; 10,000 take a few seconds. */
const EVALUATION_MS_MAX = 30_000
/** In one command. */
const ASSIGNED_MAX = 5_000

/** Throws BAD_REQUEST when the definition cannot be evaluated, or not in time. */
export async function evaluateTag(call: Call, tag: Tag): Promise<void> {
  if (tag.definition === '') return
  const state = call.after()
  const machines = [...state.machines.values()]
  const documents = machines.map((machine) => hardwareXml(state, machine))
  const [output] = await evaluate([{ definition: tag.definition, documents }])
  if (output === undefined || 'wrong' in output) {
    const why = output?.wrong ?? 'nothing came of it'
    throw new Rejection('BAD_REQUEST', `The definition cannot be evaluated: ${why}.`)
  }
  const matched = new Set(output.matched)
  const wrong = machines.filter(
    ({ tagNames }, at) => tagNames.includes(tag.name) !== matched.has(at),
  )
  await assign(call, tag.name, wrong)
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
  const worker = new Worker(new URL('./tag-matcher.ts', import.meta.url), { workerData: inputs })
  try {
    return await new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        resolve(inputs.map(() => ({ wrong: 'it takes too long' })))
      }, timeoutMs)
      worker.once('message', (outputs: readonly MatcherOutput[]) => {
        clearTimeout(late)
        resolve(outputs)
      })
      worker.once('error', (error) => {
        clearTimeout(late)
        reject(error)
      })
    })
  } finally {
    await worker.terminate()
  }
}

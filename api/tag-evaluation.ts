// Automatic tags: a tag with a definition is on exactly those machines whose hardware its definition is true of. The region
// that is asked evaluates a tag that is made or changed against all machines, a machine that is made or changed
// against all definitions, and does so again until a round finds nothing wrong: what changed meanwhile, here or at
// another region, was either seen by the last round or is evaluated by whoever changed it. What a region that dies leaves
// undone, `rebuild` does.
import type { SystemId } from '#model/ids.ts'
import type { Machine } from '#model/machine.ts'
import type { Tag } from '#model/objects.ts'
import { systemClock } from '#platform/system.ts'
import { objectOf, objectsOf } from '#state/object-query.ts'
import type { RegionState } from '#state/state.ts'
import type { Call } from './call.ts'
import { fieldError } from './errors.ts'
import { hardwareXml } from './hardware-xml.ts'
import { evaluate, TOO_LONG } from './xpath-thread.ts'

/** Of one definition over all machines, whatever rounds that takes. */
const TAG_MS_MAX = 30_000
/** Of one definition over one machine, or over nothing. */
const ONE_MS_MAX = 2_000
/** Documents are made and sent in pieces, so that a region with 10,000 machines keeps its heartbeats. */
const MACHINES_AT_ONCE = 200
const ROUNDS_MAX = 5

/** Definitions that took too long: no machine waits for one again until it is evaluated whole. */
const tooDear = new Set<string>()
const TOO_DEAR_MAX = 1_000

/** Throws a field's error unless `definition` can be evaluated at all. */
export async function checkDefinition(definition: string): Promise<void> {
  const output = await evaluate({ definition, documents: ['<list/>'] }, ONE_MS_MAX)
  if ('matched' in output) return
  throw fieldError('definition', `Invalid xpath expression: ${output.wrong}.`)
}

/** Null when it is done; else why the definition could not be evaluated: the tag may be where it was. */
export async function evaluateTag(call: Call, { id }: Pick<Tag, 'id'>): Promise<string | null> {
  const endMs = systemClock.monotonicMs() + TAG_MS_MAX
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const tag = objectOf(call.after(), 'tags', id)
    if (tag === undefined || tag.definition === '') return null
    const found = await evaluateRound(call, tag, endMs)
    if (found.why !== null) {
      if (found.why === TOO_LONG) remember(tag.definition)
      return found.why
    }
    tooDear.delete(tag.definition)
    if (!found.changed) return null
  }
  return 'machines change faster than they are evaluated'
}

async function evaluateRound(
  call: Call,
  { name, definition }: Tag,
  endMs: number,
): Promise<{ readonly why: string | null; readonly changed: boolean }> {
  const ids = [...call.after().machines.keys()]
  let changed = false
  for (let at = 0; at < ids.length; at += MACHINES_AT_ONCE) {
    const state = call.after()
    const machines = ids.slice(at, at + MACHINES_AT_ONCE).flatMap((id) => {
      const machine = state.machines.get(id)
      return machine === undefined ? [] : [machine]
    })
    const documents = machines.map((machine) => hardwareXml(state, machine))
    const output = await evaluate(
      { definition, documents },
      Math.max(1, endMs - systemClock.monotonicMs()),
    )
    if ('wrong' in output) return { why: output.wrong, changed }
    const matched = new Set(output.matched)
    const wrong = machines.filter(
      ({ tagNames }, position) => tagNames.includes(name) !== matched.has(position),
    )
    changed ||= wrong.length > 0
    await assign(call, name, wrong)
  }
  return { why: null, changed }
}

/** Against every definition that there is. One that cannot be evaluated leaves its tag as it is. */
export async function evaluateMachine(call: Call, systemId: SystemId): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (!(await evaluateDefinitions(call, systemId))) return
  }
}

/** True when a tag was given or taken. */
async function evaluateDefinitions(call: Call, systemId: SystemId): Promise<boolean> {
  let changed = false
  for (const { id } of definedTags(call.after())) {
    const state = call.after()
    const machine = state.machines.get(systemId)
    const tag = objectOf(state, 'tags', id)
    if (machine === undefined) return false
    if (tag === undefined || tag.definition === '' || tooDear.has(tag.definition)) continue
    const documents = [hardwareXml(state, machine)]
    const output = await evaluate({ definition: tag.definition, documents }, ONE_MS_MAX)
    if ('wrong' in output) {
      if (output.wrong === TOO_LONG) remember(tag.definition)
      continue
    }
    if (machine.tagNames.includes(tag.name) === output.matched.length > 0) continue
    changed = true
    await assign(call, tag.name, [machine])
  }
  return changed
}

function definedTags(state: RegionState): readonly Tag[] {
  return objectsOf(state, 'tags').filter(({ definition }) => definition !== '')
}

/** `wrong`: those that have it and should not, or the other way round. */
async function assign(call: Call, name: string, wrong: readonly Machine[]): Promise<void> {
  if (wrong.length === 0) return
  const has = ({ tagNames }: Machine): boolean => tagNames.includes(name)
  const idOf = ({ systemId }: Machine): SystemId => systemId
  const add = wrong.filter((machine) => !has(machine)).map(idOf)
  await call.propose({ type: 'tag.assign', name, add, remove: wrong.filter(has).map(idOf) })
}

function remember(definition: string): void {
  if (tooDear.size >= TOO_DEAR_MAX) tooDear.clear()
  tooDear.add(definition)
}

// Runs one transcript and returns it with the outputs that came of it. A script that could not fail is
// itself an error: one without a claim, or in which nothing happened.
import assert from 'node:assert/strict'
import { describeChanges } from './describe.ts'
import { isStep, parseScript, renderScript, ScriptError, type Step } from './script.ts'
import { checkCall, parseCall, Play, type Verb } from './verb.ts'
import { CLAIM_VERBS } from './verbs-claims.ts'
import { CLUSTER_VERBS } from './verbs-cluster.ts'
import { INPUT_VERBS } from './verbs-input.ts'

export const VERBS: Readonly<Record<string, Verb>> = {
  ...CLUSTER_VERBS,
  ...INPUT_VERBS,
  ...CLAIM_VERBS,
}

/** Output of a verb after which nothing moved. */
const NOTHING = '(nothing)'

/** Throws a ScriptError at a wrong line, a claim that does not hold, or a broken assertion of the core. */
export function runScript(file: string, source: string): string {
  const script = parseScript(file, source)
  const steps = script.filter(isStep)
  const play = new Play()
  const outputs = steps.map((step) => runStep(file, play, step))
  const verbs = steps.map(({ text }) => parseCall(text.replace(/^quietly /, '')).verb)
  const end = { file, line: steps.at(-1)?.line ?? 1 }
  const hasClaim = verbs.some((verb) => verb.startsWith('expect'))
  if (!hasClaim) throw new ScriptError(end, 'the script claims nothing: no `expect`')
  const hasEvents = outputs.some((lines, at) => {
    return Object.hasOwn(INPUT_VERBS, verbs[at] ?? '') && !lines.includes(NOTHING)
  })
  if (!hasEvents) throw new ScriptError(end, 'nothing happens in the script')
  return renderScript(script, outputs)
}

function runStep(file: string, play: Play, step: Step): readonly string[] {
  const isQuiet = step.text.startsWith('quietly ')
  const { verb: name, ...call } = parseCall(isQuiet ? step.text.slice(8) : step.text)
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined
  try {
    assert(verb !== undefined, `there is no verb ${name}`)
    checkCall(verb, call)
    if (isQuiet) runQuietly(play, () => verb.run(play, call))
    else verb.run(play, call)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const trace = play.hasStage ? play.stage.takeTrace().slice(-20) : []
    const told = trace.map((line) => `\n  ${line}`).join('')
    throw new ScriptError({ file, line: step.line }, `${step.text}: ${why}${told}`, error)
  }
  const output = play.stage.takeTrace()
  return output.length === 0 ? [NOTHING] : output
}

/** Only what is different afterwards, node by node. */
function runQuietly(play: Play, act: () => void): void {
  const { stage } = play
  const before = stage.up.map(({ raft }) => raft.status())
  act()
  stage.takeTrace()
  for (const old of before) {
    const node = stage.node(old.id)
    if (!node.isUp) continue
    const changes = describeChanges(old, node.raft.status())
    if (changes.length > 0) stage.say(`${old.id}: ${changes.join(', ')}`)
  }
}

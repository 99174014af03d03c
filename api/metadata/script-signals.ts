// What a machine says about one of its scripts becomes its result: found, judged, cut to what is kept, and proposed. The
// output of the script that looks at the hardware becomes the machine's facts. A report that makes no sense is a failed
// result with the reason in its output, never an error: the machine could do nothing about it.
import { HARDWARE_SCRIPT } from '#model/builtin-scripts.ts'
import { AppError } from '#model/errors.ts'
import type { SystemId } from '#model/ids.ts'
import type { Machine } from '#model/machine.ts'
import {
  RESULT_TYPE,
  SCRIPT_STATUS as S,
  type ScriptResult,
  type ScriptStatus,
} from '#model/script-result.ts'
import { isOpen } from '#model/script-status.ts'
import type { Region } from '#node/region.ts'
import type { Actor, CommandOf } from '#state/command.ts'
import { currentResults, currentSetOf } from '#state/script-query.ts'
import type { RegionState } from '#state/state.ts'
import { parseFoundHardware } from '../hardware-details.ts'

export type SignalReport = {
  readonly systemId: SystemId
  readonly status: CommandOf<'machine.signal'>['status']
  readonly resultId: number | null
  readonly scriptName: string | null
  readonly exitStatus: number | null
  readonly runtimeMs: number | null
  /** By the name of the part: `<script>.out`, `.err`, `.yaml`, or `<script>` for all output. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

type Report = CommandOf<'scriptResult.report'>
type Outputs = Pick<Report, 'output' | 'stdout' | 'stderr' | 'result'>

const KEPT_BYTES = 64 << 10
/** Of a hardware report; what is longer is not read. */
const FACTS_BYTES_MAX = 1 << 20
const RUNTIME_MS_MAX = 30 * 24 * 3_600_000

const NOBODY: Actor = {
  ...{ kind: 'system', userId: null, username: '', remoteAddress: '', requestId: '' },
}

/**
 * Resolves when it is committed, or when the signal is about no script of the machine's newest sets. Rejects as
 * `Region.propose` does: the machine says it again.
 */
export async function recordSignal(
  region: Region,
  machine: Machine,
  report: SignalReport,
): Promise<void> {
  const { state } = region.local()
  const row = resultNamed(state, machine, report)
  if (row === undefined) return
  const status = statusOf(report)
  const outputs = outputsOf(report, row.name)
  const isHardware = row.scriptId === null && row.name === HARDWARE_SCRIPT
  // Said again it is not applied again: the machine may have been changed since.
  const isFacts = isHardware && status === S.PASSED && isOpen(row.status)
  const wrong = isFacts ? await proposeFacts(region, machine, report) : null
  const judged = wrong === null ? { status, ...outputs } : failed(outputs, wrong)
  const { outcome } = await region.propose(
    {
      type: 'scriptResult.report',
      systemId: machine.systemId,
      resultId: row.id,
      exitStatus: exitStatusOf(report),
      runtimeMs: runtimeOf(report),
      ...judged,
    },
    { actor: NOBODY },
  )
  if (!outcome.ok && isOurs(outcome.code)) throw new AppError(outcome.code, outcome.message)
}

/** Of a newer set, or gone: what was said is about nothing that anybody waits for. */
function isOurs(code: string): boolean {
  return code !== 'NOT_FOUND' && code !== 'CONFLICT'
}

const TYPES = [RESULT_TYPE.COMMISSIONING, RESULT_TYPE.TESTING, RESULT_TYPE.INSTALLATION]

/** By its id; without one by its name, the first that is still open. */
function resultNamed(
  state: RegionState,
  { systemId }: Machine,
  { resultId, scriptName }: SignalReport,
): ScriptResult | undefined {
  if (resultId !== null) {
    const row = state.scriptResults.get(resultId)
    const set = row === undefined ? undefined : state.scriptSets.get(row.setId)
    if (row === undefined || set === undefined) return undefined
    // The newest of this machine: another machine's is never that.
    return currentSetOf(state, systemId, set.type)?.id === set.id ? row : undefined
  }
  if (scriptName === null) return undefined
  const named = TYPES.flatMap((type) => currentResults(state, systemId, type)).filter(
    ({ name }) => name === scriptName,
  )
  return named.find(({ endedWall }) => endedWall === null) ?? named[0]
}

/** By the script's own word in its result, else by its exit status; without one it runs. */
function statusOf(report: SignalReport): ScriptStatus {
  const exitStatus = exitStatusOf(report)
  if (report.status === 'TIMEDOUT') return S.TIMED_OUT
  if (report.status === 'INSTALLING')
    return failsWith(exitStatus, S.INSTALLING, S.FAILED_INSTALLING)
  if (report.status === 'APPLYING_NETCONF') {
    return failsWith(exitStatus, S.APPLYING_NETCONF, S.FAILED_APPLYING_NETCONF)
  }
  if (exitStatus === null) return S.RUNNING
  return ownWord(report) ?? (exitStatus === 0 ? S.PASSED : S.FAILED)
}

function failsWith(exitStatus: number | null, under: ScriptStatus, failure: ScriptStatus) {
  return exitStatus === null || exitStatus === 0 ? under : failure
}

const WORDS: Readonly<Record<string, ScriptStatus>> = {
  ...{ passed: S.PASSED, failed: S.FAILED, degraded: S.DEGRADED, skipped: S.SKIPPED },
  timedout: S.TIMED_OUT,
}

/** `status:` at the beginning of a line of the YAML that the script left at RESULT_PATH. */
function ownWord({ files }: SignalReport): ScriptStatus | undefined {
  const yaml = [...files].find(([name]) => name.endsWith('.yaml'))?.[1]
  if (yaml === undefined) return undefined
  const text = Buffer.from(yaml.subarray(0, KEPT_BYTES)).toString('utf8')
  const word = /^status:[ \t]*['"]?([a-z]+)['"]?[ \t]*\r?$/m.exec(text)?.[1] ?? ''
  return Object.hasOwn(WORDS, word) ? WORDS[word] : undefined
}

function exitStatusOf({ exitStatus }: SignalReport): number | null {
  const isOne = exitStatus !== null && Number.isInteger(exitStatus) && Math.abs(exitStatus) <= 255
  return isOne ? exitStatus : exitStatus === null ? null : 1
}

function runtimeOf({ runtimeMs }: SignalReport): number | null {
  if (runtimeMs === null || !(runtimeMs >= 0 && runtimeMs <= RUNTIME_MS_MAX)) return null
  return Math.round(runtimeMs)
}

function outputsOf({ files }: SignalReport, name: string): Outputs {
  const of = (ending: string): string => kept(files.get(`${name}${ending}`))
  const [output, stdout, stderr, result] = [of(''), of('.out'), of('.err'), of('.yaml')]
  // All of it is mostly the two one after the other, and is shown as that where it is not kept.
  return { output: output === stdout + stderr ? '' : output, stdout, stderr, result }
}

/** The end of it; what is no UTF-8 is replaced, and zero bytes, which no JSON client likes. */
function kept(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return ''
  const isLong = bytes.length > KEPT_BYTES
  const text = Buffer.from(isLong ? bytes.subarray(-KEPT_BYTES) : bytes)
    .toString('utf8')
    .replaceAll('\0', '\uFFFD')
  if (!isLong) return text
  return `[the last ${KEPT_BYTES} of ${bytes.length} bytes]\n${text}`
}

function failed(outputs: Outputs, why: string): Outputs & { readonly status: ScriptStatus } {
  const line = `${why.slice(0, 150)}\n`
  const output = outputs.output === '' ? '' : `${outputs.output}\n${line}`
  // Room for the reason is kept beside the 64 KiB.
  return { ...outputs, output, stderr: `${outputs.stderr}${line}`, status: S.FAILED }
}

/** Null: they are the machine's facts now. Else why not, in one sentence. */
async function proposeFacts(
  region: Region,
  { systemId }: Machine,
  { files }: SignalReport,
): Promise<string | null> {
  const bytes = files.get(`${HARDWARE_SCRIPT}.out`) ?? files.get(HARDWARE_SCRIPT)
  if (bytes === undefined) return 'The hardware report is missing.'
  if (bytes.length > FACTS_BYTES_MAX) return 'The hardware report is longer than 1 MiB.'
  const facts = parseFoundHardware(Buffer.from(bytes).toString('utf8'))
  if (facts === undefined) return 'The hardware report is no JSON object.'
  const { outcome } = await region.propose(
    { type: 'machine.facts', systemId, facts },
    { actor: NOBODY },
  )
  return outcome.ok ? null : `The hardware report is refused: ${outcome.message}`
}

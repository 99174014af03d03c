// `op=signal` (maas-api §11): the machine tells how its work goes, and what its scripts found.
import { takesFoundBmc } from '#model/life-cycle.ts'
import { parseMac } from '#model/mac-address.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { FOUND_POWER_TYPES } from '#model/power-types.ts'
import type { SignalStatus } from '#state/machine-commands.ts'
import { Rejection } from '../errors.ts'
import { Form, type Input } from '../input.ts'
import { proposeFor, type MachineCall } from './machine-call.ts'
import type { MachineWords } from './machine-words.ts'
import { recordSignal, type SignalReport } from './script-signals.ts'

const STATUSES: readonly SignalStatus[] = [
  ...(['OK', 'FAILED', 'WORKING', 'COMMISSIONING', 'TESTING', 'TIMEDOUT'] as const),
  ...(['INSTALLING', 'APPLYING_NETCONF', 'RELEASING'] as const),
]
/** Of one script, these say nothing about the machine's own work but that it goes on. */
const OF_SCRIPT: ReadonlySet<SignalStatus> = new Set([
  ...(['WORKING', 'TIMEDOUT', 'INSTALLING', 'APPLYING_NETCONF'] as const),
])
/** All other parts are files. */
const FIELDS: ReadonlySet<string> = new Set([
  ...['op', 'status', 'error', 'script_result', 'exit_status', 'name', 'script_name'],
  ...['script_result_id', 'script_version_id', 'runtime', 'power_type', 'power_parameters'],
])
const ERROR_CHARACTERS_MAX = 1_024
const NAME_CHARACTERS_MAX = 255
const FILES_MAX = 16
const POWER_PARAMETERS_MAX = 32

/** Resolves when all of it is committed. Throws BAD_REQUEST with MAAS's texts, CONFLICT in a wrong status. */
export async function takeSignal(call: MachineCall, words: MachineWords): Promise<void> {
  const { input, machine } = call
  const status = statusOf(input)
  const report = reportOf(call, status)
  const error = plain(input.text('error') ?? '', ERROR_CHARACTERS_MAX)
  const power = powerOf(input)
  if (report !== null) await recordSignal(call.region, machine, report)
  if (power !== null && takesFoundBmc(machine)) {
    const { systemId } = machine
    const { tokenKey } = call.token
    await proposeFor(call, { type: 'machine.foundBmc', systemId, tokenKey, ...power })
  }
  const isOfScript = OF_SCRIPT.has(status) && (status !== 'TIMEDOUT' || report !== null)
  if (isOfScript && machine.status !== S.ENTERING_RESCUE_MODE) {
    await words.isAlive(call)
    return
  }
  const { systemId } = machine
  const { tokenKey } = call.token
  await proposeFor(call, { type: 'machine.signal', systemId, tokenKey, status, error })
}

function statusOf(input: Input): SignalStatus {
  const given = input.mandatory('status')
  const status = STATUSES.find((each) => each === given)
  if (status !== undefined) return status
  throw new Rejection('BAD_REQUEST', `Unknown status: '${plain(given, 64)}'`)
}

/** Null: the signal is about no script. */
function reportOf({ input, machine }: MachineCall, status: SignalStatus): SignalReport | null {
  const form = new Form(input)
  const wide = { min: -(2 ** 31), max: 2 ** 31 - 1 }
  const exitStatus = form.integer('exit_status', wide) ?? form.integer('script_result', wide)
  const resultId = form.integer('script_result_id', { min: 1, max: 2 ** 53 - 1 })
  const runtimeMs = runtimeOf(form)
  const names = input.names().filter((name) => !FIELDS.has(name) && !name.startsWith('oauth_'))
  if (names.length > FILES_MAX) form.report('__all__', `A signal has at most ${FILES_MAX} files.`)
  form.check()
  const name = input.text('script_name') ?? input.text('name') ?? ''
  if (resultId === undefined && name === '' && names.length === 0) return null
  const files = new Map<string, Uint8Array>()
  for (const each of names) {
    files.set(plain(each, NAME_CHARACTERS_MAX), input.bytes(each) ?? new Uint8Array())
  }
  return {
    ...{ systemId: machine.systemId, status, files, runtimeMs },
    ...{ resultId: resultId ?? null, exitStatus: exitStatus ?? null },
    scriptName: name === '' ? null : plain(name, NAME_CHARACTERS_MAX),
  }
}

/** Seconds with a fraction; in one week nothing runs longer. */
function runtimeOf(form: Form): number | null {
  const text = form.input.text('runtime') ?? ''
  if (text === '') return null
  const seconds = /^\d{1,7}(?:\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(seconds)) form.report('runtime', 'Enter seconds.')
  return Math.round(seconds * 1_000)
}

/** The BMC that a script found. Throws BAD_REQUEST. */
function powerOf(input: Input) {
  const powerType = input.text('power_type') ?? ''
  if (powerType === '') return null
  if (!FOUND_POWER_TYPES.has(powerType)) throw malformed('power_type')
  const powerParameters: Record<string, string> = {}
  const given = parseObject(input.text('power_parameters') ?? '{}')
  for (const [name, value] of Object.entries(given).slice(0, POWER_PARAMETERS_MAX)) {
    if (!/^\w{1,64}$/.test(name) || typeof value !== 'string') throw malformed('power_parameters')
    powerParameters[name] = name === 'mac_address' ? macOf(value) : plain(value, 4_096)
  }
  return { powerType, powerParameters }
}

function macOf(text: string): string {
  const mac = parseMac(text)
  if (mac === undefined) throw malformed('power_parameters')
  return mac
}

function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    throw malformed('power_parameters')
  }
  throw malformed('power_parameters')
}

function malformed(name: string): Rejection {
  return new Rejection('BAD_REQUEST', `Failed to parse ${name}.`)
}

/** Cut, and without control characters: it is shown to people. */
export function plain(text: string, charactersMax: number): string {
  const cut = text.slice(0, charactersMax).replaceAll(/\p{Cc}+/gu, ' ')
  // The cut may have left half a character.
  return Buffer.from(cut).toString()
}

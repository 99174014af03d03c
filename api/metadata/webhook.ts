// `status/{system_id}` (maas-api §11): what cloud-init and installers report of their stages. Read, judged and mostly
// forgotten: `machine-words.ts`.
import { MACHINE_STATUS as S, type Machine } from '#model/machine.ts'
import { Rejection } from '../errors.ts'
import { proposeFor, type MachineCall } from './machine-call.ts'
import type { MachineEvent, MachineWords } from './machine-words.ts'
import { recordSignal } from './script-signals.ts'
import { plain } from './signal.ts'

const MANDATORY = ['event_type', 'origin', 'name', 'description'] as const
const FILES_MAX = 16
const NAME_CHARACTERS_MAX = 255
const DESCRIPTION_CHARACTERS_MAX = 512
/** Whose failing says nothing about the machine: without locales cloud-init fails a module of it (lab.md §5). */
const HARMLESS: ReadonlySet<string> = new Set(['modules-config'])

type Report = {
  readonly eventType: string
  readonly origin: string
  readonly name: string
  readonly description: string
  readonly result: string
  readonly resultId: number | null
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** Resolves when what follows from it is committed. Throws BAD_REQUEST. */
export async function takeStatus(
  call: Omit<MachineCall, 'state' | 'input' | 'origins' | 'wallSeconds'>,
  body: Uint8Array,
  words: MachineWords,
): Promise<void> {
  const { region, machine } = call
  const report = parseReport(body)
  const isFailed = report.eventType === 'finish' && report.result.startsWith('FAIL')
  for (const [path, bytes] of report.files) {
    await recordSignal(region, machine, {
      ...{ systemId: machine.systemId, status: 'WORKING', runtimeMs: null },
      ...{ resultId: report.resultId, scriptName: path, files: new Map([[path, bytes]]) },
      exitStatus: isFailed ? 1 : report.result === 'SUCCESS' ? 0 : null,
    })
  }
  const isTop = !report.name.includes('/') && !HARMLESS.has(report.name)
  if (isFailed && isTop && isAtWork(machine)) {
    const error = `${report.origin}: ${report.name} failed: ${report.description}`
    const { systemId } = machine
    const { tokenKey } = call.token
    await proposeFor(call, { type: 'machine.signal', systemId, tokenKey, status: 'FAILED', error })
  }
  const event = eventOf(machine, report, isFailed)
  const isTold = event !== null && (await words.tells(call, event))
  if (!isTold) await words.isAlive(call)
}

/** Where a stage that fails ends the work. */
function isAtWork({ status }: Machine): boolean {
  return (
    status === S.COMMISSIONING ||
    status === S.TESTING ||
    status === S.DEPLOYING ||
    status === S.DISK_ERASING
  )
}

/** Beginnings of stages, and failures; of cloud-init not of each module. */
function eventOf(machine: Machine, report: Report, isFailed: boolean): MachineEvent | null {
  const isStage = report.origin !== 'cloudinit' || !report.name.includes('/')
  if (!isFailed && !(report.eventType === 'start' && isStage)) return null
  const what = `${report.origin} ${isFailed ? 'failed' : 'began'} ${report.name}`
  const installs = machine.status === S.DEPLOYING
  return {
    level: isFailed ? 'ERROR' : 'DEBUG',
    eventType: installs ? 'Node installation' : 'Node status event',
    description: `${what}: ${report.description}`.slice(0, DESCRIPTION_CHARACTERS_MAX),
  }
}

function parseReport(body: Uint8Array): Report {
  const fields = parseFields(body)
  const missing = MANDATORY.filter((name) => fields[name] === undefined)
  if (missing.length > 0) throw bad(`Missing parameter(s) ${missing.join(', ')} in JSON message.`)
  const id = fields['script_result_id']
  return {
    eventType: textOf(fields, 'event_type'),
    origin: textOf(fields, 'origin'),
    name: textOf(fields, 'name'),
    description: textOf(fields, 'description', DESCRIPTION_CHARACTERS_MAX),
    result: fields['result'] === undefined ? '' : textOf(fields, 'result'),
    resultId: Number.isSafeInteger(id) && Number(id) > 0 ? Number(id) : null,
    files: filesOf(fields['files']),
  }
}

function parseFields(body: Uint8Array): Readonly<Record<string, unknown>> {
  if (body.some((byte) => byte > 127)) throw bad('Status payload must be ASCII-only.')
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body).toString('latin1'))
  } catch {
    throw bad('Status payload is not valid JSON.')
  }
  if (isObject(value)) return value
  throw bad('Status payload is not a JSON object.')
}

function textOf(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  max = NAME_CHARACTERS_MAX,
): string {
  const value = fields[name]
  if (typeof value === 'string') return plain(value, max)
  throw bad(`${name} must be a text.`)
}

function filesOf(value: unknown): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  if (value === undefined || value === null) return files
  if (!Array.isArray(value)) throw bad('files must be a list.')
  if (value.length > FILES_MAX) throw bad(`A message has at most ${FILES_MAX} files.`)
  for (const each of value as readonly unknown[]) {
    if (!isObject(each)) throw bad('A file must be an object.')
    files.set(textOf(each, 'path'), contentOf(each))
  }
  return files
}

/** Of what is compressed a note: nothing here reads bzip2. */
function contentOf(file: Readonly<Record<string, unknown>>): Uint8Array {
  const { encoding, compression, content } = file
  if (encoding !== 'base64') throw bad(`Invalid encoding: ${plain(String(encoding), 32)}`)
  if (typeof content !== 'string') throw bad('content must be a text.')
  const bytes = Buffer.from(content, 'base64')
  if (compression === undefined || compression === null) return bytes
  const how = plain(typeof compression === 'string' ? compression : 'unknown', 32)
  return Buffer.from(`[${bytes.length} bytes of ${how}, which are not kept]\n`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function bad(message: string): Rejection {
  return new Rejection('BAD_REQUEST', message)
}

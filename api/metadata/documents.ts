// What stands below a version: the documents of a machine that signs, and those for one that nobody knows.
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { bytes, NO_CONTENT, text, type Answer } from '../call.ts'
import { Rejection } from '../errors.ts'
import { runsFromMemory } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { installUserData } from './install-user-data.ts'
import { proposeFor, type MachineCall } from './machine-call.ts'
import { enlistMetaData, metaData } from './meta-data.ts'
import type { Place } from './path.ts'
import type { MachineWords } from './machine-words.ts'
import { commissioningTar, scriptArchive } from './script-archive.ts'
import { takeSignal } from './signal.ts'
import { enlistUserData, hasUserData, userData } from './user-data.ts'

const META_DATA = /^meta-data(?:\/(.*))?$/

type Wanted = {
  readonly place: Place
  readonly name: string
  readonly method: 'GET' | 'POST'
}

/** Throws NOT_FOUND, which cloud-init takes for "there is none". */
export async function answerDocument(
  call: MachineCall & { readonly isHead: boolean },
  { place, name, method }: Wanted,
  words: MachineWords,
): Promise<Answer> {
  const { state, machine } = call
  if (method === 'POST') {
    if (name === '') return answerOp(call, words)
    const headers = { Allow: 'GET' }
    throw new Rejection('BAD_REQUEST', 'Method Not Allowed', { status: 405, headers })
  }
  const meta = META_DATA.exec(name)
  if (meta !== null) return found(metaData(state, machine, meta[1] ?? ''))
  switch (name) {
    case '':
      return text(listing(call))
    case 'user-data':
      return answerUserData(call, place)
    case 'maas-scripts':
      return archive(scriptArchive(state, machine.systemId), 'application/x-tar')
    case 'maas-commissioning-scripts':
      return archive(commissioningTar(state, machine.systemId), 'application/x-tar')
    default:
      throw absent()
  }
}

function listing(call: MachineCall): string {
  const names = ['maas-commissioning-scripts', 'meta-data']
  return [...names, ...(hasUserData(call) ? ['user-data'] : [])].join('\n')
}

/** To ask whether it is there is not to fetch it. */
async function answerUserData(
  call: MachineCall & { readonly isHead: boolean },
  place: Place,
): Promise<Answer> {
  if (call.isHead) return hasUserData(call) ? bytes(Buffer.alloc(0)) : found(undefined)
  if (place !== 'curtin') return bytes(await userData(call))
  // Our installer is for what installs: what runs from memory would lose its disks by it.
  const isInstalling = call.machine.status === S.DEPLOYING
  if (!isInstalling || runsFromMemory(call.state, call.machine.systemId)) throw absent()
  return bytes(Buffer.from(await installUserData(call)))
}

function archive(content: Uint8Array | null, contentType: string): Answer {
  if (content === null) return NO_CONTENT
  const { buffer, byteOffset, length } = content
  return bytes(Buffer.from(buffer, byteOffset, length), contentType)
}

async function answerOp(call: MachineCall, words: MachineWords): Promise<Answer> {
  const { systemId } = call.machine
  const op = call.input.text('op') ?? ''
  switch (op) {
    case 'signal':
      await takeSignal(call, words)
      break
    case 'netboot_off':
    case 'netboot_on':
      await proposeFor(call, {
        ...{ type: 'machine.netboot', systemId, on: op === 'netboot_on' },
        tokenKey: call.token.tokenKey,
      })
      break
    default:
      throw new Rejection('BAD_REQUEST', 'Unrecognised signature: method=POST, no such op')
  }
  return text('OK')
}

/** No secrets: anybody may ask. */
export async function answerEnlistDocument(
  state: RegionState,
  at: Pick<MachineCall, 'origins' | 'wallSeconds'>,
  name: string,
): Promise<Answer> {
  const meta = META_DATA.exec(name)
  if (meta !== null) return found(enlistMetaData(meta[1] ?? ''))
  if (name === '') return text('meta-data\nuser-data')
  if (name === 'user-data') return bytes(await enlistUserData(state, at))
  // Nothing is run before the machine is known.
  if (name === 'maas-scripts') return NO_CONTENT
  throw absent()
}

function found(document: string | undefined): Answer {
  if (document === undefined) throw absent()
  return text(document)
}

function absent(): Rejection {
  return new Rejection('NOT_FOUND', 'Not Found')
}

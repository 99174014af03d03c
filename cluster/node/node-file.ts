// What a region node needs to start: `node.json` and its keys, written once at bootstrap, and the
// incarnation that counts its starts. Everything else is in the replicated state.
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { PeerAddress } from '#protocol/join.ts'

export type NodeFile = {
  readonly version: 1
  readonly clusterId: string
  readonly nodeId: string
  /** Where this node listens. */
  readonly host: string
  readonly apiPort: number
  readonly peerPort: number
  /**
   * The members when the node was made, itself included (its own is the address that it advertises, which
   * need not be where it listens); the replicated rows count from their first on.
   */
  readonly peers: readonly PeerAddress[]
  /** Voters before the first entry; of a node that joined, those of that moment, which it is none of. */
  readonly firstVoters: readonly string[]
}

/** In the directory of a node that has joined, until its log holds something: an id that never voted. */
export const JOINED_MARK = 'joined.new'

/** Throws BAD_REQUEST when the directory is not a node's, or its file is of another version. */
export async function readNodeFile(directory: string): Promise<NodeFile> {
  const path = join(directory, 'node.json')
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError('BAD_REQUEST', `${directory} is not the directory of a region node.`, {
      cause,
    })
  })
  const value: unknown = JSON.parse(text)
  if (!isNodeFile(value)) {
    throw new AppError('BAD_REQUEST', `${path} is not a node file of version 1.`)
  }
  return value
}

/**
 * A number for this life that no earlier one had, durable before anybody can hear of it (pitfall C10): one
 * more than the last, or the seconds of the wall clock. A disk that was set back would count a second time;
 * the clock makes that unlikely, and that others know a higher number is what safety rests on.
 */
export async function nextIncarnation(directory: string, wallMs: number): Promise<number> {
  const path = join(directory, 'incarnation')
  const last = Number(await readFile(path, 'utf8').catch(() => '0'))
  if (!Number.isSafeInteger(last) || last < 0) {
    throw new AppError('STORAGE_DAMAGED', `${path} does not hold a number.`)
  }
  const next = Math.max(last + 1, Math.floor(wallMs / 1_000))
  await writeDurably(path, `${next}\n`)
  return next
}

/** Temporary file → sync → rename → sync of the directory. */
export async function writeDurably(path: string, text: string, mode = 0o600): Promise<void> {
  const directory = join(path, '..')
  await mkdir(directory, { recursive: true })
  const file = await open(`${path}.tmp`, 'w', mode)
  await file.writeFile(text)
  await file.sync()
  await file.close()
  await rename(`${path}.tmp`, path)
  const handle = await open(directory, 'r')
  await handle.sync()
  await handle.close()
}

function isNodeFile(value: unknown): value is NodeFile {
  if (typeof value !== 'object' || value === null) return false
  const file = value as Partial<NodeFile>
  return (
    file.version === 1 &&
    [file.clusterId, file.nodeId, file.host].every((text) => typeof text === 'string') &&
    [file.apiPort, file.peerPort].every(Number.isInteger) &&
    Array.isArray(file.peers) &&
    Array.isArray(file.firstVoters)
  )
}

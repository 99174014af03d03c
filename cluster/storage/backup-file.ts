// The backup file: a file of chunks like a snapshot's, whose header says of what cluster and moment it is.
// It is written as a stream by whoever has the rows and read from a file by whoever restores them.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { AppError } from '#model/errors.ts'
import {
  type ChunkFileKind,
  encodeChunkHeader,
  encodeHeader,
  encodeTrailer,
  readChunks,
  readDescription,
} from './chunk-file.ts'

const KIND: ChunkFileKind = { magic: 'IRONBACK', version: 1, what: 'a backup', damaged }

export type BackupHeader = {
  readonly clusterId: string
  /** Everything acknowledged before the backup began has a revision up to this one. */
  readonly revision: number
  /** Log time of that revision, ms. */
  readonly stamp: number
  readonly featureLevel: number
  /** Unix ms at the node that made it; display only. */
  readonly createdWall: number
  readonly productVersion: string
}

export type BackupDescription = {
  readonly header: BackupHeader
  /** Hex, over the content. */
  readonly sha256: string
  readonly sizeBytes: number
}

/** The bytes of the file, in pieces; the digest comes last, as the trailer. */
export async function* encodeBackup(
  header: BackupHeader,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield encodeHeader(KIND, header)
  const hash = createHash('sha256')
  let chunkCount = 0
  let sizeBytes = 0
  for await (const chunk of chunks) {
    hash.update(chunk)
    chunkCount++
    sizeBytes += chunk.byteLength
    yield encodeChunkHeader(chunk)
    yield chunk
  }
  yield encodeTrailer({ chunkCount, sizeBytes, sha256: hash.digest() })
}

/** Throws NOT_FOUND, STORAGE_DAMAGED (also for what is no backup) and UNSUPPORTED_VERSION. */
export async function describeBackup(path: string): Promise<BackupDescription> {
  const file = await openFile(path)
  try {
    const { header, sha256, sizeBytes } = await readDescription({ kind: KIND, file, path })
    return { header: checkHeader(header, path), sha256, sizeBytes }
  } finally {
    await file.close()
  }
}

/** Its chunks; the last step of the iteration throws STORAGE_DAMAGED when the whole is wrong. */
export async function* readBackup(path: string): AsyncGenerator<Uint8Array> {
  const file = await openFile(path)
  try {
    yield* readChunks({ kind: KIND, file, path })
  } finally {
    await file.close()
  }
}

function damaged(path: string, what: string): AppError {
  return new AppError('STORAGE_DAMAGED', `${path}: ${what}. Nothing is restored from it.`)
}

async function openFile(path: string) {
  return open(path, 'r').catch((cause: unknown) => {
    throw new AppError('NOT_FOUND', `${path} cannot be opened.`, { cause })
  })
}

function checkHeader(value: unknown, path: string): BackupHeader {
  const header = value as Partial<BackupHeader>
  const numbers = [header.revision, header.stamp, header.featureLevel, header.createdWall]
  const sound =
    typeof header.clusterId === 'string' &&
    typeof header.productVersion === 'string' &&
    numbers.every((number) => Number.isFinite(number))
  if (!sound) throw damaged(path, 'its header is not that of a backup')
  return header as BackupHeader
}

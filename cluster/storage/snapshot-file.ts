// The snapshot file: a file of chunks whose header is the snapshot's meta. The chunk bytes alone, in their
// borders, are what travels between nodes.
import type { FileHandle } from 'node:fs/promises'
import type { SnapshotMeta } from '#raft/types.ts'
import { damaged } from './damage.ts'
import {
  type ChunkFileKind,
  encodeHeader,
  type OpenChunkFile,
  readDescription,
} from './chunk-file.ts'

const KIND: ChunkFileKind = { magic: 'IRONSNAP', version: 1, what: 'a snapshot', damaged }

export type SnapshotFile = {
  readonly meta: SnapshotMeta
  /** Hex, over all chunk bytes. */
  readonly sha256: string
  /** Sum of chunk bytes. */
  readonly sizeBytes: number
}

export function encodeSnapshotHeader(meta: SnapshotMeta): Buffer {
  return encodeHeader(KIND, meta)
}

export function asSnapshot(file: FileHandle, path: string): OpenChunkFile {
  return { kind: KIND, file, path }
}

/** Throws STORAGE_DAMAGED, UNSUPPORTED_VERSION. */
export async function describeSnapshot(file: FileHandle, path: string): Promise<SnapshotFile> {
  const { header, sha256, sizeBytes } = await readDescription(asSnapshot(file, path))
  return { meta: header as SnapshotMeta, sha256, sizeBytes }
}

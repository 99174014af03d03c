// What is on its way to become an image: uploads in pieces, the import by simplestreams; and which region has which
// file. The bytes are on the regions' disks, the rows say what they are for.
import type { BootFileKind } from './boot.ts'
import type { BootResourceId, SystemId } from './ids.ts'

/** A file of which a client sends the pieces. Keyed by `id`. */
export type BootUpload = {
  readonly id: number
  readonly resourceId: BootResourceId
  readonly kind: BootFileKind
  /** Hex, 64 characters. */
  readonly sha256: string
  readonly sizeBytes: number
  readonly title: string
  readonly baseImage: string
  readonly version: string
  /** Who took the first piece: it has all of them. Null before that. */
  readonly regionId: SystemId | null
  /** Said now and then; exact on the disk of that region only. */
  readonly receivedBytes: number
  /** Log time at which it counts as given up. */
  readonly until: number
}

/** `wanted`: no region works on it yet. The last three are ends. */
type ImportStatus = 'wanted' | 'running' | 'done' | 'failed' | 'stopped'

/** The import under way or done last; one row. Keyed by `name`. */
export type ImageImport = {
  readonly name: 'import'
  /** Counts imports. */
  readonly number: number
  readonly status: ImportStatus
  /** Who works or worked on it. */
  readonly regionId: SystemId | null
  /** Log index of the claim; a report with another one is of a region that lost it. */
  readonly fence: number
  /** Log time of the last word of that region. */
  readonly beatAt: number
  /** Somebody asked for its end. */
  readonly isStopping: boolean
  /** What is fetched now; at the end one sentence. */
  readonly message: string
  readonly doneBytes: number
  readonly totalBytes: number
  /** Log time; of an end. */
  readonly endedAt: number | null
  readonly startedWall: number
}

/** Files of boot resources that a region has whole. Keyed by `nodeId`. */
export type BootFileHolder = {
  readonly nodeId: SystemId
  /** Ascending. */
  readonly sha256s: readonly string[]
}

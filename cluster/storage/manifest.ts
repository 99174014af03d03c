// The two numbers of LevelDB's MANIFEST that the scan before opening needs: which write-ahead file must
// exist, and the last sequence number that tables hold (db/version_edit.cc).

export type ManifestState = { readonly logNumber: number; readonly lastSequence: number }

const COMPARATOR = 1
const LOG_NUMBER = 2
const NEXT_FILE_NUMBER = 3
const LAST_SEQUENCE = 4
const COMPACT_POINTER = 5
const DELETED_FILE = 6
const NEW_FILE = 7
const PREVIOUS_LOG_NUMBER = 9

/** `edits` are the records of the MANIFEST in order. A string says what is wrong. */
export function readManifest(edits: readonly Buffer[]): ManifestState | string {
  let state: ManifestState = { logNumber: 0, lastSequence: 0 }
  for (const edit of edits) {
    const next = readEdit(edit, state)
    if (typeof next === 'string') return next
    state = next
  }
  return state
}

function readEdit(edit: Buffer, before: ManifestState): ManifestState | string {
  let { logNumber, lastSequence } = before
  const input = { bytes: edit, position: 0 }
  while (input.position < edit.length) {
    const tag = readVarint(input)
    switch (tag) {
      case COMPARATOR:
        skipString(input)
        break
      case LOG_NUMBER:
        logNumber = readVarint(input)
        break
      case LAST_SEQUENCE:
        lastSequence = readVarint(input)
        break
      case NEXT_FILE_NUMBER:
      case PREVIOUS_LOG_NUMBER:
        readVarint(input)
        break
      case COMPACT_POINTER:
        readVarint(input)
        skipString(input)
        break
      case DELETED_FILE:
        readVarint(input)
        readVarint(input)
        break
      case NEW_FILE:
        for (let field = 0; field < 3; field++) readVarint(input)
        skipString(input)
        skipString(input)
        break
      default:
        return `has the unknown field ${tag}`
    }
  }
  return input.position === edit.length ? { logNumber, lastSequence } : 'has a field cut short'
}

type Input = { readonly bytes: Buffer; position: number }

function readVarint(input: Input): number {
  let value = 0
  for (let scale = 1; ; scale *= 128) {
    const byte = input.bytes[input.position++] ?? 0
    value += (byte & 127) * scale
    if (byte < 128) return value
  }
}

function skipString(input: Input): void {
  const length = readVarint(input)
  input.position += length
}

// The import of images from boot sources: one row says whether one is wanted, under way or ended, and which region has
// it. Its claim is fenced: what a region says that lost it is refused, so two can never publish side by side.
import type { BootResourceId } from '#model/ids.ts'
import type { ImageImport } from '#model/image-import.ts'
import {
  bootResourceNamed,
  retiredOf,
  whyNoFence,
  whyNoFiles,
  whyNoResource,
} from './boot-resources.ts'
import { created, DONE, nextId, refuse, type Context, type Handler } from './context.ts'
import { addEvent } from './events.ts'
import { BOOT_FILE_REPORT_MAX, IMPORT_SILENT_MS } from './limits.ts'

const KEY = 'import'
const SENTENCE_MAX = 500

export const startImport: Handler<'imageImport.start'> = ({ state, now, wall }) => {
  const before = state.imageImports.get(KEY)
  if (before !== undefined && isUnderWay(before) && !before.isStopping) return DONE
  state.imageImports.put(KEY, {
    ...{ name: KEY, number: (before?.number ?? 0) + 1, status: 'wanted', regionId: null },
    ...{ fence: 0, beatAt: now, isStopping: false, message: '', doneBytes: 0, totalBytes: 0 },
    ...{ endedAt: null, startedWall: wall },
  })
  return DONE
}

export const stopImport: Handler<'imageImport.stop'> = (context) => {
  const { state } = context
  const row = state.imageImports.get(KEY)
  if (row === undefined || !isUnderWay(row)) return DONE
  if (row.status === 'wanted') end(context, row, 'stopped', 'Stopped before it began.')
  else state.imageImports.put(KEY, { ...row, isStopping: true })
  return DONE
}

export const claimImport: Handler<'imageImport.claim'> = ({ state, now }, { regionId }) => {
  const row = state.imageImports.get(KEY)
  const isFree =
    row?.status === 'wanted' ||
    (row?.status === 'running' &&
      (row.regionId === regionId || now - row.beatAt >= IMPORT_SILENT_MS))
  if (row === undefined || !isFree) return refuse('CONFLICT', 'No import waits for a region.')
  const fence = state.revision
  state.imageImports.put(KEY, { ...row, status: 'running', regionId, fence, beatAt: now })
  return { ok: true, value: { fence } }
}

export const reportImport: Handler<'imageImport.report'> = ({ state, now }, command) => {
  const row = state.imageImports.get(KEY)
  const refusal = whyNoFence(state, command)
  if (row === undefined || refusal !== null) return refusal ?? DONE
  const { doneBytes, totalBytes } = command
  const message = command.message.slice(0, SENTENCE_MAX)
  state.imageImports.put(KEY, { ...row, message, doneBytes, totalBytes, beatAt: now })
  return DONE
}

export const endImport: Handler<'imageImport.end'> = (context, command) => {
  const { state } = context
  const row = state.imageImports.get(KEY)
  const refusal = whyNoFence(state, command)
  if (row === undefined || refusal !== null) return refusal ?? DONE
  end(context, row, command.result, command.message.slice(0, SENTENCE_MAX))
  return DONE
}

/** Nothing is written for what is there already: racks hear of changes only. */
export const syncBootResource: Handler<'bootResource.sync'> = ({ state, now, wall }, command) => {
  const { name, architecture, title, subarches, version, label, sourceId, files } = command
  const refusal = whyNoFence(state, command) ?? whyNoResource(state, command) ?? whyNoFiles(files)
  if (refusal !== null) return refusal
  const known = bootResourceNamed(state, command)
  if (known?.type === 'Uploaded' || known?.type === 'Generated') {
    return refuse('CONFLICT', `${name} for ${architecture} was uploaded: it is not replaced.`)
  }
  const id = known?.id ?? nextId<BootResourceId>(state, 'bootResources')
  const row = {
    ...{ id, name, architecture, title, type: 'Synced' as const, files, version, label },
    ...{ subarches, sourceId },
  }
  if (known !== undefined && isSame(known, row)) return created(id)
  const retired = retiredOf(state, known, row, now)
  state.bootResources.put(id, { ...row, updatedWall: wall, ...retired })
  return created(id)
}

/** Nodes that are no members any more are forgotten by the way. */
export const reportBootFiles: Handler<'bootFiles.report'> = ({ state }, { nodeId, sha256s }) => {
  if (sha256s.length > BOOT_FILE_REPORT_MAX) {
    return refuse('OVERLOADED', `At most ${BOOT_FILE_REPORT_MAX} files are told.`)
  }
  for (const other of [...state.bootFileHolders.keys()]) {
    if (state.members.get(other)?.status === 'removed') state.bootFileHolders.delete(other)
  }
  if (state.members.get(nodeId)?.status === 'removed') return DONE
  state.bootFileHolders.put(nodeId, { nodeId, sha256s })
  return DONE
}

function isUnderWay({ status }: ImageImport): boolean {
  return status === 'wanted' || status === 'running'
}

function end(
  context: Context,
  row: ImageImport,
  status: 'done' | 'failed' | 'stopped',
  message: string,
): void {
  const { state, now } = context
  state.imageImports.put(KEY, { ...row, status, message, endedAt: now, isStopping: false })
  const isBad = status === 'failed'
  addEvent(context, {
    ...{ systemId: row.regionId, username: '', level: isBad ? 'ERROR' : 'INFO' },
    ...{ type: isBad ? 'Region import error' : 'Region import info', description: message },
  })
}

type Content = Readonly<Record<string, unknown>>

function isSame(known: object, row: object): boolean {
  const parts = ['title', 'version', 'label', 'subarches', 'sourceId', 'files']
  const text = (from: object): string =>
    JSON.stringify(parts.map((part) => canonicalOf((from as Content)[part])))
  return text(known) === text(row)
}

/** Files in the order of their fields: a row that was restored has another one. */
function canonicalOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value
  return value.map((item: unknown) =>
    typeof item === 'object' && item !== null
      ? Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1))
      : item,
  )
}

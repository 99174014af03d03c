// A LogStore that keeps everything in an array: the fast fake for tests of the core and of the node.
import assert from 'node:assert/strict'
import { AppError } from '#model/errors.ts'
import type { Entry, HardState, SnapshotMeta } from '#raft/types.ts'
import type { LogStore } from '#storage/log-store.ts'

type Content = {
  readonly hardState: HardState
  readonly snapshot: SnapshotMeta
  /** firstIndex - 1 and its term. */
  readonly previous: { readonly index: number; readonly term: number }
  readonly entries: readonly Entry[]
}

const EMPTY: Content = {
  hardState: { currentTerm: 0, votedFor: null, commitIndex: 0 },
  snapshot: {
    lastIncludedIndex: 0,
    lastIncludedTerm: 0,
    lastIncludedStamp: 0,
    configuration: {
      voters: [],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    },
  },
  previous: { index: 0, term: 0 },
  entries: [],
}

/** What outlives a store: open it again for a restart. */
export type MemoryLog = {
  readonly open: () => LogStore
  /** Every write from now on fails, as on a broken disk. */
  readonly breakWrites: () => void
}

export function memoryLogStore(): LogStore {
  return memoryLog().open()
}

export function memoryLog(): MemoryLog {
  const medium = { content: EMPTY, broken: false }
  return {
    open: () => openMemory(medium),
    breakWrites: () => {
      medium.broken = true
    },
  }
}

function openMemory(medium: { content: Content; broken: boolean }): LogStore {
  const opened = medium.content.hardState
  let saving = false
  let failed = false
  const commit = async (change: (content: Content) => Content): Promise<void> => {
    await Promise.resolve()
    failed ||= medium.broken
    if (failed) throw new AppError('STORAGE_FAILED', 'The memory log can no longer be written.')
    medium.content = change(medium.content)
  }
  return {
    hardState: () => opened,
    reader: readerOf(() => medium.content),
    sizeBytes: () => {
      return medium.content.entries.reduce((bytes, entry) => bytes + entry.data.byteLength, 0)
    },
    save: async (write) => {
      assert(!saving, 'one save at a time')
      saving = true
      try {
        await commit((content) => {
          const base = write.snapshot === null ? content : resetTo(content, write.snapshot)
          const hardState = write.hardState ?? base.hardState
          const next = { ...base, hardState, entries: replaceFrom(base, write.entries) }
          assert(hardState.commitIndex <= lastIndexOf(next), 'commitIndex is within the log')
          assert(hardState.currentTerm >= lastTermOf(next), 'the term is durable with its entry')
          return next
        })
      } finally {
        saving = false
      }
    },
    compact: (meta, trailingEntries = 0) =>
      commit((content) => {
        assert(meta.lastIncludedIndex <= lastIndexOf(content), 'compaction stays within the log')
        assert(
          meta.lastIncludedIndex >= content.snapshot.lastIncludedIndex,
          'not an older snapshot',
        )
        const firstKept = Math.max(
          content.previous.index + 1,
          meta.lastIncludedIndex + 1 - trailingEntries,
        )
        const dropped = content.entries.filter((entry) => entry.index < firstKept)
        const term = dropped.at(-1)?.term ?? content.previous.term
        return {
          ...content,
          snapshot: meta,
          previous: { index: firstKept - 1, term },
          entries: content.entries.slice(dropped.length),
        }
      }),
    close: () => Promise.resolve(),
  }
}

function readerOf(content: () => Content): LogStore['reader'] {
  return {
    firstIndex: () => content().previous.index + 1,
    lastIndex: () => lastIndexOf(content()),
    termAt: (index) => {
      const { previous, entries } = content()
      return index === previous.index ? previous.term : entries[index - previous.index - 1]?.term
    },
    entries: (from, to, bytesMax) => {
      const { previous, entries } = content()
      assert(from > previous.index && to <= lastIndexOf(content()) + 1, `[${from}, ${to})`)
      const found: Entry[] = []
      let bytes = 0
      for (const entry of entries.slice(from - previous.index - 1, to - previous.index - 1)) {
        bytes += entry.data.byteLength
        if (bytes > bytesMax && found.length > 0) break
        found.push(entry)
      }
      return found
    },
    snapshot: () => content().snapshot,
  }
}

function resetTo(content: Content, snapshot: SnapshotMeta): Content {
  const previous = { index: snapshot.lastIncludedIndex, term: snapshot.lastIncludedTerm }
  return { ...content, snapshot, previous, entries: [] }
}

function replaceFrom(content: Content, entries: readonly Entry[]): readonly Entry[] {
  const first = entries[0]
  if (first === undefined) return content.entries
  const keep = first.index - content.previous.index - 1
  assert(keep >= 0 && keep <= content.entries.length, `entries continue the log at ${first.index}`)
  entries.forEach((entry, i) => assert.equal(entry.index, first.index + i, 'contiguous'))
  return [...content.entries.slice(0, keep), ...entries]
}

function lastIndexOf(content: Content): number {
  return content.previous.index + content.entries.length
}

function lastTermOf(content: Content): number {
  return content.entries.at(-1)?.term ?? content.previous.term
}

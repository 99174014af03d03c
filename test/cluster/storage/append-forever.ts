// A process for kill.test.ts: appends entries to the log in argv[2] and says each index once it is durable.
import { writeSync } from 'node:fs'
import { openLevelLogStore } from '#storage/level-log-store.ts'
import { entries, hardState, logWrite } from '#test/contract/log-store.ts'

const store = await openLevelLogStore(process.argv[2] ?? '')
const term = store.hardState().currentTerm + 1
await store.save(logWrite({ hardState: hardState(term, { votedFor: 'a' }) }))
const data = Buffer.alloc(3_000, 7)
for (let turn = 0; turn < 100_000; turn++) {
  const first = store.reader.lastIndex() + 1
  // Many blocks a save, so that a kill can fall between two writes of one batch.
  await store.save(logWrite({ entries: entries(first, first + 99, { term, data }) }))
  writeSync(1, `${store.reader.lastIndex()}\n`)
}

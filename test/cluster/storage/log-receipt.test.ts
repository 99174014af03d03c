// The receipt: two slots, never ahead of the log, readable whatever a crash tore.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { behindReceipt } from '#storage/log-load.ts'
import { EMPTY_TAIL } from '#storage/log-meta.ts'
import { openReceipt, type ReceiptState } from '#storage/log-receipt.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const at = (batchSequence: number, fields: Partial<ReceiptState> = {}): ReceiptState => ({
  batchSequence,
  currentTerm: 3,
  votedFor: 'node-a',
  lastIndex: 10,
  lastTerm: 2,
  ...fields,
})

const newPath = async (t: Test): Promise<string> => join(await temporaryDirectory(t), 'log.receipt')

t.test('a synced state is found again in every field', async (t) => {
  for (const state of [
    at(7),
    at(2 ** 40, { votedFor: null }),
    at(1, { votedFor: 'ñ'.repeat(200) }),
  ]) {
    const path = await newPath(t)
    const receipt = await openReceipt(path, false)
    await receipt.sync(state)
    await receipt.close()
    const again = await openReceipt(path, true)
    t.same(again.state, state)
    await again.close()
  }
})

t.test('the newest noted state is found after the process died', async (t) => {
  const path = await newPath(t)
  const receipt = await openReceipt(path, false)
  for (let i = 1; i <= 50; i++) receipt.note(at(i))
  await receipt.close()
  const again = await openReceipt(path, true)
  t.equal(again.state.batchSequence, 50)
  await again.close()
})

/** Batch sequences of the two slots once one of them is `expected`. */
async function noted(path: string, expected: number): Promise<number[]> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const bytes = await readFile(path)
    const sequences = [bytes.readUInt32BE(12), bytes.readUInt32BE(524)]
    if (sequences.includes(expected)) return sequences
  }
  throw new Error(`${expected} was never noted`)
}

t.test('a torn slot never hides the last synced state', async (t) => {
  const path = await newPath(t)
  const receipt = await openReceipt(path, false)
  for (let i = 1; i <= 6; i++) {
    await receipt.sync(at(2 * i))
    receipt.note(at(2 * i + 1))
    const sequences = await noted(path, 2 * i + 1)
    const older = (sequences[0] ?? 0) < (sequences[1] ?? 0) ? 0 : 1
    t.equal(sequences[older], 2 * i, 'the note left the synced slot alone')
  }
  await receipt.close()
})

t.test('the first note after opening leaves the newest slot alone', async (t) => {
  const path = await newPath(t)
  for (let i = 1; i <= 4; i++) {
    const receipt = await openReceipt(path, i > 1)
    const before = receipt.state.batchSequence
    receipt.note(at(i))
    await receipt.close()
    t.same(
      (await noted(path, i)).toSorted((a, b) => a - b),
      [before, i],
    )
  }
})

t.test('a receipt is refused when it is missing beside a log, or unreadable', async (t) => {
  const path = await newPath(t)
  await t.rejects(openReceipt(path, true), { code: 'STORAGE_DAMAGED', message: /is missing/ })
  await writeFile(path, Buffer.alloc(1_024, 1))
  await t.rejects(openReceipt(path, true), { code: 'STORAGE_DAMAGED', message: /slots/ })
})

t.test('a log at or ahead of its receipt passes, one behind it does not', async (t) => {
  const tail = {
    ...EMPTY_TAIL,
    batchSequence: 5,
    hardState: { currentTerm: 3, votedFor: 'node-a', commitIndex: 0 },
    lastIndex: 10,
    lastTerm: 2,
  }
  const cases = [
    { name: 'equal', receipt: at(5), refused: null },
    { name: 'older receipt', receipt: at(4, { lastIndex: 99 }), refused: null },
    { name: 'older term', receipt: at(4, { currentTerm: 2, votedFor: 'node-b' }), refused: null },
    { name: 'no vote yet', receipt: at(4, { votedFor: null }), refused: null },
    { name: 'batches lost', receipt: at(6), refused: /lost its tail/ },
    { name: 'term lost', receipt: at(5, { currentTerm: 4 }), refused: /went back to term 3/ },
    { name: 'vote lost', receipt: at(5, { votedFor: 'node-b' }), refused: /forgot its vote/ },
    { name: 'other end', receipt: at(5, { lastIndex: 11 }), refused: /does not end at entry 11/ },
  ]
  for (const c of cases) {
    const found = behindReceipt(tail, c.receipt)
    if (c.refused === null) t.equal(found, null, c.name)
    else t.match(found, c.refused, c.name)
  }
})

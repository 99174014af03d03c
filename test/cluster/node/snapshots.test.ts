// Snapshots of a state that goes on changing: a consistent cut, taken and restored in slices.
import t, { type Test } from 'tap'
import { Pace } from '#node/pace.ts'
import {
  encodeCut,
  readSnapshot,
  restoreChunks,
  stateDigest,
  writeSnapshot,
} from '#node/snapshots.ts'
import { takeCut } from '#state/cut.ts'
import type { RegionState } from '#state/state.ts'
import { emptyState } from '#state/state.ts'
import { openSnapshotStore } from '#storage/snapshot-store.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const ROWS = 5_000
const CONFIGURATION = {
  ...{ voters: ['a'], votersOutgoing: [], learners: [], learnersNext: [] },
  autoLeave: false,
}

function filledState(): RegionState {
  const state = emptyState()
  for (let i = 0; i < ROWS; i++) state.load('settings', `s${i}`, { name: `s${i}`, value: i })
  state.load('cluster', 'cluster', { name: 'cluster', id: 'c', createdWall: 1 })
  state.advance(77, 1_234)
  return state
}

/** Every look at the clock finds the slice over. */
function impatientPace(): Pace {
  const clock = makeFakeClock()
  const monotonicMs = (): number => {
    clock.advance(10)
    return clock.monotonicMs()
  }
  return new Pace({ ...clock, monotonicMs }, 8)
}

/** Runs `each` in every turn of the event loop until `work` ends; counts the turns. */
async function besides<T>(
  work: Promise<T>,
  each: () => void,
): Promise<{ value: T; turns: number }> {
  let turns = 0
  let ended = false
  const turn = (): void => {
    if (ended) return
    turns++
    each()
    setImmediate(turn)
  }
  setImmediate(turn)
  const value = await work.finally(() => (ended = true))
  return { value, turns }
}

async function made(t: Test, state: RegionState, each: () => void = () => {}) {
  const store = await openSnapshotStore(await temporaryDirectory(t), { inForce: () => 0 })
  const at = { term: 3, configuration: CONFIGURATION, pace: impatientPace() }
  const { value, turns } = await besides(writeSnapshot(store, state, at), each)
  return { store, meta: value.meta, turns }
}

t.test(
  'a snapshot is the state of one moment though rows change while it is written',
  async (t) => {
    const state = filledState()
    const digest = stateDigest(state)
    let changes = 0
    const { store, meta } = await made(t, state, () => {
      changes++
      state.advance(77 + changes, 1_234)
      for (const name of ['s0', `s${ROWS - 1}`])
        state.settings.put(name, { name, value: 'changed' })
      state.settings.delete(`s${ROWS - 1 - changes}`)
      state.settings.put(`new-${changes}`, { name: `new-${changes}`, value: null })
    })
    t.ok(changes > 5, `${changes} turns while it was written`)
    t.equal(meta.lastIncludedIndex, 77)
    t.equal(meta.lastIncludedStamp, 1_234)
    const restored = await readSnapshot(store, meta, impatientPace())
    t.equal(stateDigest(restored), digest)
    t.not(stateDigest(state), digest)
  },
)

t.test('the event loop gets its turn after each slice of writing and of restoring', async (t) => {
  const count = ROWS / 500
  const cut = takeCut(filledState())
  const collect = async (): Promise<Uint8Array[]> => {
    const chunks: Uint8Array[] = []
    for await (const chunk of encodeCut(cut, impatientPace())) chunks.push(chunk)
    return chunks
  }
  const written = await besides(collect(), () => {})
  t.ok(written.turns >= count, `${written.turns} turns for ${count} chunks written`)
  async function* memory(): AsyncGenerator<Uint8Array> {
    yield* written.value
  }
  const restored = await besides(restoreChunks(memory(), impatientPace()), () => {})
  t.ok(restored.turns >= count, `${restored.turns} turns for ${count} chunks read`)
  t.equal(stateDigest(restored.value), stateDigest(filledState()))
})

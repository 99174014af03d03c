// One contract, three implementations; and what only the stores on records have.
import t from 'tap'
import { logStoreContract } from '#test/contract/log-store.ts'
import { memoryLog } from '#test/support/memory-log-store.ts'
import { SimulatedDisk } from '#tools/sim/disk/simulated-disk.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { openLevelLogStore } from '#storage/level-log-store.ts'
import type { LogStore } from '#storage/log-store.ts'

logStoreContract(t, 'memory', async () => {
  const log = memoryLog()
  return { open: async () => await Promise.resolve(log.open()), breakWrites: log.breakWrites }
})

logStoreContract(t, 'simulated disk', async () => {
  const disk = await Promise.resolve(new SimulatedDisk())
  return { open: () => disk.open(), breakWrites: () => disk.breakWrites() }
})

logStoreContract(t, 'simulated disk, nothing cached', async () => {
  const disk = await Promise.resolve(new SimulatedDisk({ cacheBytesMax: 0 }))
  return { open: () => disk.open(), breakWrites: () => disk.breakWrites() }
})

for (const cacheBytesMax of [64 << 20, 1_000]) {
  logStoreContract(t, `LevelDB, cache of ${cacheBytesMax} bytes`, async (t) => {
    const dir = await temporaryDirectory(t)
    const opened: LogStore[] = []
    t.teardown(async () => {
      for (const store of opened) await store.close()
    })
    return {
      open: async () => {
        const store = await openLevelLogStore(dir, { cacheBytesMax })
        opened.push(store)
        return store
      },
    }
  })
}

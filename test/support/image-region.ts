// A region with the store of its images, over the memory region.
import { join } from 'node:path'
import type { Test } from 'tap'
import { SUPPORTED_LEVELS } from '#model/feature-level.ts'
import { BootFiles } from '#node/boot-files.ts'
import { BootUploads } from '#node/boot-uploads.ts'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import type { Command } from '#state/command.ts'
import type { ValueOf } from '#state/outcome.ts'
import { makeCountingMetrics, makeLogRecorder } from './counting-metrics.ts'
import { makeFakeClock } from './fake-clock.ts'
import { makeFakeScheduler } from './fake-scheduler.ts'
import { MemoryRegion } from './memory-region.ts'
import { initialise } from './region-state.ts'
import { temporaryDirectory } from './temporary-directory.ts'

export async function makeImageRegion(t: Test, otherRegions: readonly string[] = []) {
  const clock = makeFakeClock()
  const region = new MemoryRegion(clock, { ...initialise(), featureLevel: SUPPORTED_LEVELS.max })
  const directory = join(await temporaryDirectory(t), 'files')
  let free = 2 ** 40
  const freeBytes = async (): Promise<number> => free
  const others = { otherRegions: () => otherRegions, bytesMax: 1 << 30, freeBytes }
  const files = new BootFiles({ directory, ...others })
  const withRoom = (bytes: number): void => {
    free = bytes
  }
  const ok = async <C extends Command>(command: C): Promise<ValueOf<C['type']>> => {
    const { outcome } = await region.propose(command, { actor: SYSTEM_ACTOR })
    if (!outcome.ok) throw new Error(outcome.message)
    return outcome.value as ValueOf<C['type']>
  }
  const failures: unknown[] = []
  const parts = {
    ...{ region, files, clock, uploads: new BootUploads(region, files) },
    ...{ scheduler: makeFakeScheduler(), logger: makeLogRecorder().logger },
    ...{ metrics: makeCountingMetrics(), freeBytes },
    background: (task: Promise<unknown>): void => void task.catch((error) => failures.push(error)),
  }
  const state = () => region.local().state
  return { ...parts, parts, directory, ok, failures, state, withRoom }
}

// Who imports: the leader takes an import that is wanted or whose region fell silent, a region that began anew goes on
// with its own. Until it ends it says every few seconds how far it is; when that is refused, the import is another's.
import { AppError } from '#model/errors.ts'
import type { SystemId } from '#model/ids.ts'
import type { Clock, Logger, Metrics, Scheduler } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import type { Command } from '#state/command.ts'
import { configOf } from '#state/config-keys.ts'
import { IMPORT_SILENT_MS } from '#state/limits.ts'
import type { BootFiles } from '../boot-files.ts'
import type { Region } from '../region.ts'
import { SYSTEM_ACTOR } from '../region-node.ts'
import { runImport, type ImportProgress } from './import-run.ts'

export type ImportDutyOptions = {
  readonly region: Region
  readonly files: BootFiles
  readonly freeBytes: () => Promise<number>
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly metrics: Metrics
  readonly background: (task: Promise<unknown>, name: string) => void
  /** Default 5 s, a twelfth of the silence after which it is another's. */
  readonly everyMs?: number
  readonly idleMs?: number
}

const EVERY_MS = 5_000
const IDLE_MS = 30_000
/** Log time between two imports that nobody asked for, as MAAS has it. */
const AUTO_MS = 3_600_000

export class ImportDuty {
  readonly #options: ImportDutyOptions
  readonly #stopTicks: () => void
  #isBusy = false
  #running: { readonly abort: AbortController; readonly done: Promise<void> } | null = null

  constructor(options: ImportDutyOptions) {
    this.#options = options
    this.#stopTicks = options.scheduler.every(options.everyMs ?? EVERY_MS, () => this.onTick())
  }

  onTick(): void {
    if (this.#isBusy || this.#running !== null) return
    this.#isBusy = true
    const look = this.#look().finally(() => {
      this.#isBusy = false
    })
    this.#options.background(look, 'images.look')
  }

  /** What is under way is broken off: the next leader, or the next life of this node, goes on with it. */
  async close(): Promise<void> {
    this.#stopTicks()
    this.#running?.abort.abort()
    await this.#running?.done
  }

  async #look(): Promise<void> {
    const { region } = this.#options
    const { state } = region.local()
    const isLeader = region.status().leader === region.nodeId
    const row = state.imageImports.get('import')
    const isOwn = row?.status === 'running' && row.regionId === region.nodeId
    const isSilent = row?.status === 'running' && state.stamp - row.beatAt >= IMPORT_SILENT_MS
    if (isOwn || (isLeader && (row?.status === 'wanted' || isSilent))) return this.#claim()
    if (isLeader && this.#isTime()) await this.#propose({ type: 'imageImport.start' })
  }

  #isTime(): boolean {
    const { state } = this.#options.region.local()
    const row = state.imageImports.get('import')
    if (state.bootSourceSelections.size === 0) return false
    if (configOf(state, 'boot_images_auto_import') !== true) return false
    return row === undefined || (row.endedAt !== null && state.stamp - row.endedAt >= AUTO_MS)
  }

  async #claim(): Promise<void> {
    const { region, background } = this.#options
    const regionId = region.nodeId as SystemId
    const command = { type: 'imageImport.claim', regionId } as const
    const { outcome } = await region.propose(command, { actor: SYSTEM_ACTOR })
    // Another one was faster.
    if (!outcome.ok) return
    const abort = new AbortController()
    const done = this.#work(outcome.value.fence, abort).finally(() => {
      this.#running = null
    })
    this.#running = { abort, done }
    background(done, 'images.import')
  }

  async #work(fence: number, abort: AbortController): Promise<void> {
    const { region, files, freeBytes, logger, scheduler, metrics } = this.#options
    let progress: ImportProgress = { message: '', doneBytes: 0, totalBytes: 0 }
    const beat = (): void => {
      if (region.local().state.imageImports.get('import')?.isStopping === true) {
        abort.abort(new AppError('CONFLICT', 'The import was stopped.'))
        return
      }
      this.#propose({ type: 'imageImport.report', fence, ...progress }).then(
        (isDone) => isDone || abort.abort(new AppError('CONFLICT', 'Another region has it.')),
        // Without a leader it goes on: who takes it over changes the fence.
        () => {},
      )
    }
    const stopBeats = scheduler.every(this.#options.everyMs ?? EVERY_MS, beat)
    logger.info('images.import_began', { fence })
    try {
      const message = await runImport({
        ...{ region, files, freeBytes, fence, signal: abort.signal },
        idleMs: this.#options.idleMs ?? IDLE_MS,
        onProgress: (next) => {
          metrics.gauge('ironraft_images_import_bytes', next.doneBytes)
          progress = next
        },
      })
      await this.#end(fence, 'done', message)
    } catch (error) {
      await this.#failed(fence, error, abort.signal)
    } finally {
      stopBeats()
    }
  }

  async #failed(fence: number, error: unknown, signal: AbortSignal): Promise<void> {
    const message = describeError(error)
    const isStopped = this.#options.region.local().state.imageImports.get('import')?.isStopping
    if (isStopped === true) return this.#end(fence, 'stopped', 'The import was stopped.')
    // This node ends, or the import is another's.
    if (signal.aborted) return
    this.#options.logger.warn('images.import_failed', { error: message })
    await this.#end(fence, 'failed', message)
  }

  async #end(fence: number, result: 'done' | 'failed' | 'stopped', message: string): Promise<void> {
    this.#options.metrics.count('ironraft_images_imports_total', { result })
    this.#options.logger.info('images.import_ended', { result, message })
    await this.#propose({ type: 'imageImport.end', fence, result, message })
  }

  async #propose(command: Command): Promise<boolean> {
    const { outcome } = await this.#options.region.propose(command, { actor: SYSTEM_ACTOR })
    return outcome.ok
  }
}

// The files of this region's disk in the long run: what resources name and is missing is fetched from other regions, what
// nobody names goes after an hour, and the cluster is told what is here.
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BootFile } from '#model/boot.ts'
import type { SystemId } from '#model/ids.ts'
import type { Clock, Logger, Metrics, Scheduler } from '#model/ports.ts'
import type { RegionState } from '#state/state.ts'
import { BOOT_FILE_REPORT_MAX } from '#state/limits.ts'
import type { BootFiles } from '../boot-files.ts'
import type { BootUploads } from '../boot-uploads.ts'
import type { Region } from '../region.ts'
import { SYSTEM_ACTOR } from '../region-node.ts'
import { IMPORTS_FOLDER } from './fetch-file.ts'

export type KeeperOptions = {
  readonly region: Region
  readonly files: BootFiles
  readonly uploads: BootUploads
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly metrics: Metrics
  readonly background: (task: Promise<unknown>, name: string) => void
}

const EVERY_MS = 10_000
/** Nobody named or used a file for so long, ms; what is uploaded is named in that time. */
const UNNAMED_MS = 3_600_000
/** A part of an import that nobody went on with, ms. */
const PART_MS = 7 * 24 * 3_600_000

export class ImageKeeper {
  readonly #options: KeeperOptions
  readonly #stopTicks: () => void
  /** Since when nobody names the file, by the monotonic clock. */
  readonly #unnamedSinceMs = new Map<string, number>()
  #working: Promise<void> | null = null
  #isClosed = false
  #noRoomFor = ''

  constructor(options: KeeperOptions) {
    this.#options = options
    this.#stopTicks = options.scheduler.every(EVERY_MS, () => this.onTick())
  }

  onTick(): void {
    if (this.#working !== null || this.#isClosed) return
    this.#working = this.work().finally(() => {
      this.#working = null
    })
    this.#options.background(this.#working, 'images.keep')
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopTicks()
    await this.#working?.catch(() => {})
  }

  /** One round. */
  async work(): Promise<void> {
    const { region, files, uploads, metrics } = this.#options
    const named = namedFiles(region.local().state)
    const missing: BootFile[] = []
    for (const file of named.values()) {
      if (!(await files.has(file.sha256))) missing.push(file)
    }
    metrics.gauge('ironraft_images_missing_files', missing.length)
    for (const file of missing) {
      if (this.#isClosed || !(await this.#fetch(file))) break
    }
    await files.sweepParts()
    await this.#sweepParts()
    if (await this.#isCurrent()) {
      await this.#collect()
      await uploads.sweep()
    }
    await this.#tell()
  }

  /** After a restart the rows may be older than what was promised: nothing is deleted because of them. */
  #isCurrent(): Promise<boolean> {
    return this.#options.region.read('linearizable').then(
      () => true,
      () => false,
    )
  }

  /** False: there is no room. That no region has it is no reason to stop. */
  async #fetch({ sha256, sizeBytes }: BootFile): Promise<boolean> {
    const { files, logger } = this.#options
    if (!(await files.hasRoom(sizeBytes))) {
      // Once, not every ten seconds.
      if (this.#noRoomFor !== sha256) logger.warn('images.no_room', { sha256, bytes: sizeBytes })
      this.#noRoomFor = sha256
      return false
    }
    if (await files.mirror(sha256)) logger.info('images.file_mirrored', { sha256 })
    return true
  }

  async #collect(): Promise<void> {
    const { region, files, clock, logger } = this.#options
    const used = files.takeUsed()
    const nowMs = clock.monotonicMs()
    const here = await files.list()
    const gone = new Set(this.#unnamedSinceMs.keys())
    const named = namedFiles(region.local().state)
    for (const sha256 of here) {
      gone.delete(sha256)
      if (named.has(sha256) || files.isHeld(sha256)) {
        this.#unnamedSinceMs.delete(sha256)
        continue
      }
      const sinceMs = used.has(sha256) ? nowMs : (this.#unnamedSinceMs.get(sha256) ?? nowMs)
      this.#unnamedSinceMs.set(sha256, sinceMs)
      if (nowMs - sinceMs < UNNAMED_MS) continue
      // It may have been named since the round began.
      if (namedFiles(region.local().state).has(sha256)) continue
      await files.remove(sha256)
      this.#unnamedSinceMs.delete(sha256)
      logger.info('images.file_removed', { sha256 })
    }
    for (const sha256 of gone) this.#unnamedSinceMs.delete(sha256)
  }

  async #sweepParts(): Promise<void> {
    const { files, clock } = this.#options
    const folder = join(files.directory, IMPORTS_FOLDER)
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name)
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: clock.wallMs() }))
      if (clock.wallMs() - mtimeMs > PART_MS && !files.isHeld(name)) await rm(path, { force: true })
    }
  }

  /** Only of what resources name; only when it changed. */
  async #tell(): Promise<void> {
    const { region, files } = this.#options
    const { state } = region.local()
    if (state.featureLevel < 3 || region.status().leader === null) return
    const nodeId = region.nodeId as SystemId
    const named = namedFiles(state)
    const here = (await files.list()).filter((sha256) => named.has(sha256))
    const sha256s = here.slice(0, BOOT_FILE_REPORT_MAX)
    const before = state.bootFileHolders.get(nodeId)?.sha256s
    if ((before ?? []).join() === sha256s.join()) return
    const command = { type: 'bootFiles.report', nodeId, sha256s } as const
    await region.propose(command, { actor: SYSTEM_ACTOR })
  }
}

/** Also those of images that were replaced a while ago. */
function namedFiles(state: RegionState): ReadonlyMap<string, BootFile> {
  const rows = [...state.bootResources.values()]
  const files = rows.flatMap((row) => [...row.files, ...(row.retired?.files ?? [])])
  return new Map(files.map((file) => [file.sha256, file]))
}

// Keeps the rack's view on disk, so that a rack that starts with no region in sight still boots the
// machines it knew (D7). First line: SHA-256 of the rest. A damaged or foreign file counts as none:
// the view is a copy, a region sends it again.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import { writeDurably } from './durable-file.ts'
import type { RackView, ViewDump } from './view.ts'

const VERSION = 1
const SAVE_EVERY_MS = 5_000

export type ViewStoreOptions = {
  readonly dir: string
  readonly view: RackView
  readonly logger: Logger
  /** Between two writes at least; default 5 s. */
  readonly saveEveryMs?: number
}

export class ViewStore {
  readonly #options: ViewStoreOptions
  readonly #path: string
  #savedRevision = 0
  #timer: NodeJS.Timeout | undefined
  #saving: Promise<void> = Promise.resolve()

  constructor(options: ViewStoreOptions) {
    this.#options = options
    this.#path = join(options.dir, 'view.json')
  }

  /** Puts the view of the last run into `view`; false when there is none that can be trusted. */
  async load(): Promise<boolean> {
    const { view, logger } = this.#options
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch {
      return false
    }
    const dump = parseView(text)
    if (dump === undefined) {
      logger.warn('rack.view_file_damaged', { path: this.#path })
      return false
    }
    view.load(dump)
    this.#savedRevision = dump.revision
    return true
  }

  /** From now on every change is on disk after `saveEveryMs` at the latest. */
  follow(): void {
    this.#options.view.onChange(() => {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        void this.save()
      }, this.#options.saveEveryMs ?? SAVE_EVERY_MS).unref()
    })
  }

  /** Resolves when the view of this moment is on disk, or the failure is logged. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#write())
    return this.#saving
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.save()
  }

  async #write(): Promise<void> {
    const { view, logger } = this.#options
    if (view.revision === this.#savedRevision) return
    const dump = view.dump()
    try {
      await writeDurably(this.#path, formatView(dump))
      this.#savedRevision = dump.revision
    } catch (error) {
      // The rack serves on from memory; the next change tries again.
      logger.warn('rack.view_not_saved', { path: this.#path, error: describeError(error) })
    }
  }
}

function formatView(dump: ViewDump): string {
  const body = JSON.stringify({ version: VERSION, ...dump })
  return `${digestOf(body)}\n${body}`
}

function parseView(text: string): ViewDump | undefined {
  const end = text.indexOf('\n')
  const body = text.slice(end + 1)
  if (end < 0 || text.slice(0, end) !== digestOf(body)) return undefined
  const value = JSON.parse(body) as ViewDump & { readonly version: number }
  return value.version === VERSION ? value : undefined
}

function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('hex')
}

// Content-addressed files on the rack's disk (D10): fetched on demand, one download for everybody who
// asks, named only when verified, forgotten least recently used first. A file kept from an earlier run is
// verified again before it is served for the first time: disks lie, and a kernel has no checksum of its own.
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { Logger, Metrics } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import { download, type FileToFetch } from './image-download.ts'

export type CachedImage = {
  readonly sizeBytes: number
  /** Call exactly one of the two. Bounds are inclusive; the stream closes the file. */
  readonly stream: (start: number, end: number) => Readable
  readonly close: () => Promise<void>
}

export type ImageCacheOptions = {
  readonly dir: string
  readonly bytesMax: number
  /** API base URLs of the regions, best first. */
  readonly sources: () => readonly string[]
  readonly logger: Logger
  readonly metrics: Metrics
  readonly idleMs?: number
}

type Entry = { readonly sizeBytes: number; isVerified: boolean }

const DOWNLOADS_MAX = 16
/** A kernel or an initrd, not a root filesystem. */
const WHOLE_BYTES_MAX = 128 << 20
const NAME = /^[0-9a-f]{64}$/

export class ImageCache {
  readonly #options: ImageCacheOptions
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>()
  readonly #downloads = new Map<string, Promise<boolean>>()
  readonly #whole = new Map<string, Promise<Buffer | undefined> | WeakRef<Buffer>>()
  readonly #abort = new AbortController()

  constructor(options: ImageCacheOptions) {
    this.#options = options
  }

  /** Takes over what an earlier run left; unfinished downloads are garbage. */
  async start(): Promise<void> {
    const { dir } = this.#options
    await mkdir(dir, { recursive: true })
    const found: { name: string; sizeBytes: number; usedMs: number }[] = []
    for (const name of await readdir(dir)) {
      if (!NAME.test(name)) {
        if (name.endsWith('.part')) await rm(join(dir, name), { force: true })
        continue
      }
      const { size, mtimeMs } = await stat(join(dir, name))
      found.push({ name, sizeBytes: size, usedMs: mtimeMs })
    }
    found.sort((a, b) => a.usedMs - b.usedMs)
    for (const { name, sizeBytes } of found)
      this.#entries.set(name, { sizeBytes, isVerified: false })
    await this.#makeRoom(0)
  }

  /** Undefined when it is not here and no region gave it. */
  async open(file: FileToFetch): Promise<CachedImage | undefined> {
    if (!NAME.test(file.sha256)) return undefined
    // Twice: a file may be evicted or found damaged between the look and the open.
    for (let attempt = 0; attempt < 2; attempt++) {
      if (!(await this.#have(file))) return undefined
      const handle = await open(this.#pathOf(file.sha256), 'r').catch(() => undefined)
      if (handle !== undefined) return this.#opened(file, handle)
      this.#entries.delete(file.sha256)
    }
    return undefined
  }

  /** Whole, for TFTP; one copy for everybody who reads it at the time. Undefined also when it is too long for that. */
  async read(file: FileToFetch): Promise<Buffer | undefined> {
    if (file.sizeBytes > WHOLE_BYTES_MAX) return undefined
    const kept = this.#whole.get(file.sha256)
    const bytes = kept instanceof WeakRef ? kept.deref() : kept
    if (bytes !== undefined) return bytes
    const reading = this.#readWhole(file)
    this.#whole.set(file.sha256, reading)
    const read = await reading.catch(() => undefined)
    if (read === undefined) this.#whole.delete(file.sha256)
    else this.#whole.set(file.sha256, new WeakRef(read))
    return read
  }

  async #readWhole(file: FileToFetch): Promise<Buffer | undefined> {
    const image = await this.open(file)
    if (image === undefined) return undefined
    if (file.sizeBytes > 0) return buffer(image.stream(0, file.sizeBytes - 1))
    await image.close()
    return Buffer.alloc(0)
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await Promise.allSettled(this.#downloads.values())
  }

  #opened(file: FileToFetch, handle: FileHandle): CachedImage {
    const entry = this.#entries.get(file.sha256)
    if (entry !== undefined) {
      this.#entries.delete(file.sha256)
      this.#entries.set(file.sha256, entry)
    }
    return {
      sizeBytes: file.sizeBytes,
      stream: (start, end) => handle.createReadStream({ start, end, highWaterMark: 256 << 10 }),
      close: () => handle.close(),
    }
  }

  /** The file is on disk and right, by now. */
  #have(file: FileToFetch): Promise<boolean> {
    const entry = this.#entries.get(file.sha256)
    if (entry?.isVerified === true) return Promise.resolve(true)
    const underWay = this.#downloads.get(file.sha256)
    if (underWay !== undefined) return underWay
    if (this.#downloads.size >= DOWNLOADS_MAX) return Promise.resolve(false)
    const task = this.#obtain(file, entry)
      .catch((error: unknown) => {
        this.#options.logger.warn('http.image_failed', { error: describeError(error) })
        return false
      })
      .finally(() => this.#downloads.delete(file.sha256))
    this.#downloads.set(file.sha256, task)
    return task
  }

  async #obtain(file: FileToFetch, entry: Entry | undefined): Promise<boolean> {
    if (entry !== undefined) {
      if ((await digestOf(this.#pathOf(file.sha256))) === file.sha256) {
        entry.isVerified = true
        return true
      }
      this.#options.logger.warn('http.image_damaged', { sha256: file.sha256 })
      this.#entries.delete(file.sha256)
      await rm(this.#pathOf(file.sha256), { force: true })
    }
    return this.#fetch(file)
  }

  async #fetch(file: FileToFetch): Promise<boolean> {
    const { logger, metrics, bytesMax, sources, idleMs } = this.#options
    if (file.sizeBytes > bytesMax) {
      logger.warn('http.image_too_large', { sha256: file.sha256, bytes: file.sizeBytes })
      return false
    }
    await this.#makeRoom(file.sizeBytes)
    const path = this.#pathOf(file.sha256)
    const ok = await download(file, {
      sources: sources(),
      path: `${path}.part`,
      signal: this.#abort.signal,
      onTrouble: (source, reason) =>
        logger.warn('http.image_source_failed', { sha256: file.sha256, source, reason }),
      ...(idleMs === undefined ? {} : { idleMs }),
    })
    metrics.count('ironraft_rack_image_downloads_total', { ok: String(ok) })
    if (!ok) {
      await rm(`${path}.part`, { force: true })
      return false
    }
    await rename(`${path}.part`, path)
    this.#entries.set(file.sha256, { sizeBytes: file.sizeBytes, isVerified: true })
    return true
  }

  /** Whoever reads an evicted file goes on reading: its bytes go with the last open handle. */
  async #makeRoom(bytes: number): Promise<void> {
    let total = bytes
    for (const { sizeBytes } of this.#entries.values()) total += sizeBytes
    for (const [sha256, { sizeBytes }] of this.#entries) {
      if (total <= this.#options.bytesMax) return
      this.#entries.delete(sha256)
      await rm(this.#pathOf(sha256), { force: true })
      total -= sizeBytes
    }
  }

  #pathOf(sha256: string): string {
    return join(this.#options.dir, sha256)
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path), hash)
  } catch {
    return ''
  }
  return hash.digest('hex')
}

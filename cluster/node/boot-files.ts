// Content-addressed files of this region (D10): named by their SHA-256, never part of the log. A file this
// region lacks is fetched from a region that has it, verified while it streams, and only then named. What is still on
// its way is elsewhere (`<name>.part`, `uploads/`, `imports/`) and is never served.
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '#model/errors.ts'

export type OpenedFile = {
  readonly sizeBytes: number
  /** Inclusive bounds. */
  readonly stream: (start: number, end: number) => Readable
}

export type BootFilesOptions = {
  readonly directory: string
  /** API base URLs of the other regions, as the state has them now. */
  readonly otherRegions: () => readonly string[]
  readonly bytesMax: number
  /** Of the disk; absent: without end. */
  readonly freeBytes?: () => Promise<number>
  /** A region that sends nothing for so long is left, ms. Default 30 s. */
  readonly idleMs?: number
}

const IDLE_MS = 30_000
/** Room that the log and the state keep, whatever is missing here. */
const SPARE_BYTES = 2 ** 30
const PART = '.part'
const DIGEST = /^[0-9a-f]{64}$/

export class BootFiles {
  readonly #options: BootFilesOptions
  /** One fetch for everybody who asks for the same file at once. */
  readonly #fetching = new Map<string, Promise<boolean>>()
  /** Used since they were last asked for by `takeUsed`. */
  #used = new Set<string>()
  readonly #closed = new AbortController()
  /** Names of parts that this process writes now. */
  readonly #parts = new Set<string>()
  /** How many want each file to stay, though no resource names it yet. */
  readonly #held = new Map<string, number>()

  constructor(options: BootFilesOptions) {
    this.#options = options
  }

  get directory(): string {
    return this.#options.directory
  }

  /** Undefined when no region has it; `localOnly` when a region asks (no chains of fetches). */
  async open(sha256: string, localOnly = false): Promise<OpenedFile | undefined> {
    const path = this.#pathOf(sha256)
    this.#used.add(sha256)
    if (!(await exists(path)) && (localOnly || !(await this.mirror(sha256)))) return undefined
    const { size } = await stat(path)
    return { sizeBytes: size, stream: (start, end) => createReadStream(path, { start, end }) }
  }

  /** On this region's own disk. */
  has(sha256: string): Promise<boolean> {
    return exists(this.#pathOf(sha256))
  }

  /** Digests of all files of this region's disk, ascending. */
  async list(): Promise<readonly string[]> {
    const names = await readdir(this.#options.directory).catch(() => [])
    return names.filter((name) => DIGEST.test(name)).toSorted()
  }

  /**
   * Stores `bytes` durably; throws BAD_REQUEST when they do not have the digest they claim, and DISK_FULL, also when the
   * room that is kept free would go. `sizeBytes`: of all of them, as far as it is told.
   */
  async put(sha256: string, bytes: Readable, sizeBytes = 0): Promise<void> {
    this.#pathOf(sha256)
    if (!(await this.hasRoom(sizeBytes))) throw diskFull()
    await mkdir(this.#options.directory, { recursive: true })
    const part = `${sha256}.${randomUUID()}${PART}`
    const temporary = join(this.#options.directory, part)
    this.#parts.add(part)
    try {
      await this.#write(temporary, sha256, bytes)
      await this.#name(temporary, sha256)
    } catch (cause) {
      await rm(temporary, { force: true })
      if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause
      throw diskFull(cause)
    } finally {
      this.#parts.delete(part)
    }
  }

  /** What a process that was killed left behind: nobody goes on with it. */
  async sweepParts(): Promise<void> {
    const { directory } = this.#options
    const names = await readdir(directory).catch(() => [])
    for (const name of names) {
      if (name.endsWith(PART) && !this.#parts.has(name)) {
        await rm(join(directory, name), { force: true })
      }
    }
  }

  /** For so many bytes more, beside what is kept free. */
  async hasRoom(bytes: number): Promise<boolean> {
    const { freeBytes } = this.#options
    return freeBytes === undefined || (await freeBytes()) >= bytes + SPARE_BYTES
  }

  /**
   * Takes a whole file of the same file system. False: its bytes do not have that digest; it is left where it is then.
   */
  async adopt(sha256: string, from: string): Promise<boolean> {
    const hash = createHash('sha256')
    await pipeline(createReadStream(from), hash)
    if (hash.digest('hex') !== sha256) return false
    const file = await open(from, 'r+')
    await file.sync()
    await file.close()
    await this.#name(from, sha256)
    return true
  }

  /** Fetches it from another region, if one has it and it is not here. */
  async mirror(sha256: string): Promise<boolean> {
    if (await this.has(sha256)) return true
    const under = this.#fetching.get(sha256)
    if (under !== undefined) return under
    const fetching = this.#fetchFromAny(sha256).finally(() => this.#fetching.delete(sha256))
    this.#fetching.set(sha256, fetching)
    return fetching
  }

  /** Until it is let go nobody removes it, whatever resources say. */
  hold(sha256: string): void {
    this.#held.set(sha256, (this.#held.get(sha256) ?? 0) + 1)
  }

  letGo(sha256: string): void {
    const count = (this.#held.get(sha256) ?? 0) - 1
    if (count > 0) this.#held.set(sha256, count)
    else this.#held.delete(sha256)
  }

  isHeld(sha256: string): boolean {
    return this.#held.has(sha256) || this.#fetching.has(sha256)
  }

  /** Files opened or stored since the last call. */
  takeUsed(): ReadonlySet<string> {
    const used = this.#used
    this.#used = new Set()
    return used
  }

  /** What is being fetched is broken off. */
  close(): void {
    this.#closed.abort(new Error('this region ends'))
  }

  /** Who reads it goes on reading: its bytes go with the last open descriptor. */
  async remove(sha256: string): Promise<void> {
    await rm(this.#pathOf(sha256), { force: true })
  }

  async #name(from: string, sha256: string): Promise<void> {
    this.#used.add(sha256)
    await rename(from, this.#pathOf(sha256))
    await syncDirectory(this.#options.directory)
  }

  #pathOf(sha256: string): string {
    if (!DIGEST.test(sha256)) {
      throw new AppError('BAD_REQUEST', 'A file is named by 64 hexadecimal digits.')
    }
    return join(this.#options.directory, sha256)
  }

  async #write(path: string, sha256: string, bytes: Readable): Promise<void> {
    const hash = createHash('sha256')
    const { bytesMax } = this.#options
    let size = 0
    const check = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        size += chunk.length
        hash.update(chunk)
        const over = new AppError('PAYLOAD_TOO_LARGE', `A file may hold ${bytesMax} bytes.`)
        if (size > bytesMax) done(over)
        else done(null, chunk)
      },
    })
    await pipeline(bytes, check, createWriteStream(path, { mode: 0o644 }))
    if (hash.digest('hex') !== sha256) {
      throw new AppError('BAD_REQUEST', 'The bytes received do not have the SHA-256 they claim.')
    }
    const file = await open(path, 'r+')
    await file.sync()
    await file.close()
  }

  async #fetchFromAny(sha256: string): Promise<boolean> {
    for (const region of this.#options.otherRegions()) {
      if (this.#closed.signal.aborted) return false
      try {
        if (await this.#fetchFrom(region, sha256)) return true
      } catch {
        // This region is down, or sent something else: the next one is asked.
      }
    }
    return false
  }

  async #fetchFrom(region: string, sha256: string): Promise<boolean> {
    const { idleMs = IDLE_MS } = this.#options
    const idle = new AbortController()
    const begin = () => setTimeout(() => idle.abort(new Error('nothing came')), idleMs)
    let timer = begin()
    try {
      const url = `${region}/MAAS/boot-resources/${sha256}/?local=true`
      const signal = AbortSignal.any([idle.signal, this.#closed.signal])
      const response = await fetch(url, { signal })
      const size = Number(response.headers.get('content-length') ?? 0)
      if (!response.ok || response.body === null || !(await this.hasRoom(size))) {
        await response.body?.cancel()
        return false
      }
      const bytes = Readable.fromWeb(response.body)
      bytes.on('data', () => {
        clearTimeout(timer)
        timer = begin()
      })
      bytes.pause()
      await this.put(sha256, bytes)
      return true
    } finally {
      clearTimeout(timer)
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  await directory.sync()
  await directory.close()
}

export function diskFull(cause?: unknown): AppError {
  return new AppError('DISK_FULL', 'The disk of this region is full.', { cause })
}

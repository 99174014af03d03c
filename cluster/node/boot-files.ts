// Content-addressed files of this region (D10): named by their SHA-256, never part of the log. A file this
// region lacks is fetched from a region that has it, verified while it streams, and only then named.
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
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
}

const FETCH_TIMEOUT_MS = 120_000

export class BootFiles {
  readonly #options: BootFilesOptions
  /** One fetch for everybody who asks for the same file at once. */
  readonly #fetching = new Map<string, Promise<boolean>>()

  constructor(options: BootFilesOptions) {
    this.#options = options
  }

  /** Undefined when no region has it; `localOnly` when a region asks (no chains of fetches). */
  async open(sha256: string, localOnly = false): Promise<OpenedFile | undefined> {
    const path = this.#pathOf(sha256)
    if (!(await exists(path)) && (localOnly || !(await this.#fetch(sha256)))) return undefined
    const { size } = await stat(path)
    return { sizeBytes: size, stream: (start, end) => createReadStream(path, { start, end }) }
  }

  /** Stores `bytes` durably; throws BAD_REQUEST when they do not have the digest they claim. */
  async put(sha256: string, bytes: Readable): Promise<void> {
    const path = this.#pathOf(sha256)
    await mkdir(this.#options.directory, { recursive: true })
    const temporary = `${path}.${randomUUID()}.part`
    try {
      await this.#write(temporary, sha256, bytes)
      await rename(temporary, path)
      await syncDirectory(this.#options.directory)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }

  #pathOf(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) {
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

  #fetch(sha256: string): Promise<boolean> {
    const under = this.#fetching.get(sha256)
    if (under !== undefined) return under
    const fetching = this.#fetchFromAny(sha256).finally(() => this.#fetching.delete(sha256))
    this.#fetching.set(sha256, fetching)
    return fetching
  }

  async #fetchFromAny(sha256: string): Promise<boolean> {
    for (const region of this.#options.otherRegions()) {
      try {
        const url = `${region}/MAAS/boot-resources/${sha256}/?local=true`
        const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) })
        if (!response.ok || response.body === null) {
          await response.body?.cancel()
          continue
        }
        await this.put(sha256, Readable.fromWeb(response.body))
        return true
      } catch {
        // This region is down, or sent something else: the next one is asked.
      }
    }
    return false
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

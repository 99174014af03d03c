// Fetches one content-addressed file from the regions: what broke off at one region is resumed by Range
// at the next, every byte goes through SHA-256, and a file with a wrong digest is fetched once more from
// each region alone, since nobody can say which of several sent the wrong part.
import { createHash, type Hash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { describeError } from '#platform/system.ts'

export type FileToFetch = { readonly sha256: string; readonly sizeBytes: number }

export type DownloadOptions = {
  /** API base URLs, best first. */
  readonly sources: readonly string[]
  /** The file at `path` is created; it is complete, verified and synced when true comes back. */
  readonly path: string
  readonly signal: AbortSignal
  readonly onTrouble: (source: string, reason: string) => void
  /** A source that sends nothing for this long is left. Default 5 s. */
  readonly idleMs?: number
}

const IDLE_MS = 5_000
const ROUNDS = 2

/** False when no source, alone or together, gave the right bytes. */
export async function download(file: FileToFetch, options: DownloadOptions): Promise<boolean> {
  const handle = await open(options.path, 'w', 0o644)
  try {
    const { sources } = options
    const together = Array.from({ length: ROUNDS }, () => sources).flat()
    const first = await attempt(file, handle, { ...options, sources: together })
    if (first === 'wrong' && sources.length > 1) {
      for (const source of sources) {
        if ((await attempt(file, handle, { ...options, sources: [source] })) === 'right')
          return true
      }
    }
    return first === 'right'
  } finally {
    await handle.close()
  }
}

/** Asks the sources in turn until the file is whole; `right` is synced. */
async function attempt(
  file: FileToFetch,
  handle: FileHandle,
  options: DownloadOptions,
): Promise<'right' | 'wrong' | 'incomplete'> {
  const reading = new Attempt(file, handle, options)
  for (const source of options.sources) {
    if (reading.isComplete || options.signal.aborted) break
    await reading.readFrom(source)
  }
  if (!reading.isComplete || options.signal.aborted) return 'incomplete'
  if (!reading.isRight()) {
    options.onTrouble(
      options.sources.join(' '),
      'the bytes do not have the SHA-256 they should have',
    )
    return 'wrong'
  }
  await handle.sync()
  return 'right'
}

class Attempt {
  readonly #file: FileToFetch
  readonly #handle: FileHandle
  readonly #options: DownloadOptions
  #hash: Hash = createHash('sha256')
  #have = 0

  constructor(file: FileToFetch, handle: FileHandle, options: DownloadOptions) {
    this.#file = file
    this.#handle = handle
    this.#options = options
  }

  get isComplete(): boolean {
    return this.#have === this.#file.sizeBytes
  }

  isRight(): boolean {
    return this.#hash.digest('hex') === this.#file.sha256
  }

  /** Takes what the source gives; what is missing afterwards is the next one's task. */
  async readFrom(source: string): Promise<void> {
    const idle = new AbortController()
    const idleMs = this.#options.idleMs ?? IDLE_MS
    let timer = setTimeout(() => idle.abort(new Error(`nothing came for ${idleMs} ms`)), idleMs)
    try {
      const response = await fetch(`${source}/MAAS/boot-resources/${this.#file.sha256}/`, {
        headers: this.#have > 0 ? { Range: `bytes=${this.#have}-` } : {},
        redirect: 'error',
        signal: AbortSignal.any([idle.signal, this.#options.signal]),
      })
      if (!this.#accepts(response) || response.body === null) {
        await response.body?.cancel()
        throw new Error(`status ${response.status}`)
      }
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        clearTimeout(timer)
        timer = setTimeout(() => idle.abort(new Error(`nothing came for ${idleMs} ms`)), idleMs)
        await this.#take(chunk)
      }
      if (!this.isComplete) throw new Error(`ended after ${this.#have} bytes`)
    } catch (error) {
      this.#options.onTrouble(source, describeError(error))
    } finally {
      clearTimeout(timer)
    }
  }

  #accepts(response: Response): boolean {
    if (response.status === 206) {
      const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
      return Number(start) === this.#have
    }
    if (response.status !== 200) return false
    // The source knows no ranges: from the beginning.
    this.#have = 0
    this.#hash = createHash('sha256')
    return true
  }

  async #take(chunk: Uint8Array): Promise<void> {
    if (this.#have + chunk.length > this.#file.sizeBytes) {
      this.#have = 0
      this.#hash = createHash('sha256')
      throw new Error('more bytes than the file has')
    }
    this.#hash.update(chunk)
    await this.#handle.write(chunk, 0, chunk.length, this.#have)
    this.#have += chunk.length
  }
}

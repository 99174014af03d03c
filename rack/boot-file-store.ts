// The boot loaders of this host (Debian's `ipxe` package by default), by bare name, held in memory.
// Only names with a boot loader's ending in that one directory exist: no path can leave it. A file that
// changes on disk is read again; beyond BYTES_MAX in all, the cache starts over.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '#model/ports.ts'

const FILE_BYTES_MAX = 16 << 20
const BYTES_MAX = 64 << 20
const BOOT_FILE_NAME = /^[a-z0-9][a-z0-9._-]{0,99}\.(?:kpxe|kkpxe|pxe|efi|lkrn|0|c32|bin)$/i

type Cached = { readonly mtimeMs: number; readonly bytes: Promise<Uint8Array> }

export class BootFileStore {
  readonly #dir: string
  readonly #cached = new Map<string, Cached>()
  #cachedBytes = 0

  constructor(dir: string) {
    this.#dir = dir
  }

  /** One clear line when there is nothing to serve; the rack's other duties go on. */
  async check(logger: Logger): Promise<void> {
    const names = await readdir(this.#dir).catch(() => [])
    if (names.some((name) => BOOT_FILE_NAME.test(name))) return
    logger.warn('rack.boot_files_missing', {
      path: this.#dir,
      remedy: 'install the package ipxe or name a directory with undionly.kpxe and snponly.efi',
    })
  }

  /** Undefined when there is no such file. The bytes are shared: never change them. */
  async read(name: string): Promise<Uint8Array | undefined> {
    if (!BOOT_FILE_NAME.test(name)) return undefined
    const path = join(this.#dir, name)
    const found = await stat(path).catch(() => undefined)
    if (found === undefined || !found.isFile() || found.size > FILE_BYTES_MAX) return undefined
    const cached = this.#cached.get(name)
    if (cached !== undefined && cached.mtimeMs === found.mtimeMs) return cached.bytes
    if (this.#cachedBytes + found.size > BYTES_MAX) {
      this.#cached.clear()
      this.#cachedBytes = 0
    }
    this.#cachedBytes += found.size
    // One read for a whole boot storm.
    const bytes = readFile(path).then((buffer) => new Uint8Array(buffer))
    this.#cached.set(name, { mtimeMs: found.mtimeMs, bytes })
    bytes.catch(() => this.#cached.delete(name))
    return bytes
  }
}

// The boot loaders of this host, by bare name, held in memory: those of one directory (Debian's `ipxe` package by
// default), then those of Debian's packages for PXELINUX, shim and GRUB, where they are installed. Only names with a boot
// loader's ending exist: no path can leave these places. A file that changes on disk is read again; beyond BYTES_MAX in
// all, the cache starts over.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '#model/ports.ts'

const FILE_BYTES_MAX = 16 << 20
const BYTES_MAX = 64 << 20
const BOOT_FILE_NAME = /^[a-z0-9][a-z0-9._-]{0,99}\.(?:kpxe|kkpxe|pxe|efi|lkrn|0|c32|bin)$/i

/** Packages pxelinux, syslinux-common, shim-signed and grub-efi-amd64-signed. */
const DEBIAN_PLACES = {
  files: {
    'lpxelinux.0': '/usr/lib/PXELINUX/lpxelinux.0',
    'bootx64.efi': '/usr/lib/shim/shimx64.efi.signed',
    'grubx64.efi': '/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed',
  } as Readonly<Record<string, string>>,
  /** Directory of PXELINUX's modules. */
  modules: '/usr/lib/syslinux/modules/bios',
}

type Cached = { readonly mtimeMs: number; readonly bytes: Promise<Uint8Array> }

export class BootFileStore {
  readonly #dir: string
  readonly #places: typeof DEBIAN_PLACES
  readonly #cached = new Map<string, Cached>()
  #cachedBytes = 0

  constructor(dir: string, places = DEBIAN_PLACES) {
    this.#dir = dir
    this.#places = places
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
    const place = await this.#find(name)
    if (place === undefined) return undefined
    const { path, found } = place
    const cached = this.#cached.get(path)
    if (cached !== undefined && cached.mtimeMs === found.mtimeMs) return cached.bytes
    if (this.#cachedBytes + found.size > BYTES_MAX) {
      this.#cached.clear()
      this.#cachedBytes = 0
    }
    this.#cachedBytes += found.size
    // One read for a whole boot storm.
    const bytes = readFile(path).then((buffer) => new Uint8Array(buffer))
    this.#cached.set(path, { mtimeMs: found.mtimeMs, bytes })
    bytes.catch(() => this.#cached.delete(path))
    return bytes
  }

  async #find(name: string) {
    const { files, modules } = this.#places
    const elsewhere = name.endsWith('.c32') ? join(modules, name) : files[name]
    for (const path of [join(this.#dir, name), ...(elsewhere === undefined ? [] : [elsewhere])]) {
      const found = await stat(path).catch(() => undefined)
      if (found?.isFile() === true && found.size <= FILE_BYTES_MAX) return { path, found }
    }
    return undefined
  }
}

// One import from beginning to end: what the sources offer of what is selected, the files that are missing, each image
// published by one command when all of its files are here. What is there already is not fetched again.
import { readFile } from 'node:fs/promises'
import { AppError } from '#model/errors.ts'
import type { BootResourceId } from '#model/ids.ts'
import type { BootSource } from '#model/objects.ts'
import { describeError } from '#platform/system.ts'
import type { Command } from '#state/command.ts'
import type { RegionState } from '#state/state.ts'
import { configOf } from '#state/config-keys.ts'
import type { BootFiles } from '../boot-files.ts'
import type { Region } from '../region.ts'
import { SYSTEM_ACTOR } from '../region-node.ts'
import { fetchFile } from './fetch-file.ts'
import { readSource } from './read-stream.ts'
import type { OfferedFile, OfferedImage } from './simplestreams.ts'
import type { SourceOptions } from './source-request.ts'

export type ImportOptions = {
  readonly region: Region
  readonly files: BootFiles
  readonly freeBytes: () => Promise<number>
  readonly fence: number
  readonly signal: AbortSignal
  readonly idleMs: number
  readonly onProgress: (progress: ImportProgress) => void
}

export type ImportProgress = {
  readonly message: string
  readonly doneBytes: number
  readonly totalBytes: number
}

/** Of all images of an import together. */
const TOTAL_BYTES_MAX = 2 ** 40
/** Room that the log and the state keep. */
const SPARE_BYTES = 2 ** 30
const KEYRING_BYTES_MAX = 1 << 20
const FAILURES_SHOWN = 3

type Wanted = OfferedImage & { readonly base: string; readonly sourceId: number }

/** What to say of it. Throws AppError when any part failed: BAD_REQUEST, DISK_FULL; CONFLICT when it was taken away. */
export async function runImport(options: ImportOptions): Promise<string> {
  const run = new Run(options)
  return run.go()
}

class Run {
  readonly #options: ImportOptions
  readonly #source: SourceOptions
  readonly #failures: string[] = []
  readonly #kept = new Set<BootResourceId>()
  #message = ''
  #doneBytes = 0
  #totalBytes = 0
  #published = 0

  constructor(options: ImportOptions) {
    this.#options = options
    const { signal, idleMs, region } = options
    this.#source = { signal, idleMs, proxy: proxyOf(region.local().state) }
  }

  async go(): Promise<string> {
    const wanted = await this.#offers()
    await this.#plan(wanted)
    for (const image of wanted) {
      try {
        await this.#import(image)
      } catch (error) {
        this.#fail(error)
      }
    }
    const count = `${wanted.length} ${wanted.length === 1 ? 'image' : 'images'}`
    const done = `${count} selected, ${this.#published} of them new or changed.`
    if (this.#failures.length > 0) {
      const shown = this.#failures.slice(0, FAILURES_SHOWN).join(' ')
      const more = this.#failures.length - FAILURES_SHOWN
      throw new AppError('BAD_REQUEST', `${shown}${more > 0 ? ` And ${more} more.` : ''} ${done}`)
    }
    // Only who saw everything that is offered may say what is not.
    const { fence } = this.#options
    await this.#propose({ type: 'bootResource.prune', fence, keep: [...this.#kept] })
    return done
  }

  /** Of the first source that has an image. */
  async #offers(): Promise<readonly Wanted[]> {
    const { region } = this.#options
    const { state } = region.local()
    const found = new Map<string, Wanted>()
    for (const source of [...state.bootSources.values()]) {
      const selections = [...state.bootSourceSelections.values()].filter(
        ({ bootSourceId }) => bootSourceId === source.id,
      )
      if (selections.length === 0) continue
      this.#say(`Reading ${source.url}`)
      try {
        const keyring = await keyringOf(source)
        const { base, images } = await readSource(
          { url: source.url, keyring, selections },
          this.#source,
        )
        for (const image of images) {
          const key = `${image.name} ${image.architecture}`
          if (!found.has(key)) found.set(key, { ...image, base, sourceId: source.id })
        }
      } catch (error) {
        this.#fail(error)
      }
    }
    return [...found.values()]
  }

  /** Throws DISK_FULL before anything is fetched for which there is no room. */
  async #plan(wanted: readonly Wanted[]): Promise<void> {
    const missing = new Map<string, number>()
    for (const { sha256, sizeBytes } of wanted.flatMap(({ files }) => files)) {
      if (!(await this.#options.files.has(sha256))) missing.set(sha256, sizeBytes)
    }
    this.#totalBytes = [...missing.values()].reduce((sum, bytes) => sum + bytes, 0)
    if (this.#totalBytes > TOTAL_BYTES_MAX) {
      throw new AppError('BAD_REQUEST', `The images have ${mib(this.#totalBytes)} together.`)
    }
    const free = await this.#options.freeBytes()
    if (this.#totalBytes + SPARE_BYTES > free && this.#totalBytes > 0) {
      const needs = `${mib(this.#totalBytes)} are to be fetched, ${mib(free)} are free`
      const message = `The disk has too little room: ${needs}, ${mib(SPARE_BYTES)} of them kept.`
      throw new AppError('DISK_FULL', message)
    }
  }

  async #import(image: Wanted): Promise<void> {
    const { region, files: store, fence } = this.#options
    const { name, architecture, title, subarches, version, label, sourceId } = image
    const known = region.local().state.bootResourcesByName.first(`${name} ${architecture}`)
    if (known !== undefined) this.#kept.add(known.id)
    for (const { sha256 } of image.files) store.hold(sha256)
    try {
      for (const file of image.files) await this.#obtain(image, file)
      const files = image.files.map(({ path: _path, ...file }) => file)
      const before = region.local().state.bootResources.get(known?.id ?? (-1 as BootResourceId))
      const { id } = await this.#propose({
        ...{ type: 'bootResource.sync', fence, name, architecture, title, subarches },
        ...{ version, label, sourceId, files },
      })
      this.#kept.add(id)
      if (region.local().state.bootResources.get(id) !== before) this.#published++
    } finally {
      for (const { sha256 } of image.files) store.letGo(sha256)
    }
  }

  async #obtain({ base, name }: Wanted, file: OfferedFile): Promise<void> {
    const { files, signal } = this.#options
    const { sha256, sizeBytes, path, kind } = file
    signal.throwIfAborted()
    if (await files.has(sha256)) return
    this.#say(`Fetching ${kind} of ${name}`)
    if (isNamed(this.#options.region.local().state, sha256) && (await files.mirror(sha256))) {
      this.#count(sizeBytes)
      return
    }
    const onBytes = (count: number): void => this.#count(count)
    await fetchFile(`${base}${path}`, file, { ...this.#source, files, onBytes })
  }

  #fail(error: unknown): void {
    const code = error instanceof AppError ? error.code : 'INTERNAL'
    // Going on would fail in the same way.
    if (this.#options.signal.aborted || code === 'DISK_FULL') throw error
    const row = this.#options.region.local().state.imageImports.get('import')
    if (row?.fence !== this.#options.fence || row.status !== 'running') throw error
    this.#failures.push(describeError(error))
  }

  async #propose<C extends Command>(command: C) {
    const { outcome } = await this.#options.region.propose(command, { actor: SYSTEM_ACTOR })
    if (!outcome.ok) throw new AppError(outcome.code, outcome.message)
    return outcome.value
  }

  #say(message: string): void {
    this.#message = message
    this.#tell()
  }

  #count(bytes: number): void {
    this.#doneBytes += bytes
    this.#tell()
  }

  #tell(): void {
    const [message, doneBytes, totalBytes] = [this.#message, this.#doneBytes, this.#totalBytes]
    this.#options.onProgress({ message, doneBytes, totalBytes })
  }
}

async function keyringOf({ keyringData, keyringFilename }: BootSource): Promise<Buffer | null> {
  if (keyringData !== '') return Buffer.from(keyringData, 'base64')
  if (keyringFilename === '') return null
  const bytes = await readFile(keyringFilename).catch((cause: unknown) => {
    const message = `The keyring ${keyringFilename} cannot be read on this region.`
    throw new AppError('BAD_REQUEST', message, { cause })
  })
  if (bytes.length > KEYRING_BYTES_MAX) {
    throw new AppError('BAD_REQUEST', `The keyring ${keyringFilename} is too large.`)
  }
  return bytes
}

/** The setting `http_proxy`, where MAAS would use it for images. */
function proxyOf(state: RegionState): string | null {
  const isUsed =
    configOf(state, 'enable_http_proxy') === true &&
    configOf(state, 'boot_images_no_proxy') !== true
  const proxy = configOf(state, 'http_proxy')
  return isUsed && typeof proxy === 'string' && proxy !== '' ? proxy : null
}

/** Some region has it. */
function isNamed(state: RegionState, sha256: string): boolean {
  return [...state.bootFileHolders.values()].some(({ sha256s }) => sha256s.includes(sha256))
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`
}

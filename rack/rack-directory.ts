// What a rack keeps between runs: who it is, its key and certificate, where regions are. The private key
// never leaves the directory; the files are readable by their owner only.
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import { makeSystemId, parseSystemId, type SystemId } from '#model/ids.ts'
import type { Random } from '#model/ports.ts'
import type { Credentials } from '#protocol/enroll.ts'
import { writeDurably } from './durable-file.ts'

const VERSION = 1

type RackFile = {
  readonly version: typeof VERSION
  readonly rackId: string
  /** Counts the starts of this rack: a later process replaces an earlier one. */
  readonly incarnation: number
  /** `host:port` of regions, as last learned. */
  readonly regions: readonly string[]
}

export class RackDirectory {
  readonly rackId: SystemId
  readonly incarnation: number
  readonly #dir: string
  #regions: readonly string[]
  #saving: Promise<void> = Promise.resolve()

  constructor(dir: string, file: RackFile, rackId: SystemId) {
    this.#dir = dir
    this.rackId = rackId
    this.incarnation = file.incarnation
    this.#regions = file.regions
  }

  /** Makes the directory and the rack's id at the first start. Throws STORAGE_DAMAGED. */
  static async open(dir: string, random: Random): Promise<RackDirectory> {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const known = await readJson<RackFile>(join(dir, 'rack.json'))
    const fresh: RackFile = {
      version: VERSION,
      rackId: makeSystemId(random.integer),
      incarnation: 0,
      regions: [],
    }
    const last = known ?? fresh
    const rackId = parseSystemId(String(last.rackId))
    const isSound = last.version === VERSION && Number.isSafeInteger(last.incarnation)
    if (rackId === undefined || !isSound || !Array.isArray(last.regions)) throw damaged('rack.json')
    const file = { ...last, incarnation: last.incarnation + 1 }
    const directory = new RackDirectory(dir, file, rackId)
    await directory.#save()
    return directory
  }

  get regions(): readonly string[] {
    return this.#regions
  }

  /** Durable when it resolves; nothing is written when nothing changed. */
  async setRegions(regions: readonly string[]): Promise<void> {
    if (regions.join() === this.#regions.join()) return
    this.#regions = regions
    await this.#save()
  }

  /** Undefined before the first enrolment. Throws STORAGE_DAMAGED. */
  async credentials(): Promise<Credentials | undefined> {
    const kept = await readJson<Credentials>(join(this.#dir, 'credentials.json'))
    if (kept === undefined) return undefined
    const texts = [kept.clusterId, kept.caPem, kept.certificatePem, kept.keyPem]
    if (!texts.every((text) => typeof text === 'string')) throw damaged('credentials.json')
    return { ...kept, nodeId: this.rackId, incarnation: this.incarnation }
  }

  async setCredentials(credentials: Credentials): Promise<void> {
    await writeDurably(join(this.#dir, 'credentials.json'), JSON.stringify(credentials))
  }

  #save(): Promise<void> {
    this.#saving = this.#saving.then(() => {
      const { rackId, incarnation } = this
      const file: RackFile = { version: VERSION, rackId, incarnation, regions: this.#regions }
      return writeDurably(join(this.#dir, 'rack.json'), JSON.stringify(file))
    })
    return this.#saving
  }
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new AppError('STORAGE_FAILED', `The rack cannot read ${path}.`, { cause: error })
  })
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as T
  } catch {
    // Says the sentence below.
  }
  throw damaged(path)
}

function damaged(path: string): AppError {
  return new AppError(
    'STORAGE_DAMAGED',
    `The rack's ${path} is damaged: start it with a new --dir and a token.`,
  )
}

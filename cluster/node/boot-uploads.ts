// Pieces of uploads on this region's disk. The first piece makes this region the one that takes them all, by command; a
// piece counts when it is synced, so an upload goes on after a restart where it was. Only whole and right bytes get
// their name; wrong ones go, with the upload.
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { SystemId } from '#model/ids.ts'
import type { BootUpload } from '#model/image-import.ts'
import type { Command } from '#state/command.ts'
import { diskFull, type BootFiles } from './boot-files.ts'
import type { Region } from './region.ts'
import { SYSTEM_ACTOR } from './region-node.ts'

/** As MAAS's clients cut them. */
const PIECE_BYTES_MAX = 4 << 20
/** Said to the cluster every so many parts of the whole. */
const REPORTS = 20
const FOLDER = 'uploads'

export type TakenPiece = { readonly receivedBytes: number; readonly isComplete: boolean }

export class BootUploads {
  readonly #region: Region
  readonly #files: BootFiles
  /** One piece after the other: they carry no position of their own. */
  readonly #turns = new Map<number, Promise<unknown>>()

  constructor(region: Region, files: BootFiles) {
    this.#region = region
    this.#files = files
  }

  /**
   * Takes the next piece; with `at` one that begins there, which may have come before. Throws NOT_FOUND, CONFLICT (at
   * another region, or a gap), PAYLOAD_TOO_LARGE, BAD_REQUEST (too much, or all there and wrong), DISK_FULL.
   */
  take(id: number, bytes: Buffer, at: number | null): Promise<TakenPiece> {
    const turn = (this.#turns.get(id) ?? Promise.resolve())
      .catch(() => {})
      .then(() => this.#take(id, bytes, at))
    this.#turns.set(id, turn)
    const end = (): void => {
      if (this.#turns.get(id) === turn) this.#turns.delete(id)
    }
    turn.then(end, end)
    return turn
  }

  /** Bytes of it that are on this disk. */
  async received(id: number): Promise<number> {
    return sizeOf(this.#pathOf(id))
  }

  /** Of uploads that are no more, or of another region. */
  async sweep(): Promise<void> {
    const names = await readdir(join(this.#files.directory, FOLDER)).catch(() => [])
    for (const name of names) {
      const id = Number(name)
      const row = this.#region.local().state.bootUploads.get(id)
      if (this.#turns.has(id) || row?.regionId === this.#region.nodeId) continue
      await rm(join(this.#files.directory, FOLDER, name), { force: true })
    }
  }

  async #take(id: number, bytes: Buffer, at: number | null): Promise<TakenPiece> {
    if (bytes.length > PIECE_BYTES_MAX) {
      const message = `A piece may have ${PIECE_BYTES_MAX} bytes.`
      throw new AppError('PAYLOAD_TOO_LARGE', message)
    }
    const upload = await this.#claimed(id)
    const path = this.#pathOf(id)
    const have = await sizeOf(path)
    const { sha256, sizeBytes, receivedBytes } = upload
    // Ended between the name and the word to the cluster. At the first piece it is another image with these bytes: the
    // client sends all of them, and would be refused in the middle.
    if (have === 0 && receivedBytes > 0 && (await this.#files.has(sha256)))
      return this.#finish(upload)
    if (have < receivedBytes) {
      await this.#drop(id)
      const message = 'Pieces of this upload are lost; begin it anew.'
      throw new AppError('CONFLICT', message)
    }
    const next = at ?? have
    if (next > have) {
      throw new AppError('CONFLICT', `The next piece of this upload begins at byte ${have}.`)
    }
    if (next + bytes.length > sizeBytes) {
      throw new AppError('BAD_REQUEST', 'Too much data received.')
    }
    const rest = bytes.subarray(have - next)
    const total = have + rest.length
    if (rest.length > 0 && !(await this.#files.hasRoom(rest.length))) throw diskFull()
    if (rest.length > 0) await append(path, rest, have)
    if (total === sizeBytes) return this.#complete(upload)
    const step = Math.max(1, Math.floor(sizeBytes / REPORTS))
    if (Math.floor(total / step) !== Math.floor(have / step)) await this.#report(id, total)
    return { receivedBytes: total, isComplete: false }
  }

  /** The row, once it is this region's. */
  async #claimed(id: number): Promise<BootUpload> {
    const { state } = await this.#region.read('linearizable')
    const upload = state.bootUploads.get(id)
    if (upload === undefined) {
      throw new AppError('NOT_FOUND', 'No BootResourceFile matches the given query.')
    }
    if (upload.regionId === null) {
      await mkdir(join(this.#files.directory, FOLDER), { recursive: true })
      await rm(this.#pathOf(id), { force: true })
      await this.#report(id, 0)
    } else if (upload.regionId !== this.#region.nodeId) {
      throw new AppError('CONFLICT', `The upload is at region ${upload.regionId}.`)
    }
    return upload
  }

  async #complete(upload: BootUpload): Promise<TakenPiece> {
    const { id, sha256 } = upload
    this.#files.hold(sha256)
    try {
      if (await this.#files.adopt(sha256, this.#pathOf(id))) return await this.#finish(upload)
    } finally {
      this.#files.letGo(sha256)
    }
    await this.#drop(id)
    throw new AppError('BAD_REQUEST', 'The bytes received do not have the SHA-256 they claim.')
  }

  async #finish({ id, sizeBytes }: BootUpload): Promise<TakenPiece> {
    await this.#propose({ type: 'bootUpload.finish', id, regionId: this.#own })
    return { receivedBytes: sizeBytes, isComplete: true }
  }

  async #drop(id: number): Promise<void> {
    await rm(this.#pathOf(id), { force: true })
    await this.#propose({ type: 'bootUpload.drop', id })
  }

  #report(id: number, receivedBytes: number): Promise<void> {
    return this.#propose({ type: 'bootUpload.report', id, regionId: this.#own, receivedBytes })
  }

  async #propose(command: Command): Promise<void> {
    const { outcome } = await this.#region.propose(command, { actor: SYSTEM_ACTOR })
    if (!outcome.ok) throw new AppError(outcome.code, outcome.message)
  }

  get #own(): SystemId {
    return this.#region.nodeId as SystemId
  }

  #pathOf(id: number): string {
    return join(this.#files.directory, FOLDER, String(id))
  }
}

/** All of it or nothing: what a full disk took of a piece is cut off again. */
async function append(path: string, bytes: Buffer, at: number): Promise<void> {
  const file = await open(path, 'a', 0o600)
  try {
    await file.writeFile(bytes)
    await file.datasync()
  } catch (cause) {
    await file.truncate(at)
    const isFull = (cause as NodeJS.ErrnoException).code === 'ENOSPC'
    if (!isFull) throw cause
    throw diskFull(cause)
  } finally {
    await file.close()
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

// One file of an image from its source onto this region's disk: gone on with where an earlier try or life of this
// process broke off, named only when its SHA-256 is right.
import { mkdir, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { BootFile } from '#model/boot.ts'
import { describeError } from '#platform/system.ts'
import type { BootFiles } from '../boot-files.ts'
import { openUrl, type SourceOptions } from './source-request.ts'

export type FetchOptions = SourceOptions & {
  readonly files: BootFiles
  readonly onBytes: (count: number) => void
}

/** Tries that bring no byte, or wrong ones. */
const TRIES_MAX = 3
/** Slower than this on the whole, and 60 s of grace, it is given up, bytes per second. */
const BYTES_PER_SECOND_MIN = 16 << 10
const GRACE_MS = 60_000
export const IMPORTS_FOLDER = 'imports'

/** Throws BAD_REQUEST when the source does not give the right bytes, DISK_FULL. */
export async function fetchFile(
  url: string,
  file: Pick<BootFile, 'sha256' | 'sizeBytes'>,
  options: FetchOptions,
): Promise<void> {
  const { files, signal } = options
  const folder = join(files.directory, IMPORTS_FOLDER)
  await mkdir(folder, { recursive: true })
  const path = join(folder, file.sha256)
  const limitMs = GRACE_MS + (file.sizeBytes / BYTES_PER_SECOND_MIN) * 1_000
  const bounded = {
    ...options,
    signal: AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(limitMs))]),
  }
  let why = ''
  for (let failures = 0; failures < TRIES_MAX; ) {
    const before = await sizeOf(path)
    try {
      await fetchRest(url, { path, sizeBytes: file.sizeBytes }, bounded)
      if (await files.adopt(file.sha256, path)) return
      why = 'the bytes do not have the SHA-256 that the source says'
      await rm(path, { force: true })
      failures++
    } catch (error) {
      if (signal.aborted) throw error
      if (isFull(error)) throw new AppError('DISK_FULL', 'The disk is full.', { cause: error })
      why = describeError(error)
      if (bounded.signal.aborted) break
      if ((await sizeOf(path)) <= before) failures++
    }
  }
  throw new AppError('BAD_REQUEST', `${url}: ${why}.`)
}

async function fetchRest(
  url: string,
  part: { readonly path: string; readonly sizeBytes: number },
  options: FetchOptions,
): Promise<void> {
  const { path, sizeBytes } = part
  const had = await sizeOf(path)
  if (had === sizeBytes) return
  if (had > sizeBytes) await rm(path, { force: true })
  const { from, body } = await openUrl(url, had > sizeBytes ? 0 : had, options)
  const handle = await open(path, from > 0 ? 'r+' : 'w', 0o644)
  try {
    let at = from
    for await (const chunk of body) {
      if (at + chunk.length > sizeBytes) {
        await handle.truncate(0)
        throw new Error('the source sends more bytes than it says')
      }
      await handle.write(chunk, 0, chunk.length, at)
      at += chunk.length
      options.onBytes(chunk.length)
    }
    if (at < sizeBytes) throw new Error(`it ended after ${at} of ${sizeBytes} bytes`)
  } finally {
    await handle.close()
  }
}

function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOSPC'
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

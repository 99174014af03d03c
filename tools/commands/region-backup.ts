// `ironraft region backup FILE`: the state of this moment, from whichever region answers, into a file that is
// complete or not there. It is read back and restored in memory before it gets its name.
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { AppError } from '#model/errors.ts'
import { SUPPORTED_LEVELS } from '#model/feature-level.ts'
import { Pace } from '#node/pace.ts'
import { restoreChunks } from '#node/snapshots.ts'
import { REGION_CONFIG } from '#platform/config.ts'
import { systemClock } from '#platform/system.ts'
import { describeBackup, readBackup, type BackupDescription } from '#storage/backup-file.ts'
import { syncDirectory } from '#storage/files.ts'
import { checkUrl } from '../api-session.ts'
import { ApiError, authorization } from '../client.ts'
import { expectCluster } from '../cluster-directory.ts'
import { EXIT } from '../exit-codes.ts'
import { chooseProfile } from '../profiles.ts'
import type { Arguments, Io } from '../command-line.ts'

type Access = { readonly urls: readonly string[]; readonly apiKey: string | null }

/** A region that sends nothing for so long is given up. */
const STALLED_MS = 60_000
const PROGRESS_MS = 2_000

export async function runBackup(args: Arguments, io: Io): Promise<number> {
  const path = resolve(io.cwd, args.at(0))
  await expectAbsent(path)
  const access = await accessOf(args, io)
  const partial = `${path}.${process.pid}.partial`
  try {
    await fetchFrom(access, partial, io)
    const described = await verifyBackup(partial)
    await rename(partial, path)
    await syncDirectory(dirname(path))
    io.out(
      args.flag('json') ? JSON.stringify(backupJson(path, described)) : sentence(path, described),
    )
    return EXIT.ok
  } finally {
    await rm(partial, { force: true })
  }
}

/** Every checksum, the digest of the whole, and that its rows make a state. Throws STORAGE_DAMAGED. */
export async function verifyBackup(path: string): Promise<BackupDescription> {
  const described = await describeBackup(path)
  const { featureLevel } = described.header
  if (featureLevel > SUPPORTED_LEVELS.max) {
    const text = `${path} is of feature level ${featureLevel}; this code supports ${SUPPORTED_LEVELS.max}.`
    throw new AppError('UNSUPPORTED_VERSION', text)
  }
  const pace = new Pace(systemClock, REGION_CONFIG.snapshotSliceMs)
  const state = await restoreChunks(readBackup(path), pace)
  const { clusterId, revision } = described.header
  if (state.revision !== revision || state.clusterId !== clusterId) {
    throw new AppError('STORAGE_DAMAGED', `${path}: its rows are not those that its header names.`)
  }
  return described
}

function backupJson(file: string, { header, sha256, sizeBytes }: BackupDescription) {
  return {
    file,
    cluster_id: header.clusterId,
    revision: header.revision,
    log_time_ms: header.stamp,
    feature_level: header.featureLevel,
    size_bytes: sizeBytes,
    sha256,
  }
}

function sentence(path: string, { header, sizeBytes, sha256 }: BackupDescription): string {
  const { clusterId, revision } = header
  return `${path}: cluster ${clusterId} at revision ${revision}, ${sizeBytes} bytes, SHA-256 ${sha256}`
}

async function expectAbsent(path: string): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (found !== null) throw new AppError('CONFLICT', `${path} exists already; nothing was written.`)
}

async function accessOf(args: Arguments, io: Io): Promise<Access> {
  const directory = args.text('dir')
  if (directory !== undefined) {
    const cluster = await expectCluster(resolve(io.cwd, directory))
    return { urls: cluster.nodes.map((node) => node.apiUrl), apiKey: cluster.admin?.apiKey ?? null }
  }
  const urls = args.list('url')
  urls.forEach(checkUrl)
  return chooseProfile(io.env, { name: args.text('profile'), urls })
}

/** From the first region that gives it whole; each try starts over. */
async function fetchFrom({ urls, apiKey }: Access, path: string, io: Io): Promise<void> {
  let failure: unknown
  for (const url of urls) {
    const file = await openNew(path)
    try {
      await download(`${url.replace(/\/+$/, '')}/api/v1/backup`, { apiKey, file, io })
      await file.sync()
      return
    } catch (error) {
      // Refused for what it is, not for where: another region would say the same.
      if (error instanceof ApiError && error.status < 500) throw error
      failure = error
    } finally {
      await file.close()
    }
  }
  if (failure instanceof ApiError || failure instanceof AppError) throw failure
  throw new AppError('NO_QUORUM', `No region gave a backup at ${urls.join(', ')}.`, {
    cause: failure,
  })
}

async function openNew(path: string): Promise<FileHandle> {
  return open(path, 'w', 0o600).catch((cause: unknown) => {
    throw new AppError('STORAGE_FAILED', `${path} cannot be written.`, { cause })
  })
}

async function download(
  url: string,
  to: { readonly apiKey: string | null; readonly file: FileHandle; readonly io: Io },
): Promise<void> {
  const { apiKey, file, io } = to
  const stalled = new AbortController()
  let timer = setTimeout(() => stalled.abort(), STALLED_MS)
  try {
    const headers = apiKey === null ? {} : { authorization: authorization(apiKey) }
    const response = await fetch(url, { headers, redirect: 'manual', signal: stalled.signal })
    if (!response.ok || response.body === null) {
      const text = (await response.text()).slice(0, 500)
      throw new ApiError(response.status, sentenceOf(text), response.headers.get('x-request-id'))
    }
    let bytes = 0
    let saidMs = performance.now()
    for await (const piece of response.body) {
      clearTimeout(timer)
      timer = setTimeout(() => stalled.abort(), STALLED_MS)
      await file.writeFile(piece)
      bytes += piece.byteLength
      if (performance.now() - saidMs < PROGRESS_MS) continue
      saidMs = performance.now()
      io.error(`ironraft: ${(bytes / 2 ** 20).toFixed(1)} MiB`)
    }
  } finally {
    clearTimeout(timer)
  }
}

function sentenceOf(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { readonly detail?: unknown }
    return typeof detail === 'string' ? detail : text
  } catch {
    return text
  }
}

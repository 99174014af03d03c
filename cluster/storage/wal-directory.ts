// Judges a LevelDB directory before it is opened: CURRENT, MANIFEST and every write-ahead file that
// recovery would read. What it reports as damaged must not be opened; opening destroys the evidence.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { damaged, isDamage } from './damage.ts'
import { isAbsent } from './files.ts'
import { readManifest, type ManifestState } from './manifest.ts'
import { scanWal } from './wal-scan.ts'

export type DirectoryReport = {
  /** No database there yet. */
  readonly absent: boolean
  /** Path of the write-ahead file whose last record was never finished; null when all are whole. */
  readonly tornFile: string | null
}

const ATTEMPTS_MAX = 3

/**
 * Throws STORAGE_DAMAGED. While another process has the database open its files move under our eyes; a
 * finding counts only when nothing changed meanwhile, and LevelDB's lock then tells the owner apart.
 */
export async function inspectDirectory(dir: string): Promise<DirectoryReport> {
  for (let attempt = 1; ; attempt++) {
    const before = await fingerprint(dir)
    try {
      return await inspectOnce(dir)
    } catch (error) {
      const after = await fingerprint(dir)
      if (attempt === ATTEMPTS_MAX || before === after) throw asDamage(dir, error)
    }
  }
}

function asDamage(dir: string, error: unknown): Error {
  return isDamage(error) && error instanceof Error
    ? error
    : damaged(dir, 'cannot be read before opening', error)
}

async function inspectOnce(dir: string): Promise<DirectoryReport> {
  const names = await listFiles(dir)
  if (!names.includes('CURRENT')) {
    const orphan = names.find((name) => /\.(log|ldb|sst)$/.test(name))
    if (orphan !== undefined) throw damaged(join(dir, 'CURRENT'), `is missing beside ${orphan}`)
    return { absent: true, tornFile: null }
  }
  const manifest = await inspectManifest(dir, names)
  const logs = names
    .map((name) => /^(\d{6,})\.log$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined && Number(digits) >= manifest.logNumber)
    .toSorted((a, b) => Number(a) - Number(b))
  const first = logs[0]
  if (manifest.logNumber > 0 && (first === undefined || Number(first) !== manifest.logNumber)) {
    const name = `${String(manifest.logNumber).padStart(6, '0')}.log`
    throw damaged(join(dir, name), 'the write-ahead file named by the MANIFEST is missing')
  }
  const paths = logs.map((digits) => join(dir, `${digits}.log`))
  return { absent: false, tornFile: await inspectLogs(paths, manifest) }
}

async function inspectManifest(dir: string, names: readonly string[]): Promise<ManifestState> {
  const name = (await readFile(join(dir, 'CURRENT'), 'utf8')).trimEnd()
  const path = join(dir, name)
  if (!names.includes(name)) throw damaged(path, 'is missing though CURRENT names it')
  const scan = scanWal(await readFile(path))
  if (scan.state === 'damaged') {
    throw damaged(path, `is damaged at byte ${scan.offset} (${scan.reason})`)
  }
  const manifest = readManifest(scan.records)
  if (typeof manifest === 'string') throw damaged(path, manifest)
  return manifest
}

/** In order; batches carry LevelDB's sequence numbers, which must continue from one to the next. */
async function inspectLogs(
  paths: readonly string[],
  manifest: ManifestState,
): Promise<string | null> {
  let tornFile: string | null = null
  let expected: number | null = null
  for (const path of paths) {
    const bytes = await readFile(path)
    if (bytes.length === 0) continue
    if (tornFile !== null) throw damaged(tornFile, `ends torn though ${path} goes on behind it`)
    const scan = scanWal(bytes)
    if (scan.state === 'damaged') {
      throw damaged(path, `is damaged at byte ${scan.offset} (${scan.reason})`)
    }
    if (scan.state === 'torn') tornFile = path
    for (const record of scan.records) {
      if (record.length < 12) throw damaged(path, 'holds a batch without a header')
      const sequence = Number(record.readBigUInt64LE(0))
      const gap = expected === null ? sequence > manifest.lastSequence + 1 : sequence !== expected
      if (gap) throw damaged(path, `lacks the batches before sequence ${sequence}`)
      expected = sequence + record.readUInt32LE(8)
    }
  }
  return tornFile
}

async function listFiles(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).toSorted()
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

async function fingerprint(dir: string): Promise<string> {
  const parts: string[] = []
  for (const name of await listFiles(dir)) {
    try {
      parts.push(`${name}:${(await stat(join(dir, name))).size}`)
    } catch (error) {
      if (!isAbsent(error)) throw error
    }
  }
  return parts.join()
}

// The data directory of a bootstrap: one directory a node, and `bootstrap.json` with what was made and printed.
// That file is written last and durably: with it the cluster exists, without it nothing here was ever started
// and what a broken-off bootstrap left may be removed. Never a second cluster over old data.
import { link, mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import { writeDurably } from '#node/node-file.ts'
import type { PeerAddress } from '#protocol/join.ts'
import type { HostPort } from '#protocol/token.ts'
import { readPid, claimPid, releasePid } from './node-process.ts'

export type ClusterFile = {
  readonly version: 1
  readonly clusterId: string
  readonly nodes: readonly (PeerAddress & {
    /** Below the data directory. */
    readonly directory: string
    readonly apiPort: number
    /** Where its peer port listens; absent when that is where others reach it. */
    readonly listen?: HostPort
  })[]
  /** Null in the directory of a node that joined: it made no administrator. */
  readonly admin: Administrator | null
  readonly rackToken: string | null
}
export type Administrator = {
  readonly username: string
  readonly password: string
  readonly apiKey: string
}

/** Where the peer port of a node listens, which need not be where others reach it. */
export function listenOf(node: ClusterFile['nodes'][number]): HostPort {
  return node.listen ?? { host: node.host, port: node.port }
}

const FILE = 'bootstrap.json'
const UNFINISHED = 'bootstrap.unfinished'
const LOCK = 'bootstrap.pid'
const NODE_DIRECTORY = /^node-\d+$/

/** Null when the directory holds no finished bootstrap. */
export async function readCluster(directory: string): Promise<ClusterFile | null> {
  const path = join(directory, FILE)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw new AppError('STORAGE_FAILED', `${path} cannot be read.`, { cause: error })
  })
  if (text === null) return null
  const file = parse(text)
  if (file?.version !== 1 || !Array.isArray(file.nodes)) {
    throw new AppError('STORAGE_DAMAGED', `${path} is not the file of a bootstrap.`)
  }
  return file
}

/** The same, for commands that need one to be there. Throws NOT_FOUND. */
export async function expectCluster(directory: string): Promise<ClusterFile> {
  const cluster = await readCluster(directory)
  if (cluster !== null) return cluster
  throw new AppError('NOT_FOUND', `${directory} is not the data directory of a region cluster.`)
}

/** What only a bootstrap has. Throws CONFLICT for a node that joined. */
export function madeBy(cluster: ClusterFile): {
  readonly admin: Administrator
  readonly rackToken: string
} {
  const { admin, rackToken } = cluster
  if (admin !== null && rackToken !== null) return { admin, rackToken }
  const text = 'This is the directory of a node that joined: start it with `ironraft region join`.'
  throw new AppError('CONFLICT', text)
}

/** Throws DIRECTORY_IN_USE when something else is in there. Clears what a broken-off bootstrap left. */
export async function prepareEmpty(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => !name.startsWith(LOCK))
  if (names.length > 0 && !names.includes(UNFINISHED)) {
    const text = `${directory} is not empty and holds no region cluster; nothing was changed.`
    throw new AppError('DIRECTORY_IN_USE', text)
  }
  for (const name of names.filter((one) => NODE_DIRECTORY.test(one))) {
    await rm(join(directory, name), { recursive: true })
  }
  await writeDurably(join(directory, UNFINISHED), 'A bootstrap was broken off here.\n')
}

/** From here on the cluster exists. */
export async function writeCluster(directory: string, cluster: ClusterFile): Promise<void> {
  await writeDurably(join(directory, FILE), `${JSON.stringify(cluster, null, 2)}\n`)
  await rm(join(directory, UNFINISHED), { force: true })
}

/** One bootstrap at a time. Throws DIRECTORY_IN_USE. Creates the directory. */
export async function withLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  await makeDirectory(directory)
  const path = join(directory, LOCK)
  await takeLock(path)
  try {
    return await work()
  } finally {
    await releasePid(path)
  }
}

async function makeDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new AppError('DIRECTORY_IN_USE', `${directory} cannot be used as a directory.`, { cause })
  })
}

/** A lock left by a process that is gone does not count. Appears whole or not at all: a hard link. */
async function takeLock(path: string): Promise<void> {
  const own = `${path}.${process.pid}`
  await claimPid(own)
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      const taken = await link(own, path).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error
          return false
        },
      )
      if (taken) return
      const holder = await readPid(path)
      if (holder !== null) {
        const text = `Process ${holder} is bootstrapping in this directory.`
        throw new AppError('DIRECTORY_IN_USE', text)
      }
      await rm(path, { force: true })
    }
    throw new AppError('DIRECTORY_IN_USE', `${path} cannot be taken.`)
  } finally {
    await rm(own, { force: true })
  }
}

function parse(text: string): ClusterFile | null {
  try {
    return JSON.parse(text) as ClusterFile | null
  } catch {
    return null
  }
}

/** The only node of `directory`, or the one of that id. Throws NOT_FOUND or CONFLICT. */
export function chooseNode(
  cluster: ClusterFile,
  directory: string,
  wanted: string | undefined,
): ClusterFile['nodes'][number] {
  const node = cluster.nodes.find(({ id }) => wanted === undefined || id === wanted)
  if (node === undefined) throw new AppError('NOT_FOUND', `${wanted} is no node of ${directory}.`)
  if (wanted !== undefined || cluster.nodes.length === 1) return node
  const ids = cluster.nodes.map(({ id }) => id).join(', ')
  throw new AppError('CONFLICT', `${directory} holds several nodes; choose with --node: ${ids}.`)
}

// `disk` and `disk-full`: files of a node that are not what it wrote, and a disk with no room. At most one node at a
// time may have lost something: a fault is put off while another node is not whole.
import { closeSync, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChaosNode } from '../cluster.ts'
import { bothPlaces, type Nemesis, type World } from '../nemesis.ts'
import { appliedBy } from '../observer.ts'
import { eventually } from '../waiting.ts'
import { missingForMounts } from '../small-disk.ts'

/** For all nodes to be whole again after the fault before. */
const WHOLE_MS = 10_000
const BALLAST = 'ballast'
const CHUNK_BYTES = 1 << 20

export const DISK: Nemesis = {
  name: 'disk',
  summary: "a killed node's log loses its tail (truncate) or has a byte changed (flip)",
  required: () => [...bothPlaces('disk', 'truncate'), ...bothPlaces('disk', 'flip')],
  inject: async (world, { variant }, nodes) => {
    if (!(await isWhole(world))) return null
    const { cluster, random } = world
    const node = cluster.node(nodes[0] ?? '')
    await node.daemon.kill()
    const file = await newestLogFile(node)
    const bytes = file === null ? 0 : statSync(file).size
    if (file === null || bytes < 2) {
      node.daemon.start()
      return null
    }
    const detail =
      variant === 'flip' ? flip(file, random.integer(bytes)) : truncate(file, bytes, random.integer)
    return {
      targets: [node.name],
      detail: `${node.name}, killed: ${detail}`,
      heal: async () => node.daemon.start(),
    }
  },
}

export const DISK_FULL: Nemesis = {
  name: 'disk-full',
  summary: 'the disk of one node has no room left (root: each node on a small one)',
  // Until then a node ends when it cannot write, which is safe; the run would call it a failure.
  arrivesWith: async () => 'the read-only alarm of a full disk',
  needsSmallDisks: true,
  missing: missingForMounts,
  required: () => bothPlaces('disk-full'),
  inject: async (world, _kind, nodes) => {
    if (!(await isWhole(world))) return null
    const node = world.cluster.node(nodes[0] ?? '')
    const ballast = join(node.directory, BALLAST)
    const bytes = fill(ballast)
    return {
      targets: [node.name],
      detail: `${node.name}: filled with ${Math.round(bytes / CHUNK_BYTES)} MiB`,
      heal: async () => {
        await rm(ballast, { force: true })
        node.daemon.start()
      },
    }
  },
}

async function isWhole({ cluster, stopped }: World): Promise<boolean> {
  const whole = await eventually(WHOLE_MS, stopped, async () => {
    const applied = await Promise.all(cluster.nodes.map((node) => appliedBy(node)))
    return applied.every((one) => one !== null) ? true : undefined
  })
  return whole === true
}

/** The write-ahead file in use: the one that holds what was acknowledged last. */
async function newestLogFile({ directory }: ChaosNode): Promise<string | null> {
  const log = join(directory, 'log')
  const names = (await readdir(log)).filter((name) => /^\d+\.log$/.test(name))
  const files = await Promise.all(
    names.map(async (name) => ({
      path: join(log, name),
      at: (await stat(join(log, name))).mtimeMs,
    })),
  )
  return files.toSorted((a, b) => b.at - a.at)[0]?.path ?? null
}

function truncate(file: string, bytes: number, integer: (below: number) => number): string {
  // At least a record of a few bytes, at most half of what there is.
  const lost = Math.max(1, integer(Math.ceil(bytes / 2)))
  truncateSync(file, bytes - lost)
  return `the last ${lost} of ${bytes} bytes of its log are gone`
}

function flip(file: string, at: number): string {
  const handle = openSync(file, 'r+')
  try {
    const byte = Buffer.alloc(1)
    readSync(handle, byte, 0, 1, at)
    byte.writeUInt8(byte.readUInt8() ^ 0x10)
    writeSync(handle, byte, 0, 1, at)
  } finally {
    closeSync(handle)
  }
  return `one bit of byte ${at} of its log is flipped`
}

/** Bytes written until there was no room. */
function fill(path: string): number {
  const handle = openSync(path, 'w')
  let written = 0
  try {
    for (let bytes = CHUNK_BYTES; bytes >= 1; ) {
      try {
        written += writeSync(handle, Buffer.alloc(bytes))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        bytes = Math.floor(bytes / 2)
      }
    }
  } finally {
    closeSync(handle)
  }
  return written
}

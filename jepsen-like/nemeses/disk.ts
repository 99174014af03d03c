// `disk`: files of a node that are not what it wrote. At most one node at a time may have lost something: a fault is
// put off while another node is not whole.
import { closeSync, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChaosNode } from '../cluster.ts'
import { bothPlaces, type Nemesis } from '../nemesis.ts'
import { isWhole } from '../recovery.ts'

export const DISK: Nemesis = {
  name: 'disk',
  summary: "a killed node's log loses its tail (truncate) or has a byte changed (flip)",
  required: () => [...bothPlaces('disk', 'truncate'), ...bothPlaces('disk', 'flip')],
  inject: async (world, { variant }, nodes) => {
    if (!(await isWhole(world.cluster, world.stopped))) return null
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

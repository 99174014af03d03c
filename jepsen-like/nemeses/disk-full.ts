// `disk-full`: a disk with no room. The node has to see it coming: it takes no more writes, goes on answering, and
// comes back by itself. Only where another program takes everything at once may it end, and then its log is whole.
import { type FileHandle, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChaosNode } from '../cluster.ts'
import { bothPlaces, type FaultKind, type Injected, type Nemesis, type World } from '../nemesis.ts'
import { alarmOf } from '../observer.ts'
import { isWhole } from '../recovery.ts'
import { missingForMounts } from '../small-disk.ts'
import { eventually, pause } from '../waiting.ts'

const BALLAST = 'ballast'
const CHUNK_BYTES = 1 << 20
const CHUNKS_MAX = 256
/** Less than where the node takes no more entries (`diskCriticalBytes`), more than it writes while it looks. */
const LEFT_BYTES = 24 << 20
/** It looks once a second. */
const ALARM_MS = 10_000
/** The node gives up its reserve when it has its alarm: that is taken too. */
const REFILL_MS = 100

export const DISK_FULL: Nemesis = {
  name: 'disk-full',
  summary:
    'a disk has little room left (one, quorum) or none at all (full); each node on a small one',
  needsSmallDisks: true,
  missing: missingForMounts,
  required: () => [
    ...bothPlaces('disk-full', 'one'),
    { nemesis: 'disk-full', variant: 'quorum', leader: 'leader in' },
    ...bothPlaces('disk-full', 'full'),
  ],
  inject: async (world, kind, nodes) => {
    if (!(await isWhole(world.cluster, world.stopped))) return null
    const targets = targetsOf(kind, nodes)
    const hit = targets.map((name) => world.cluster.node(name))
    return kind.variant === 'full' ? fillUp(hit, world) : fillToAlarm(hit, world)
  },
}

/** `nodes` with the leader where it is to be. */
export function targetsOf({ variant }: FaultKind, nodes: readonly string[]): readonly string[] {
  return nodes.slice(0, variant === 'quorum' ? Math.floor(nodes.length / 2) + 1 : 1)
}

/** Resolves once the nodes say so themselves: before, the fault has not happened. */
async function fillToAlarm(hit: readonly ChaosNode[], { stopped }: World): Promise<Injected> {
  await Promise.all(hit.map((node) => addBallast(node, LEFT_BYTES)))
  const heal = async (): Promise<void> => {
    await Promise.all(hit.map(removeBallast))
  }
  const targets = hit.map(({ name }) => name)
  const raised = await eventually(ALARM_MS, stopped, async () => {
    const alarms = await Promise.all(hit.map(alarmOf))
    return alarms.every((alarm) => alarm === 'critical') ? true : undefined
  })
  if (raised !== true && !stopped.aborted) {
    await heal()
    throw new Error(`no alarm of ${targets.join(', ')} with ${LEFT_BYTES >> 20} MiB left`)
  }
  return { targets, detail: `${targets.join(', ')}: ${LEFT_BYTES >> 20} MiB left, alarm`, heal }
}

async function fillUp(hit: readonly ChaosNode[], { stopped }: World): Promise<Injected> {
  for (const { daemon } of hit) daemon.expectEnd()
  const healed = new AbortController()
  const over = AbortSignal.any([stopped, healed.signal])
  const filling = Promise.all(
    hit.map(async (node) => {
      while (!over.aborted) {
        await addBallast(node, 0)
        await pause(REFILL_MS, over)
      }
    }),
  )
  const targets = hit.map(({ name }) => name)
  return {
    targets,
    detail: `${targets.join(', ')}: no room at all, then SIGKILL`,
    heal: async () => {
      healed.abort()
      await filling
      // Whether it has met the full disk or not: from here on an end is unexpected again.
      await Promise.all(hit.map(({ daemon }) => daemon.kill()))
      await Promise.all(hit.map(removeBallast))
      for (const { daemon } of hit) daemon.start()
    },
  }
}

/** Takes all but `leftBytes` of the room that there is. */
async function addBallast({ directory }: ChaosNode, leftBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const file = await open(join(directory, BALLAST), 'a')
  try {
    await writeZeros(file, bavail * bsize - leftBytes)
  } finally {
    await file.close()
  }
}

/** Many chunks a call: on a busy host each call waits its turn. */
async function writeZeros(file: FileHandle, bytes: number): Promise<void> {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (let left = bytes; left > 0; ) {
    const count = Math.min(CHUNKS_MAX, Math.floor(left / CHUNK_BYTES))
    const chunks = count === 0 ? [chunk.subarray(0, left)] : Array<Buffer>(count).fill(chunk)
    try {
      left -= (await file.writev(chunks)).bytesWritten
    } catch (error) {
      // The node has written meanwhile.
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return
      throw error
    }
  }
}

async function removeBallast({ directory }: ChaosNode): Promise<void> {
  await rm(join(directory, BALLAST), { force: true })
}

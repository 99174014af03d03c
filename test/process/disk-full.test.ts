// A real file system that fills up under real processes: writes are refused, reads go on, nobody dies, and when
// room is back writes go on by themselves. Needs root for a small tmpfs of its own; skips loudly without.
import { execFile } from 'node:child_process'
import { mkdir, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { eventually, ironraft, signed, TestCluster } from './support/cluster.ts'

t.setTimeout(180_000)

const run = promisify(execFile)
/** Above the alarm with three empty nodes, and soon below every limit. */
const SIZE_MIB = 480
const LEFT_BYTES = 40 << 20

async function mountTmpfs(path: string): Promise<boolean> {
  await mkdir(path, { recursive: true })
  return run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m`, 'tmpfs', path]).then(
    () => true,
    () => false,
  )
}

t.test('a full file system stops writes and nothing else', async (t) => {
  const cluster = await TestCluster.make()
  const { directory } = cluster
  if (process.getuid?.() !== 0 || !(await mountTmpfs(directory))) {
    t.comment('SKIPPED: needs root and mount for a tmpfs of its own')
    await cluster.remove()
    return
  }
  t.teardown(async () => {
    await ironraft('region', 'stop', '--dir', directory)
    await run('umount', [directory])
    await cluster.remove()
  })
  const { admin, nodes } = await cluster.bootstrap()
  const ask = async (method: 'GET' | 'PUT', value = ''): Promise<number> => {
    const url = `${nodes[0]?.api_url}/api/v1/settings/custom%2Fx`
    const response = await fetch(url, {
      method,
      headers: { ...signed(admin.api_key), 'content-type': 'application/json' },
      ...(method === 'PUT' ? { body: JSON.stringify({ value }) } : {}),
      signal: AbortSignal.timeout(15_000),
    })
    await response.body?.cancel()
    return response.status
  }
  const becomes = (status: number, value: string) =>
    eventually(`a write is answered ${status}`, 30, async () =>
      (await ask('PUT', value)) === status ? true : undefined,
    )
  await becomes(200, 'one')
  const filler = join(directory, 'filler')
  const { bavail, bsize } = await statfs(directory)
  // Less is left than any node's last limit.
  const file = await open(filler, 'w')
  const chunk = Buffer.alloc(1 << 20)
  for (let left = bavail * bsize - LEFT_BYTES; left > 0; left -= chunk.length) {
    await file.write(chunk)
  }
  await file.close()
  await becomes(507, 'two')
  t.equal(await ask('GET'), 200, 'reads go on')
  // Each node says so of itself once a second.
  await eventually('every node has its alarm', 10, async () => {
    const { nodes: full } = await cluster.status()
    return full.every(({ alarm }) => alarm !== 'none') ? true : undefined
  })
  await rm(filler)
  await becomes(200, 'three')
  const pids = new Set((await cluster.status()).nodes.map(({ pid }) => pid))
  t.same(pids, new Set(nodes.map(({ pid }) => pid)), 'nobody died')
})

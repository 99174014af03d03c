import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readNodeFile } from '#node/node-file.ts'
import { parseToken } from '#protocol/token.ts'
import {
  expectCluster,
  listenOf,
  madeBy,
  prepareEmpty,
  readCluster,
  withLock,
} from '#tools/cluster-directory.ts'
import { expectFree } from '#tools/free-port.ts'
import { makeCluster } from '#tools/make-cluster.ts'

async function temporary(t: { readonly teardown: (work: () => Promise<void>) => void }) {
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-cluster-'))
  t.teardown(() => rm(directory, { recursive: true }))
  return directory
}

const layout = (directory: string) => ({
  ...{ directory, nodeCount: 3, host: '127.0.0.1', apiPort: 5240, peerPort: 5250 },
  advertise: null,
})

t.test('what a bootstrap makes is complete, and secret', async (t) => {
  const directory = await temporary(t)
  await prepareEmpty(directory)
  const cluster = await makeCluster(layout(directory))
  t.same(await readCluster(directory), cluster)
  t.same((await readdir(directory)).toSorted(), ['bootstrap.json', 'node-1', 'node-2', 'node-3'])
  const { admin, rackToken } = madeBy(cluster)
  t.match(admin.apiKey, /^\w{18}:\w{18}:\w{32}$/)
  const token = parseToken(rackToken)
  t.same(token.peers, ['127.0.0.1:5250', '127.0.0.1:5251', '127.0.0.1:5252'])
  t.equal(token.clusterId, cluster.clusterId)
  const nodes = await Promise.all(
    cluster.nodes.map((node) => readNodeFile(join(directory, node.directory))),
  )
  t.same(
    nodes.map((node) => [node.nodeId, node.apiPort, node.peerPort]),
    cluster.nodes.map((node, at) => [node.id, 5240 + at, 5250 + at]),
  )
  for (const name of ['bootstrap.json', 'node-1/pki/node.pem', 'node-1/initialise.json']) {
    t.equal((await stat(join(directory, name))).mode & 0o077, 0, name)
  }
  const first = await readFile(join(directory, 'node-1', 'initialise.json'), 'utf8')
  t.notMatch(first, admin.password)
  t.notMatch(first, token.secret)
})

t.test('nodes behind NAT listen here and are reached there', async (t) => {
  const directory = await temporary(t)
  await prepareEmpty(directory)
  const advertise = { host: '192.0.2.9', port: 7250 }
  const cluster = await makeCluster({ ...layout(directory), advertise })
  const reached = ['192.0.2.9:7250', '192.0.2.9:7251', '192.0.2.9:7252']
  t.same(parseToken(madeBy(cluster).rackToken).peers, reached)
  for (const [at, node] of cluster.nodes.entries()) {
    t.same(listenOf(node), { host: '127.0.0.1', port: 5250 + at })
    const file = await readNodeFile(join(directory, node.directory))
    t.same([file.host, file.peerPort], ['127.0.0.1', 5250 + at])
    t.same(
      file.peers.map(({ host, port }) => `${host}:${port}`),
      reached,
    )
  }
})

t.test('a directory of something else is refused and left as it was', async (t) => {
  const directory = await temporary(t)
  await writeFile(join(directory, 'letter.txt'), 'dear')
  await t.rejects(prepareEmpty(directory), { code: 'DIRECTORY_IN_USE' })
  t.same(await readdir(directory), ['letter.txt'])
  await t.rejects(expectCluster(directory), { code: 'NOT_FOUND' })
})

t.test('a broken-off bootstrap is cleared, and nothing else', async (t) => {
  const directory = await temporary(t)
  await prepareEmpty(directory)
  await mkdir(join(directory, 'node-1'))
  await writeFile(join(directory, 'mine.txt'), 'kept')
  await prepareEmpty(directory)
  t.same((await readdir(directory)).toSorted(), ['bootstrap.unfinished', 'mine.txt'])
})

t.test('one bootstrap at a time; a lock of the dead does not count', async (t) => {
  const directory = await temporary(t)
  await withLock(directory, async () => {
    await t.rejects(
      withLock(directory, async () => 1),
      { code: 'DIRECTORY_IN_USE' },
    )
  })
  t.same(await readdir(directory), [])
  await writeFile(join(directory, 'bootstrap.pid'), '999999999 1\n')
  t.equal(await withLock(directory, async () => 2), 2)
})

t.test('a damaged bootstrap file is not taken for a missing one', async (t) => {
  const directory = await temporary(t)
  await writeFile(join(directory, 'bootstrap.json'), '{')
  await t.rejects(readCluster(directory), { code: 'STORAGE_DAMAGED' })
})

t.test('a busy port and a foreign address are told apart', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await t.rejects(expectFree('127.0.0.1', port), { code: 'ADDRESS_IN_USE' })
  await new Promise((resolve) => server.close(resolve))
  await expectFree('127.0.0.1', port)
  await t.rejects(expectFree('192.0.2.1', port), { code: 'BAD_REQUEST' })
})

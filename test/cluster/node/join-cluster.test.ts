// The first words of a node: repeated until heard, harmless when heard twice.
import { readdir, writeFile } from 'node:fs/promises'
import { join as joinPath } from 'node:path'
import t, { type Test } from 'tap'
import type { SystemId } from '#model/ids.ts'
import { join } from '#node/join-cluster.ts'
import type { NodeFile } from '#node/node-file.ts'
import { type RegionNode, SYSTEM_ACTOR } from '#node/region-node.ts'
import type { CommandOf } from '#state/command.ts'
import { makeLogRecorder } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { MemoryRegion } from '#test/support/memory-region.ts'
import { initialise } from '#test/support/region-state.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { until } from '#test/support/until.ts'

const NODE_ID = 'node01'
const node: NodeFile = {
  version: 1,
  clusterId: 'c1',
  nodeId: NODE_ID,
  // Behind NAT: it listens elsewhere than where the others reach it.
  host: '10.0.0.1',
  apiPort: 5240,
  peerPort: 5251,
  peers: [
    { id: 'node02', host: '192.0.2.2', port: 5250, apiUrl: 'http://192.0.2.2:5240' },
    { id: NODE_ID, host: '192.0.2.1', port: 5250, apiUrl: 'http://192.0.2.1:5240' },
  ],
  firstVoters: [NODE_ID, 'node02'],
}

/** A node on the real state machine; `existing` is the cluster another node made. */
async function makeStage(t: Test, existing?: CommandOf<'cluster.initialise'>) {
  const dir = await temporaryDirectory(t)
  const memory = new MemoryRegion(makeFakeClock(), existing)
  const sessions: number[] = []
  const region = {
    initialise: async (command: CommandOf<'cluster.initialise'>) =>
      (await memory.propose(command, { actor: SYSTEM_ACTOR })).outcome,
    openSession: async (incarnation: number) => void sessions.push(incarnation),
    propose: memory.propose.bind(memory),
    local: memory.local.bind(memory),
  } as unknown as RegionNode
  const { logger, lines } = makeLogRecorder()
  const told = (event: string): number => lines.filter((line) => line.event === event).length
  let removals = 0
  const onRemoved = (): void => void removals++
  const options = { dir, node, incarnation: 3, region, version: '0.0.1', logger, onRemoved }
  const leave = (command: CommandOf<'cluster.initialise'>): Promise<void> =>
    writeFile(joinPath(dir, 'initialise.json'), JSON.stringify(command))
  const proposed = (type: string): number =>
    memory.proposed.filter((command) => command.type === type).length
  const files = (): Promise<string[]> => readdir(dir)
  return { memory, sessions, told, options, leave, proposed, files, removals: () => removals }
}

const never = new AbortController().signal

t.test('the bootstrap makes the cluster, opens the session and says where it is', async (t) => {
  const { memory, sessions, told, options, leave, files } = await makeStage(t)
  await leave(initialise())
  await join(options, never)
  const { state } = memory.local()
  t.equal(state.clusterId, 'c1')
  t.same(sessions, [3])
  t.match(state.controllers.get(NODE_ID as SystemId), {
    kind: 'region',
    version: '0.0.1',
    apiUrl: 'http://192.0.2.1:5240',
    peerAddress: '192.0.2.1:5250',
    incarnation: 3,
  })
  t.same(await files(), [], 'the first command is gone')
  t.equal(told('region.joined'), 1)
})

t.test(
  'a node says where its peers reach it; a removed one is told, and serves no more',
  async (t) => {
    const { memory, options, leave, removals } = await makeStage(t)
    await leave(initialise())
    await join(options, never)
    const id = NODE_ID as SystemId
    const { members } = memory.local().state
    t.match(members.get(id), { status: 'member', host: '192.0.2.1', port: 5250 })
    const system = { actor: SYSTEM_ACTOR }
    await memory.propose(
      {
        ...{ type: 'member.register', id: 'node02' as SystemId, host: '192.0.2.2', port: 1 },
        apiUrl: '',
      },
      system,
    )
    await memory.propose({ type: 'member.remove', id }, system)
    const statusRevision = members.get(id)?.statusRevision ?? 0
    const report = {
      type: 'member.report',
      id,
      statusRevision,
      result: 'removed',
      note: '',
    } as const
    await memory.propose(report, system)
    t.equal(removals(), 0)
    await join({ ...options, incarnation: 4 }, never)
    t.equal(removals(), 1)
  },
)

t.test('the cluster is made once: a later start says only that it is there', async (t) => {
  const { options, leave, proposed, sessions } = await makeStage(t)
  await leave(initialise())
  await join(options, never)
  await join({ ...options, incarnation: 4 }, never)
  t.equal(proposed('cluster.initialise'), 1)
  t.equal(proposed('region.register'), 2)
  t.same(sessions, [3, 4])
})

t.test("another node's copy of the first command came first: as good", async (t) => {
  const { options, leave, files, told } = await makeStage(t, initialise())
  await leave(initialise())
  await join(options, never)
  t.same(await files(), [])
  t.equal(told('cluster.join_retried'), 0)
})

t.test('without a leader it tries again until there is one, and keeps the command', async (t) => {
  const { memory, options, leave, files, told } = await makeStage(t)
  await leave(initialise())
  memory.failWith('NO_QUORUM')
  const joining = join(options, never)
  await until('a second try', () => told('cluster.join_retried') > 1)
  t.same(await files(), ['initialise.json'])
  t.equal(told('region.joined'), 0)
  memory.failWith(null)
  await joining
  t.same(await files(), [])
  t.equal(memory.local().state.clusterId, 'c1')
})

t.test('an answer that is lost makes nothing twice', async (t) => {
  const { memory, options, leave, told, files } = await makeStage(t)
  await leave(initialise())
  memory.loseAnswers(1)
  await join(options, never)
  t.equal(told('cluster.join_retried'), 1)
  t.equal(memory.local().state.users.size, 1)
  t.same(await files(), [])
})

t.test('a node of another cluster does not join, and stops when it is told to', async (t) => {
  const { options, leave, files, told, proposed, sessions } = await makeStage(t, initialise())
  await leave({ ...initialise(), clusterId: 'c2' })
  const stop = new AbortController()
  const joining = join(options, stop.signal)
  await until('a refusal', () => told('cluster.join_retried') > 0)
  stop.abort()
  await joining
  t.same(await files(), ['initialise.json'])
  t.same(sessions, [])
  t.equal(proposed('region.register'), 0)
  t.equal(told('region.joined'), 0, 'and does not say that it has')
})

t.test('a registration that is refused is tried again', async (t) => {
  const { memory, options, told, proposed } = await makeStage(t, initialise())
  await join({ ...options, incarnation: 9 }, never)
  const stop = new AbortController()
  const joining = join(options, stop.signal)
  await until('a second try', () => proposed('region.register') > 2)
  stop.abort()
  await joining
  t.ok(told('cluster.join_retried') > 0)
  t.equal(memory.local().state.controllers.get(NODE_ID as SystemId)?.incarnation, 9)
})

// Membership on whole nodes in one process, with real cores, logs and states: wishes become voters, and
// voters become tombstones.
import t, { type Test } from 'tap'
import type { SystemId } from '#model/ids.ts'
import { secretDigest } from '#node/enroll.ts'
import { Membership } from '#node/membership.ts'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import { REGION_CONFIG, type RegionLimits } from '#platform/config.ts'
import { makeLogger } from '#platform/logger.ts'
import { systemClock, systemScheduler } from '#platform/system.ts'
import { parseToken } from '#protocol/token.ts'
import type { Command } from '#state/command.ts'
import { makeClusterCa } from '#transport/pki.ts'
import { RegionCluster, until } from '#test/support/region-cluster.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(180_000)

const ids = ['aaaaaa', 'bbbbbb', 'cccccc'] as SystemId[]
const NEW = 'dddddd' as SystemId
const NEXT = [NEW, 'eeeeee' as SystemId] as const
const ca = await makeClusterCa('test-cluster', systemClock.wallMs())
const logger = makeLogger({ level: 'error', write: () => {}, clock: systemClock })

class Stage {
  readonly cluster: RegionCluster
  readonly memberships = new Map<string, Membership>()
  readonly #limits: Partial<RegionLimits>

  private constructor(cluster: RegionCluster, limits: Partial<RegionLimits>) {
    this.cluster = cluster
    this.#limits = limits
  }

  static async make(
    t: Test,
    limits: Partial<RegionLimits> = {},
    options: { readonly remembers?: boolean } = {},
  ): Promise<Stage> {
    const cluster = await RegionCluster.make(limits, options)
    const stage = new Stage(cluster, limits)
    for (const id of ids) stage.#dutyOf(id)
    t.teardown(async () => {
      for (const membership of stage.memberships.values()) membership.close()
      await cluster.remove()
    })
    await cluster.open()
    for (const [at, id] of ids.entries()) await stage.ok(registerAt(id, at))
    return stage
  }

  /** Through any node that is up and not cut off. */
  async propose(command: Command) {
    const node = [...this.cluster.nodes.values()].find(({ id }) => !this.cluster.cut.has(id))
    if (node === undefined) throw new Error('no node is up')
    return (await node.assembly.region.propose(command, { actor: SYSTEM_ACTOR })).outcome
  }

  async ok(command: Command): Promise<void> {
    const outcome = await this.propose(command)
    if (!outcome.ok) throw new Error(`${command.type}: ${outcome.message}`)
  }

  async start(id: string): Promise<void> {
    await this.cluster.start(id)
    this.#dutyOf(id)
  }

  async crash(id: string): Promise<void> {
    this.memberships.get(id)?.close()
    this.memberships.delete(id)
    await this.cluster.crash(id)
  }

  async wishToJoin(id: SystemId, secret: string, at = 7): Promise<void> {
    const digest = secretDigest(secret)
    await this.ok({ type: 'token.create', digest, kind: 'region', lifetimeMs: 3_600_000 })
    const { host, port, apiUrl } = registerAt(id, at)
    const join = { type: 'member.join', tokenDigest: digest, keyFingerprint: 'key' } as const
    await this.ok({ ...join, id, host, port, apiUrl })
  }

  voters(): readonly string[] {
    const { configuration } = this.leader.assembly.raftStatus()
    return configuration.votersOutgoing.length > 0 ? [] : configuration.voters.toSorted()
  }

  get leader() {
    const leader = this.cluster.leader()
    if (leader === undefined) throw new Error('there is no leader')
    return leader
  }

  /** By any node that is up. */
  isShownRemoved(id: SystemId): boolean {
    return [...this.cluster.nodes.values()].some(({ assembly }) => assembly.members.isRemoved(id))
  }

  hasVoters(...wanted: readonly string[]): boolean {
    const leader = this.cluster.leader()
    return leader !== undefined && this.voters().join() === wanted.toSorted().join()
  }

  row(id: SystemId) {
    return this.leader.assembly.region.local().state.members.get(id)
  }

  #dutyOf(id: string): void {
    const { assembly: parts } = this.cluster.node(id)
    const membership = new Membership({
      ...{
        parts,
        clock: systemClock,
        scheduler: systemScheduler,
        logger,
        caPem: ca.certificatePem,
        membershipMs: 20,
      },
      directory: `/nonexistent/${id}`,
      limits: { ...REGION_CONFIG, ...this.#limits },
      // A report that finds no leader is made again by the next look.
      background: (task) => void task.catch(() => {}),
      onPeers: () => {},
    })
    this.memberships.set(id, membership)
  }
}

function registerAt(id: SystemId, at: number) {
  const port = 5_250 + at
  return { type: 'member.register' as const, id, host: '127.0.0.1', port, apiUrl: '' }
}

t.test('a node that joins gets everything and a vote; the others learn where it is', async (t) => {
  const stage = await Stage.make(t)
  await stage.wishToJoin(NEW, 'one')
  await until('the learner', () =>
    stage.leader.assembly.raftStatus().configuration.learners.includes(NEW),
  )
  t.same(stage.voters(), ids, 'who has nothing yet does not vote')
  t.equal(stage.row(NEW)?.status, 'joining')
  await stage.start(NEW)
  await until('four voters', () => stage.hasVoters(...ids, NEW))
  await until('the report', () => stage.row(NEW)?.status === 'member')
  for (const { assembly } of stage.cluster.nodes.values()) {
    await until('its address', () => assembly.members.addresses().has(NEW))
  }
  await stage.cluster.openSession(NEW)
  await until('equal states', () => new Set(stage.cluster.digests()).size === 1)
  t.same(stage.cluster.failures, [])
})

t.test('a node that joins an old cluster gets a snapshot first', async (t) => {
  const stage = await Stage.make(t, {
    snapshotEntries: 40,
    snapshotEntriesMax: 40,
    trailingEntries: 5,
  })
  // The log is cut as entries are applied, some time after the snapshot is on disk.
  for (let n = 0; stage.leader.stores.log.reader.firstIndex() <= 40; n++) {
    if (n > 2_000) throw new Error('the log is never cut')
    await stage.ok({ type: 'setting.put', name: `custom/n${n % 100}`, value: `${n}` })
  }
  await stage.wishToJoin(NEW, 'one')
  await stage.start(NEW)
  await until('four voters', () => stage.hasVoters(...ids, NEW))
  t.ok(stage.cluster.resets > 0, 'by a snapshot')
  await stage.cluster.openSession(NEW)
  await until('equal states', () => new Set(stage.cluster.digests()).size === 1)
})

t.test('a dead node is removed and replaced; its id is a tombstone', async (t) => {
  const stage = await Stage.make(t)
  const dead = stage.cluster.followers()[0]?.id as SystemId
  await stage.crash(dead)
  await stage.ok({ type: 'member.remove', id: dead })
  await until('the tombstone', () => stage.row(dead)?.status === 'removed')
  const rest = ids.filter((id) => id !== dead)
  t.ok(stage.hasVoters(...rest))
  t.notOk(stage.leader.assembly.members.addresses().has(dead))
  t.equal(stage.leader.assembly.members.isRemoved(dead), true)
  await stage.wishToJoin(NEW, 'one')
  await stage.start(NEW)
  await until('three voters again', () => stage.hasVoters(...rest, NEW))
})

// It knows nobody who is still there, and those who are know it: it has to ask whoever reaches it.
t.test('a node comes back though all others were replaced while it was down', async (t) => {
  const stage = await Stage.make(t, {}, { remembers: true })
  const [old, ...others] = ids.toReversed()
  if (old === undefined) throw new Error('three nodes')
  await stage.crash(old)
  for (const [at, gone] of others.entries()) {
    const id = NEXT[at] ?? NEW
    await stage.wishToJoin(id, `token ${at}`, 7 + at)
    await stage.start(id)
    await until(`${id} votes`, () => stage.voters().includes(id))
    await stage.cluster.openSession(id)
    await stage.ok({ type: 'member.remove', id: gone })
    await until(`${gone} is gone`, () => stage.isShownRemoved(gone))
    await stage.crash(gone)
  }
  await until('a leader of the new ones', () => stage.hasVoters(old, ...NEXT))
  const { revision } = stage.leader.assembly.region.local()
  await stage.start(old)
  const { region } = stage.cluster.node(old).assembly
  await until('it has caught up', () => region.local().revision >= revision)
  const conditionOf = (id: string) =>
    region.status().members.find((one) => one.id === id)?.condition
  t.equal(conditionOf(old), 'ok')
  // Its vote is needed now.
  await stage.crash(stage.cluster.followers().find(({ id }) => id !== old)?.id ?? '')
  await stage.ok({ type: 'time.advance' })
})

t.test('a removal waits for a node that is away for a moment', async (t) => {
  // So patient that a refusal would be seen as one: `until` gives up before.
  const stage = await Stage.make(t, { removalPatienceMs: 600_000 })
  const [away, leaving] = stage.cluster.followers().map(({ id }) => id as SystemId)
  if (away === undefined || leaving === undefined) throw new Error('two followers')
  await stage.crash(away)
  await until('the leader notices', () => {
    const peer = stage.leader.assembly.raftStatus().peers.find(({ id }) => id === away)
    return peer?.isCaughtUp === false
  })
  await stage.ok({ type: 'member.remove', id: leaving })
  t.equal(stage.row(leaving)?.status, 'leaving')
  t.same(stage.voters(), ids, 'with one away the change would leave no quorum')
  await stage.start(away)
  await until('the tombstone', () => stage.row(leaving)?.status === 'removed')
  t.same(
    stage.voters(),
    ids.filter((id) => id !== leaving),
  )
})

t.test('a removal that would cost the quorum is refused and says so', async (t) => {
  const stage = await Stage.make(t, { removalPatienceMs: 300 })
  const [dead, alive] = stage.cluster.followers().map(({ id }) => id as SystemId)
  if (dead === undefined || alive === undefined) throw new Error('two followers')
  await stage.crash(dead)
  await until('the leader notices', () => {
    const peer = stage.leader.assembly.raftStatus().peers.find(({ id }) => id === dead)
    return peer?.isCaughtUp === false
  })
  await stage.ok({ type: 'member.remove', id: alive })
  await until('the refusal', () => stage.row(alive)?.status === 'member')
  t.match(stage.row(alive)?.note, /quorum would be lost: of 2 voters 1 would be up/)
  t.same(stage.voters(), ids)
})

t.test('the leader may go: another one takes over, and only then it is refused', async (t) => {
  const stage = await Stage.make(t)
  const gone = stage.leader.id as SystemId
  await stage.ok({ type: 'member.remove', id: gone })
  const rest = ids.filter((id) => id !== gone)
  await until('another leader', () => {
    const seen = stage.cluster.node(rest[0] ?? '').assembly.region.status().leader
    return seen !== null && seen !== gone
  })
  await until('the tombstone', () => stage.row(gone)?.status === 'removed')
  // What the others refuse it by came after its removal: they cannot need its vote any more.
  t.equal(stage.leader.assembly.members.isRemoved(gone), true)
  await stage.crash(gone)
  t.ok(stage.hasVoters(...rest))
  await stage.ok({ type: 'time.advance' })
})

t.test('a node that never comes fails to join in bounded time, and is gone', async (t) => {
  const stage = await Stage.make(t, { joinTimeoutMs: 300 })
  await stage.wishToJoin(NEW, 'one')
  const advance = setInterval(() => void stage.propose({ type: 'time.advance' }), 100)
  t.teardown(() => clearInterval(advance))
  await until('the tombstone', () => stage.row(NEW)?.status === 'removed')
  t.match(stage.row(NEW)?.note, /did not catch up within/)
  t.same(stage.leader.assembly.raftStatus().configuration.learners, [])
})

t.test('leadership goes where an operator wants it, asked on any node', async (t) => {
  const stage = await Stage.make(t)
  const [to, other] = stage.cluster.followers().map(({ id }) => id)
  if (to === undefined || other === undefined) throw new Error('two followers')
  const asked = stage.memberships.get(other)
  await until('reports', () =>
    stage.cluster
      .node(other)
      .assembly.region.status()
      .members.every(({ reachable }) => reachable),
  )
  t.equal(await asked?.transfer(to), to)
  t.equal(await asked?.transfer(to), to, 'it is there already')
  t.not(await asked?.transfer(null), to)
  await t.rejects(async () => asked?.transfer('nobody'), { code: 'NOT_FOUND' })
})

t.test('a token carries the fingerprint of the CA and where regions are', async (t) => {
  const stage = await Stage.make(t)
  const [membership] = stage.memberships.values()
  const text = (await membership?.makeToken('region', 60_000, SYSTEM_ACTOR)) ?? ''
  const token = parseToken(text)
  t.match(token, { clusterId: 'test-cluster', peers: ['127.0.0.1:5250', /./, /./] })
  const row = stage.leader.assembly.region.local().state.joinTokens.get(secretDigest(token.secret))
  t.match(row, { kind: 'region', once: { usedBy: null } })
  await t.rejects(async () => membership?.makeToken('region', -1, SYSTEM_ACTOR), {
    code: 'BAD_REQUEST',
  })
})

// "In Search of an Understandable Consensus Algorithm" (extended version), §5 to §8 in its order: one test
// for each sentence that decides what a node does. The last test looks for sections without one. What the
// dissertation adds is in dissertation.test.ts.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { defaultRaftConfig, validateConfig } from '#raft/config.ts'
import { RaftCluster } from '#test/support/raft-cluster.ts'
import { configurationOf, RaftDisk } from '#test/support/raft-disk.ts'
import {
  all,
  appendEntries,
  appendEntriesReply,
  entry,
  fill,
  heartbeat,
  only,
  preVoteReply,
  requestVote,
  requestVoteReply,
} from '#test/support/raft-messages.ts'
import { RaftNode } from '#test/support/raft-node.ts'
import { acknowledge, bytes, soloFollower, soloSettledLeader } from '#test/support/raft-solo.ts'

const three = configurationOf(['a', 'b', 'c'])
const five = configurationOf(['a', 'b', 'c', 'd', 'e'])

function nodeWith(terms: readonly number[], currentTerm: number): RaftNode {
  const disk = fill(new RaftDisk(three), terms, currentTerm)
  return new RaftNode({ id: 'a', configuration: three, disk })
}

/** Candidate `a` of term 1, its vote on disk and its requests sent. */
function candidateIn(configuration = three): RaftNode {
  const node = new RaftNode({ id: 'a', configuration })
  node.raft.campaign()
  node.run()
  for (const from of configuration.voters.slice(1)) {
    if (node.raft.status().role === 'candidate') break
    node.raft.step(preVoteReply({ from, to: 'a', term: 1 }))
  }
  node.run()
  return node
}

function leader(): RaftNode {
  const node = candidateIn()
  node.raft.step(requestVoteReply({ from: 'b', to: 'a', term: 1 }))
  node.run()
  return node
}

t.test('§5.1 a server with a smaller term updates it to the larger value', (t) => {
  const follower = nodeWith([], 2)
  follower.raft.step(heartbeat({ from: 'b', to: 'a', term: 5 }))
  t.equal(follower.raft.status().term, 5)
  t.end()
})

t.test('§5.1 a candidate or leader whose term is out of date becomes a follower at once', (t) => {
  for (const node of [candidateIn(), leader()]) {
    node.raft.step(appendEntries({ from: 'c', to: 'a', term: 9 }))
    t.match(node.raft.status(), { role: 'follower', term: 9, leader: 'c' })
  }
  t.end()
})

t.test('§5.1 a request with a stale term number is rejected', (t) => {
  const follower = nodeWith([1], 3)
  follower.raft.step(
    appendEntries({ from: 'b', to: 'a', term: 2, prevLogIndex: 1, prevLogTerm: 1 }),
  )
  follower.raft.step(requestVote({ from: 'c', to: 'a', term: 2, lastLogIndex: 9, lastLogTerm: 2 }))
  const sent = follower.run()
  t.match(only(sent, 'appendEntriesReply'), { success: false, term: 3 })
  t.match(only(sent, 'requestVoteReply'), { granted: false, term: 3 })
  t.end()
})

t.test('§5.1 the current term is stored, and a restarted server does not go back', (t) => {
  const follower = nodeWith([], 2)
  follower.raft.step(heartbeat({ from: 'b', to: 'a', term: 5 }))
  follower.run()
  follower.crash()
  follower.restart()
  t.equal(follower.raft.status().term, 5)
  follower.raft.step(heartbeat({ from: 'c', to: 'a', term: 4 }))
  t.match(follower.raft.status(), { term: 5, leader: null })
  t.end()
})

t.test('§5.2 servers start up as followers', (t) => {
  t.equal(new RaftNode({ id: 'a', configuration: three }).raft.status().role, 'follower')
  t.end()
})

t.test('§5.2 a leader sends heartbeats to all followers every heartbeat interval', (t) => {
  const node = leader()
  for (let i = 0; i < node.config.heartbeatTicks; i++) node.raft.tick()
  t.strictSame(
    all(node.run(), 'heartbeat').map((message) => message.to),
    ['b', 'c'],
  )
  t.end()
})

t.test('§5.2 a follower without communication for an election timeout begins an election', (t) => {
  const node = new RaftNode({ id: 'a', configuration: three })
  for (let i = 1; i < node.config.electionTicksMin; i++) node.raft.tick()
  t.equal(node.raft.status().role, 'follower')
  node.raft.tick()
  t.equal(node.raft.status().role, 'preCandidate')
  t.end()
})

t.test('§5.2 a heartbeat keeps a follower from campaigning', (t) => {
  const node = new RaftNode({ id: 'a', configuration: three })
  for (let i = 0; i < 20; i++) {
    node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
    node.raft.tick()
  }
  t.equal(node.raft.status().role, 'follower')
  t.end()
})

t.test('§5.2 to begin an election a node raises its term, votes for itself and asks all', (t) => {
  const node = new RaftNode({ id: 'a', configuration: three })
  node.raft.campaign()
  node.run()
  node.raft.step(preVoteReply({ from: 'b', to: 'a', term: 1 }))
  const sent = all(node.run(), 'requestVote')
  t.match(node.raft.status(), { role: 'candidate', term: 1, votedFor: 'a' })
  t.strictSame(
    sent.map((message) => [message.to, message.term]),
    [
      ['b', 1],
      ['c', 1],
    ],
  )
  t.end()
})

t.test('§5.2 a candidate with votes from a majority wins; with refusals from one it loses', (t) => {
  const cases = [
    { granted: [], refused: [], role: 'candidate' },
    { granted: ['b'], refused: [], role: 'candidate' },
    { granted: ['b', 'c'], refused: [], role: 'leader' },
    { granted: ['b', 'c'], refused: ['d', 'e'], role: 'leader' },
    { granted: ['b'], refused: ['c', 'd'], role: 'candidate' },
    { granted: ['b'], refused: ['c', 'd', 'e'], role: 'follower' },
    { granted: [], refused: ['c', 'd', 'e'], role: 'follower' },
  ]
  for (const { granted, refused, role } of cases) {
    const node = candidateIn(five)
    for (const from of granted) node.raft.step(requestVoteReply({ from, to: 'a', term: 1 }))
    for (const from of refused) {
      node.raft.step(requestVoteReply({ from, to: 'a', term: 1, granted: false }))
    }
    t.equal(node.raft.status().role, role, `granted ${granted.join()}, refused ${refused.join()}`)
  }
  t.end()
})

t.test(
  '§5.2 a follower votes for at most one candidate in a term, first come first served',
  (t) => {
    const node = nodeWith([], 0)
    node.raft.step(requestVote({ from: 'b', to: 'a', term: 1 }))
    node.raft.step(requestVote({ from: 'c', to: 'a', term: 1 }))
    node.raft.step(requestVote({ from: 'b', to: 'a', term: 1 }))
    t.strictSame(
      all(node.run(), 'requestVoteReply').map((message) => [message.to, message.granted]),
      [
        ['b', true],
        ['c', false],
        ['b', true],
      ],
    )
    t.end()
  },
)

t.test('§5.2 a candidate that hears from a leader of its term becomes its follower', (t) => {
  const node = candidateIn()
  node.raft.step(heartbeat({ from: 'c', to: 'a', term: 1 }))
  t.match(node.raft.status(), { role: 'follower', leader: 'c', term: 1 })
  t.end()
})

t.test('§5.2 a candidate refuses a leader of an older term and stays a candidate', (t) => {
  const node = candidateIn()
  node.raft.step(appendEntries({ from: 'c', to: 'a', term: 0, entries: [] }))
  t.match(node.raft.status(), { role: 'candidate', term: 1, leader: null })
  t.match(only(node.run(), 'appendEntriesReply'), { to: 'c', success: false, term: 1 })
  t.end()
})

t.test('§5.2 a candidate that neither wins nor loses begins a new election in a new term', (t) => {
  const node = candidateIn(five)
  node.raft.step(requestVoteReply({ from: 'b', to: 'a', term: 1 }))
  for (let i = 0; i < node.config.electionTicksMin; i++) node.raft.tick()
  for (const from of ['b', 'c']) node.raft.step(preVoteReply({ from, to: 'a', term: 2 }))
  t.match(node.raft.status(), { role: 'candidate', term: 2, votedFor: 'a' })
  node.run()
  for (const from of ['c', 'd']) node.raft.step(requestVoteReply({ from, to: 'a', term: 2 }))
  t.equal(node.raft.status().role, 'leader', 'b’s vote of term 1 is neither needed nor counted')
  t.end()
})

t.test('§5.2 a new leader tells everybody at once, to prevent new elections', (t) => {
  const node = candidateIn()
  node.raft.step(requestVoteReply({ from: 'b', to: 'a', term: 1 }))
  node.pump()
  t.strictSame(
    all(node.take(), 'appendEntries').map(({ to, term }) => [to, term]),
    [
      ['b', 1],
      ['c', 1],
    ],
  )
  t.end()
})

t.test('§5.2 election timeouts are drawn again, between one and two times the minimum', (t) => {
  const drawn = new Set<number>()
  const random = { integer: (below: number) => drawn.size % below }
  const node = new RaftNode({ id: 'a', configuration: three, random })
  for (let term = 1; term < 30; term++) {
    node.raft.step(heartbeat({ from: 'b', to: 'a', term }))
    let ticks = 0
    while (node.raft.status().role === 'follower') {
      node.raft.tick()
      ticks++
    }
    drawn.add(ticks)
  }
  t.strictSame(
    [...drawn].toSorted((a, b) => a - b),
    [6, 7, 8, 9, 10, 11],
  )
  t.end()
})

t.test('§5.3 a leader appends a command as a new entry and sends it to all in parallel', (t) => {
  const node = leader()
  for (const from of ['b', 'c']) {
    node.raft.step(appendEntriesReply({ from, to: 'a', term: 1, index: 1 }))
  }
  node.run()
  node.raft.propose([new Uint8Array([7])])
  node.pump()
  t.equal(node.write?.entries.length, 1, 'the disk writes …')
  const sent = all(node.take(), 'appendEntries')
  t.strictSame(
    sent.map(({ to, prevLogIndex, prevLogTerm, entries }) => [
      to,
      prevLogIndex,
      prevLogTerm,
      entries.length,
    ]),
    [
      ['b', 1, 1, 1],
      ['c', 1, 1, 1],
    ],
    '… while the others receive',
  )
  t.end()
})

t.test('§5.3 an entry is committed once a majority has stored it, and then applied', (t) => {
  const node = leader()
  t.equal(node.raft.status().commitIndex, 0)
  node.raft.step(appendEntriesReply({ from: 'c', to: 'a', term: 1, index: 1 }))
  node.run()
  t.match(node.raft.status(), { commitIndex: 1, lastApplied: 1 })
  t.end()
})

t.test('§5.3 a commit includes all preceding entries, of earlier leaders too', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  cluster.elect('a')
  cluster.loses = (message) => message.to === 'c' || message.type === 'appendEntriesReply'
  cluster.propose('a', ['earlier'])
  cluster.settle()
  cluster.node('a').crash()
  cluster.heal()
  cluster.elect('b')
  t.strictSame(cluster.commands('c'), ['earlier'])
  t.end()
})

t.test('§5.3 a follower learns of commits and applies them in log order', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  cluster.elect('a')
  cluster.propose('a', ['one', 'two'])
  cluster.propose('a', ['three'])
  cluster.settle()
  for (const id of ['a', 'b', 'c']) t.strictSame(cluster.commands(id), ['one', 'two', 'three'])
  t.end()
})

t.test('§5.3 the commit index goes along with appends and heartbeats', (t) => {
  const node = soloSettledLeader()
  node.raft.propose([bytes(1)])
  node.run()
  acknowledge(node, ['b', 'c'])
  const [append] = all(node.run(), 'appendEntries')
  t.equal(append?.leaderCommit, 2)
  for (let i = 0; i < node.config.heartbeatTicks; i++) node.raft.tick()
  const [beat] = all(node.run(), 'heartbeat')
  t.equal(beat?.leaderCommit, 2)
  t.end()
})

t.test('§5.3 a leader goes on sending to a follower that does not answer, for ever', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  cluster.elect('a')
  cluster.partition(['c'])
  cluster.propose('a', ['x'])
  cluster.tick(200)
  t.strictSame(cluster.commands('a'), ['x'], 'answered long ago')
  cluster.heal()
  cluster.tick(3)
  t.strictSame(cluster.commands('c'), ['x'])
  t.end()
})

t.test('§5.3 a leader never overwrites or deletes entries of its own log', (t) => {
  const node = leader()
  node.raft.propose([bytes(1)])
  node.run()
  const before = node.disk.entries
  node.raft.step(appendEntries({ from: 'b', to: 'a', term: 1, entries: [entry(1, 1, 'other')] }))
  node.raft.step(
    appendEntriesReply({ from: 'b', to: 'a', term: 1, success: false, index: 2, hintIndex: 0 }),
  )
  node.run()
  t.strictSame(node.disk.entries, before)
  t.end()
})

t.test('§5.3 a follower refuses entries when it lacks the one before them', (t) => {
  const cases = [
    { prevLogIndex: 0, prevLogTerm: 0, success: true },
    { prevLogIndex: 2, prevLogTerm: 2, success: true },
    { prevLogIndex: 2, prevLogTerm: 1, success: false },
    { prevLogIndex: 3, prevLogTerm: 2, success: false },
  ]
  for (const { success, ...prev } of cases) {
    const node = nodeWith([1, 2], 2)
    node.raft.step(appendEntries({ from: 'b', to: 'a', term: 3, ...prev }))
    t.equal(only(node.run(), 'appendEntriesReply').success, success, JSON.stringify(prev))
  }
  t.end()
})

t.test('§5.3 conflicting entries and all that follow are replaced by the leader’s', (t) => {
  const cases = [
    { prev: [2, 2], entries: [[3, 3]], log: [1, 2, 3] },
    {
      prev: [1, 1],
      entries: [
        [2, 3],
        [3, 4],
      ],
      log: [1, 3, 4],
    },
    { prev: [0, 0], entries: [[1, 1]], log: [1, 2] },
    { prev: [0, 0], entries: [[1, 3]], log: [3] },
  ] as const
  for (const { prev, entries, log } of cases) {
    const node = nodeWith([1, 2], 2)
    node.raft.step(
      appendEntries({
        from: 'b',
        to: 'a',
        term: 4,
        prevLogIndex: prev[0],
        prevLogTerm: prev[1],
        entries: entries.map(([index, term]) => entry(index, term)),
      }),
    )
    node.run()
    t.strictSame(
      node.disk.entries.map(({ term }) => term),
      log,
    )
  }
  t.end()
})

t.test(
  '§5.3 a new leader assumes that logs agree, and after a refusal goes back until they do',
  (t) => {
    const node = nodeWith([1, 1, 1], 1)
    node.raft.campaign()
    node.run()
    node.raft.step(preVoteReply({ from: 'b', to: 'a', term: 2 }))
    node.run()
    node.raft.step(requestVoteReply({ from: 'b', to: 'a', term: 2 }))
    const [first] = all(node.run(), 'appendEntries')
    t.match(first, { to: 'b', prevLogIndex: 3, prevLogTerm: 1 })
    node.raft.step(
      appendEntriesReply({
        ...{ from: 'b', to: 'a', term: 2, success: false },
        ...{ index: 3, hintIndex: 1, hintTerm: 1 },
      }),
    )
    const again = only(node.run(), 'appendEntries')
    t.match(again, { to: 'b', prevLogIndex: 1, prevLogTerm: 1 })
    t.equal(again.entries.length, 3)
    t.end()
  },
)

t.test(
  '§5.3 Figure 7: a new leader brings every follower’s log into agreement with its own',
  (t) => {
    const followers = [
      [1, 1, 1, 4, 4, 5, 5, 6, 6],
      [1, 1, 1, 4],
      [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
      [1, 1, 1, 4, 4, 4, 4],
      [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ]
    for (const terms of followers) {
      const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
      const logs = { a: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6], b: terms, c: [] as number[] }
      for (const [id, log] of Object.entries(logs)) {
        cluster.node(id).crash()
        fill(cluster.node(id).disk, log, 7)
        cluster.node(id).restart()
      }
      cluster.elect('a')
      const expected = [...logs.a, 8]
      for (const id of ['a', 'b', 'c']) {
        const found = cluster.node(id).disk.entries.map(({ term }) => term)
        t.strictSame(found, expected, `${id} from ${terms.join()}`)
      }
    }
    t.end()
  },
)

t.test('§5.4.1 a voter denies its vote to a candidate whose log is less up to date', (t) => {
  const cases = [
    { mine: [1], theirs: [1, 1], granted: true },
    { mine: [1], theirs: [1, 2], granted: true },
    { mine: [1, 1], theirs: [1, 1], granted: false },
    { mine: [1], theirs: [2, 1], granted: true },
    { mine: [2], theirs: [1, 1], granted: false },
    { mine: [2], theirs: [9, 1], granted: false },
    { mine: [1, 1, 1], theirs: [1, 2], granted: true },
  ]
  for (const { mine, theirs, granted } of cases) {
    const node = nodeWith(mine, 3)
    const [lastLogIndex = 0, lastLogTerm = 0] = theirs
    node.raft.step(requestVote({ from: 'b', to: 'a', term: 4, lastLogIndex, lastLogTerm }))
    t.equal(
      only(node.run(), 'requestVoteReply').granted,
      granted,
      `${mine.join()} against ${theirs.join()}`,
    )
  }
  t.end()
})

t.test('§5.4.2 Figure 8: only an entry of the own term is committed by counting replicas', (t) => {
  const node = nodeWith([1, 2], 2)
  node.raft.campaign()
  node.run()
  node.raft.step(preVoteReply({ from: 'b', to: 'a', term: 3 }))
  node.run()
  node.raft.step(requestVoteReply({ from: 'b', to: 'a', term: 3 }))
  node.run()
  node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 3, index: 2 }))
  t.equal(node.raft.status().commitIndex, 0, 'a majority has entry 2, of term 2')
  node.raft.step(appendEntriesReply({ from: 'b', to: 'a', term: 3, index: 3 }))
  t.equal(node.raft.status().commitIndex, 3, 'entry 3 is of term 3')
  t.end()
})

t.test('§5.4.3 whoever wins an election holds every committed entry', (t) => {
  for (const behind of ['b', 'c']) {
    const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
    cluster.elect('a')
    cluster.partition([behind])
    cluster.propose('a', ['committed'])
    cluster.settle()
    cluster.node('a').crash()
    cluster.heal()
    cluster.tick(40)
    t.not(cluster.leader?.id, behind, `${behind} lacks the entry`)
    t.strictSame(cluster.commands(cluster.leader?.id ?? behind), ['committed'])
  }
  t.end()
})

t.test('§5.5 a crashed follower is sent again what it missed, and voters need not answer', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  cluster.elect('a')
  cluster.node('c').crash()
  cluster.propose('a', ['x'])
  cluster.tick(20)
  cluster.node('a').crash()
  cluster.node('c').restart()
  cluster.tick(40)
  t.equal(cluster.leader?.id, 'b', 'elected by c alone')
  t.strictSame(cluster.commands('c'), ['x'])
  t.end()
})

t.test('§5.5 requests are idempotent: the same append twice has the effect of one', (t) => {
  const node = nodeWith([], 0)
  const append = appendEntries({ from: 'b', to: 'a', term: 1, entries: [entry(1, 1)] })
  node.raft.step(append)
  node.raft.step(append)
  const replies = all(node.run(), 'appendEntriesReply')
  t.strictSame(
    replies.map((reply) => [reply.success, reply.index]),
    [
      [true, 1],
      [true, 1],
    ],
  )
  t.equal(node.disk.lastIndex, 1)
  t.end()
})

t.test('§5.6 a heartbeat interval well below the election timeout is demanded', (t) => {
  const config = { ...defaultRaftConfig, heartbeatTicks: 4, electionTicksMin: 8 }
  t.throws(() => validateConfig(config), /three heartbeats/)
  validateConfig({ ...config, electionTicksMin: 12 })
  t.end()
})

t.test(
  '§5.6 after the death of a leader there is a new one within a few election timeouts',
  (t) => {
    for (let seed = 1; seed <= 20; seed++) {
      const cluster = new RaftCluster({ ids: ['a', 'b', 'c', 'd', 'e'], seed })
      cluster.tick(60)
      const first = cluster.leader
      t.ok(first, `seed ${seed}`)
      first?.crash()
      cluster.tick(5 * defaultRaftConfig.electionTicksMin)
      t.ok(cluster.leader, `seed ${seed}, after the death of ${first?.id}`)
    }
    t.end()
  },
)

t.test('§6 joint consensus: a commit needs a majority of the old and one of the new side', (t) => {
  const configuration = configurationOf(['a', 'd', 'e'], { votersOutgoing: ['a', 'b', 'c'] })
  const node = soloSettledLeader({ configuration })
  node.raft.propose([bytes(1)])
  node.run()
  acknowledge(node, ['d', 'e'])
  t.equal(node.raft.status().commitIndex, 1, 'the new side alone')
  acknowledge(node, ['b'])
  t.equal(node.raft.status().commitIndex, 2)
  t.end()
})

t.test('§6 new servers join as non-voting members, are brought up, and then vote', (t) => {
  const cluster = new RaftCluster({
    ids: ['a', 'b', 'c', 'd'],
    configuration: configurationOf(['a', 'b', 'c']),
  })
  const node = cluster.elect('a')
  cluster.propose('a', ['x'])
  t.match(node.raft.proposeConfiguration(configurationOf(['a', 'b', 'c'], { learners: ['d'] })), {
    ok: true,
  })
  cluster.tick(5)
  t.strictSame(cluster.commands('d'), ['x'])
  const joint = { votersOutgoing: ['a', 'b', 'c'], autoLeave: true }
  t.match(node.raft.proposeConfiguration(configurationOf(['a', 'b', 'c', 'd'], joint)), {
    ok: true,
  })
  cluster.tick(5)
  for (const id of ['a', 'b', 'c', 'd']) {
    const { configuration } = cluster.node(id).raft.status()
    t.strictSame(configuration, configurationOf(['a', 'b', 'c', 'd']), id)
  }
  t.end()
})

t.test('§6 a leader outside of C_new steps down when C_new is committed', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  const node = cluster.elect('a')
  const joint = configurationOf(['b', 'c'], { votersOutgoing: ['a', 'b', 'c'], autoLeave: true })
  t.match(node.raft.proposeConfiguration(joint), { ok: true })
  cluster.settle()
  t.equal(node.raft.status().role, 'follower')
  t.strictSame(node.raft.status().configuration, configurationOf(['b', 'c']))
  cluster.tick(10)
  t.ok(['b', 'c'].includes(cluster.leader?.id ?? ''))
  t.end()
})

t.test('§6 removed servers do not disrupt: who hears from a leader disregards requests', (t) => {
  const node = soloFollower()
  node.raft.step(heartbeat({ from: 'b', to: 'a', term: 1 }))
  node.run()
  node.raft.step(requestVote({ from: 'x', to: 'a', term: 99 }))
  t.strictSame(node.run(), [])
  t.match(node.raft.status(), { term: 1, leader: 'b' })
  t.end()
})

t.test('§7 a lagging follower gets the snapshot with last index, term and configuration', (t) => {
  const cluster = new RaftCluster({ ids: ['a', 'b', 'c'] })
  const node = cluster.elect('a')
  cluster.partition(['c'])
  cluster.propose('a', ['x', 'y'])
  cluster.settle()
  node.compact()
  cluster.heal()
  cluster.tick(4)
  t.match(cluster.node('c').disk.snapshot, {
    lastIncludedIndex: 3,
    lastIncludedTerm: 1,
    configuration: three,
  })
  t.equal(cluster.node('c').raft.status().lastApplied, 3)
  t.end()
})

t.test('§7 a snapshot replaces a log it does not match, and keeps what follows a match', (t) => {
  const cases = [
    { terms: [1, 1, 1], at: { index: 2, term: 1 }, last: 3 },
    { terms: [1, 1, 1], at: { index: 2, term: 2 }, last: 2 },
    { terms: [1], at: { index: 9, term: 2 }, last: 9 },
  ]
  for (const { terms, at, last } of cases) {
    const node = nodeWith(terms, 2)
    const snapshot = {
      ...{ lastIncludedIndex: at.index, lastIncludedTerm: at.term, lastIncludedStamp: 5 },
      configuration: three,
    }
    node.raft.step({ type: 'installSnapshot', from: 'b', to: 'a', term: 2, snapshot })
    node.run()
    t.match(node.raft.status(), { lastIndex: last, commitIndex: at.index }, terms.join())
  }
  t.end()
})

t.test(
  '§8 a server that is not the leader refuses a request and names the leader it knows',
  (t) => {
    const node = soloFollower()
    t.match(node.raft.propose([bytes(1)]), { ok: false, reason: 'notLeader', leader: null })
    node.raft.step(heartbeat({ from: 'c', to: 'a', term: 1 }))
    t.match(node.raft.propose([bytes(1)]), { ok: false, reason: 'notLeader', leader: 'c' })
    t.end()
  },
)

t.test('§8 a leader begins its term with an empty entry, to learn what is committed', (t) => {
  const node = leader()
  t.match(node.disk.entries[0], { index: 1, term: 1, kind: 'empty' })
  node.raft.readIndex(1)
  node.run()
  t.strictSame(node.reads, [{ requestId: 1, index: null }], 'it does not know yet')
  t.end()
})

t.test('§8 a read is answered after a majority has answered a later heartbeat', (t) => {
  const node = soloSettledLeader()
  node.raft.readIndex(1)
  const [beat] = all(node.run(), 'heartbeat')
  t.strictSame(node.reads, [], 'it might have been deposed')
  const readRound = beat?.readRound ?? 0
  node.raft.step({ type: 'heartbeatReply', from: 'b', to: 'a', term: 1, readRound })
  node.run()
  t.strictSame(node.reads, [{ requestId: 1, index: 1 }])
  t.end()
})

t.test('every section of the paper that decides something has a test', (t) => {
  const source = readFileSync(import.meta.filename, 'utf8')
  const sections = '5.1 5.2 5.3 5.4.1 5.4.2 5.4.3 5.5 5.6 6 7 8'.split(' ')
  const named = [...source.matchAll(/^(?:t\.test\(| {2})'§([\d.]+) /gm)].map(([, name]) => name)
  t.strictSame([...new Set(named)], sections, 'each, in the order of the paper')
  t.end()
})

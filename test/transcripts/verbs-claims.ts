// Verbs that look and claim. A claim is what the scenario is about: `UPDATE=1` rewrites outputs, never a
// claim, so a behaviour that changed cannot be blessed by accident.
import assert from 'node:assert/strict'
import type { NodeId } from '#raft/types.ts'
import { describeConfiguration, describeEntries, describeMessage } from './describe.ts'
import { describePeer, describeStatus } from './describe.ts'
import type { Stage } from './stage.ts'
import type { Verb } from './verb.ts'

const MANY = 16

export const CLAIM_VERBS: Readonly<Record<string, Verb>> = {
  show: {
    usage: 'show a b …: the whole state of each',
    words: [1, MANY],
    run: ({ stage }, { words }) => {
      for (const id of words) stage.say(`${id}: ${describeStatus(stage.node(id).raft.status())}`)
    },
  },
  peers: {
    usage: 'peers a: its peers as leader a sees them',
    words: [1, 1],
    run: ({ stage }, { words: [id = ''] }) => {
      const { peers } = stage.node(id).raft.status()
      assert(peers.length > 0, `${id} is no leader with peers`)
      for (const peer of peers) stage.say(describePeer(peer))
    },
  },
  log: {
    usage: 'log a b …: what is on disk',
    words: [1, MANY],
    run: ({ stage }, { words }) => {
      for (const id of words) {
        const { snapshot, entries } = stage.node(id).disk
        const { lastIncludedIndex, lastIncludedTerm } = snapshot
        stage.say(
          `${id}: from ${lastIncludedIndex}@${lastIncludedTerm} ${describeEntries(entries)}`,
        )
      }
    },
  },
  network: {
    usage: 'network: what is on its way',
    words: [0, 0],
    run: ({ stage }) => {
      for (const { number, message } of stage.network) {
        stage.say(`#${number} ${message.from} to ${message.to}: ${describeMessage(message)}`)
      }
    },
  },
  expect: {
    usage: 'expect a b … role=leader term=2 …: must hold at each of them',
    options: ['*'],
    words: [1, MANY],
    run: ({ stage }, { words, options }) => {
      assert(options.size > 0, 'a claim says what must hold')
      for (const id of words) {
        for (const [key, value] of options) {
          assert.equal(claimed(stage, id, key), value, `expected ${key} of ${id} to be ${value}`)
        }
      }
      stage.say('holds')
    },
  },
  'expect-equal-logs': {
    usage: 'expect-equal-logs a b …: the same entries on every disk, as far as each has them',
    words: [2, MANY],
    run: ({ stage }, { words }) => {
      for (const [at, id] of words.entries()) {
        const other = words[at - 1]
        if (other !== undefined) assertEqualLogs(stage, id, other)
      }
      stage.say('holds')
    },
  },
  'expect-leader': {
    usage: 'expect-leader a|none: of the highest term among the nodes that are up',
    words: [1, 1],
    run: ({ stage }, { words: [wanted = ''] }) => {
      const statuses = stage.up.map(({ raft }) => raft.status())
      const leaders = statuses.filter(({ role }) => role === 'leader')
      const newest = leaders.toSorted((a, b) => b.term - a.term)[0]
      assert.equal(newest?.id ?? 'none', wanted, `expected the leader to be ${wanted}`)
      stage.say('holds')
    },
  },
}

function assertEqualLogs(stage: Stage, id: NodeId, other: NodeId): void {
  const mine = stage.node(id).disk
  const theirs = stage.node(other).disk
  assert.equal(mine.lastIndex, theirs.lastIndex, `${id} and ${other} end differently`)
  const from = Math.max(mine.snapshot.lastIncludedIndex, theirs.snapshot.lastIncludedIndex)
  for (let index = from; index <= mine.lastIndex; index++) {
    assert.equal(mine.termAt(index), theirs.termAt(index), `${id} and ${other} differ at ${index}`)
  }
}

const PEER_CLAIMS = {
  peer: 'state',
  match: 'matchIndex',
  next: 'nextIndex',
  inflight: 'inflightCount',
  amnesia: 'amnesia',
} as const

/** What a claim's key stands for, as text. */
function claimed(stage: Stage, id: NodeId, key: string): string {
  const node = stage.node(id)
  if (key === 'up') return node.isUp ? 'yes' : 'no'
  if (key === 'log') return node.disk.entries.map((e) => `${e.index}@${e.term}`).join(' ')
  if (key === 'snapshot') return String(node.disk.snapshot.lastIncludedIndex)
  if (key === 'spaces') return stage.machine(id).spaces().join(' ')
  if (key === 'answered') return stage.answered(id).join(' ')
  if (key === 'commands') return commandsOf(stage, id)
  if (key === 'writing') return node.write === null ? 'no' : 'yes'
  return claimedOfStatus(stage, id, key)
}

function claimedOfStatus(stage: Stage, id: NodeId, key: string): string {
  const status = stage.node(id).raft.status()
  const [kind = '', of = ''] = key.split('.')
  if (kind === 'ignored') return String(status.ignored[of as keyof typeof status.ignored] ?? 0)
  if (kind in PEER_CLAIMS && of !== '') {
    const peer = status.peers.find((each) => each.id === of)
    return peer === undefined ? 'none' : String(peer[PEER_CLAIMS[kind as keyof typeof PEER_CLAIMS]])
  }
  const plain: Readonly<Record<string, string>> = {
    role: status.role,
    term: String(status.term),
    vote: status.votedFor ?? 'none',
    leader: status.leader ?? 'none',
    last: String(status.lastIndex),
    durable: String(status.durableIndex),
    commit: String(status.commitIndex),
    applied: String(status.lastApplied),
    amnesia: String(status.amnesia),
    transfer: status.transferTo ?? 'nobody',
    uncommitted: String(status.uncommittedBytes),
    configuration: describeConfiguration(status.configuration),
  }
  const value = plain[key]
  assert(value !== undefined, `there is no claim ${key}`)
  return value
}

/** Commands applied in this life of the node, in order. */
function commandsOf(stage: Stage, id: NodeId): string {
  const commands = stage.node(id).applied.filter(({ kind }) => kind === 'command')
  return commands.map(({ data }) => new TextDecoder().decode(data)).join(' ')
}

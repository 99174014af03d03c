// Nodes brought to a role by hand, alone with messages of made-up peers `b`, `c` ….
import type { Configuration } from '#raft/types.ts'
import { configurationOf, RaftDisk } from './raft-disk.ts'
import { appendEntriesReply, fill, preVoteReply, requestVoteReply } from './raft-messages.ts'
import { RaftNode, type RaftNodeOptions } from './raft-node.ts'

type Options = Partial<RaftNodeOptions> & {
  /** Terms of the entries on disk. */
  readonly log?: readonly number[]
  readonly term?: number
}

export const threeVoters: Configuration = configurationOf(['a', 'b', 'c'])

export function soloFollower(options: Options = {}): RaftNode {
  const configuration = options.configuration ?? threeVoters
  const disk = fill(new RaftDisk(configuration), options.log ?? [], options.term ?? 0)
  return new RaftNode({ id: 'a', configuration, disk, ...options })
}

/** Candidate `a` of the next term; its vote is on disk, its requests are taken. */
export function soloCandidate(options: Options = {}): RaftNode {
  const node = soloFollower(options)
  const term = (options.term ?? 0) + 1
  node.raft.campaign()
  node.run()
  for (const from of peersOf(node)) {
    if (node.raft.status().role !== 'preCandidate') break
    node.raft.step(preVoteReply({ from, to: 'a', term }))
  }
  node.run()
  return node
}

/** Leader `a` of the next term; its empty entry is on its disk and sent, not answered. */
export function soloLeader(options: Options = {}): RaftNode {
  const node = soloCandidate(options)
  const { term } = node.raft.status()
  for (const from of peersOf(node)) {
    if (node.raft.status().role !== 'candidate') break
    node.raft.step(requestVoteReply({ from, to: 'a', term }))
  }
  node.run()
  return node
}

/** Leader whose log every peer has acknowledged, and knows to be committed. */
export function soloSettledLeader(options: Options = {}): RaftNode {
  const node = soloLeader(options)
  acknowledge(node, peersOf(node))
  node.run()
  return node
}

/** `peers` have everything that the leader has. */
export function acknowledge(node: RaftNode, peers: readonly string[]): void {
  const { term, lastIndex } = node.raft.status()
  for (const from of peers) {
    node.raft.step(appendEntriesReply({ from, to: node.id, term, index: lastIndex }))
  }
}

function peersOf(node: RaftNode): readonly string[] {
  const { voters, votersOutgoing } = node.raft.status().configuration
  return [...new Set([...voters, ...votersOutgoing])].filter((id) => id !== node.id)
}

export function bytes(count: number): Uint8Array {
  return new Uint8Array(count)
}

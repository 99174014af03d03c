// What must hold at every moment of every run, watched from outside over all lives of all nodes
// (Raft Figure 3, and what the paper takes for granted: durable before visible).
import assert from 'node:assert/strict'
import { quorumSize } from '#raft/quorum.ts'
import type { AppendWork, Message } from '#raft/message.ts'
import type { Entry, LogIndex, NodeId, Term } from '#raft/types.ts'
import type { RaftCluster } from './raft-cluster.ts'
import type { RaftNode } from './raft-node.ts'

type Watched = Pick<RaftCluster, 'up' | 'node'>

export class RaftInvariants {
  readonly #leaders = new Map<Term, NodeId>()
  readonly #votes = new Map<string, NodeId>()
  /** (index, term) names one entry and one entry before it. */
  readonly #entries = new Map<string, { readonly data: Uint8Array; readonly prevTerm: Term }>()
  /** Term of each committed entry. */
  readonly #committed: (Term | undefined)[] = [0]
  readonly #applied: (Entry | undefined)[] = []
  readonly #seen = new Map<NodeId, { term: Term; commit: LogIndex }>()
  /** Highest index a client was told is committed. */
  acknowledged: LogIndex = 0

  /** Call once for each node; survives its crashes. */
  watch(node: RaftNode): void {
    node.onWrite = (work) => this.#onWrite(node, work)
    node.onApply = (entries) => this.#onApply(entries)
  }

  /** Call for each message as it is sent. */
  onSend(message: Message): void {
    if (message.type !== 'requestVoteReply' || !message.granted) return
    const key = `${message.from}@${message.term}`
    const candidate = this.#votes.get(key) ?? message.to
    assert.equal(candidate, message.to, `${key} voted twice (§5.2)`)
    this.#votes.set(key, message.to)
  }

  /** A crash may take the commit index back, never the term that was used. */
  onCrash(node: RaftNode): void {
    this.#seen.delete(node.id)
  }

  /** Call after every event. */
  check(cluster: Watched): void {
    for (const node of cluster.up) {
      const { term, role, commitIndex, lastApplied, lastIndex } = node.raft.status()
      const seen = this.#seen.get(node.id)
      assert(seen === undefined || term >= seen.term, 'terms never go back')
      assert(seen === undefined || commitIndex >= seen.commit, 'commits never go back')
      assert(lastApplied <= commitIndex && commitIndex <= lastIndex)
      if (role === 'leader') this.#checkLeader(node, term)
      if (seen === undefined || commitIndex > seen.commit) this.#checkCommit(cluster, node)
      this.#seen.set(node.id, { term, commit: commitIndex })
    }
  }

  /** Election safety and leader completeness (Figure 3). */
  #checkLeader(node: RaftNode, term: Term): void {
    const known = this.#leaders.get(term)
    if (known === node.id) return
    assert.equal(known, undefined, `two leaders in term ${term}`)
    this.#leaders.set(term, node.id)
    const { entries, snapshot } = node.disk
    for (let index = snapshot.lastIncludedIndex + 1; index < this.#committed.length; index++) {
      const expected = this.#committed[index]
      if (expected === undefined) continue
      const found = entries[index - snapshot.lastIncludedIndex - 1]?.term
      assert.equal(found, expected, `leader ${node.id} of ${term} lacks committed entry ${index}`)
    }
  }

  /**
   * What a node calls committed is on a majority of disks (of both sides, when joint), in one form, for
   * ever. Whoever says so first leads, and counts by the configuration it has applied. The entries before it
   * are committed with it, so all of them are noted as a holder has them.
   */
  #checkCommit(cluster: Watched, node: RaftNode): void {
    const { commitIndex: index, configuration } = node.raft.status()
    if (index < this.#committed.length) return
    const sides = [configuration.voters, configuration.votersOutgoing]
      .filter((voters) => voters.length > 0)
      .map((voters) => voters.map((id) => cluster.node(id).disk))
    const holds = (term: Term): boolean =>
      sides.every((disks) => {
        const holding = disks.filter((disk) => disk.termAt(index) === term).length
        return holding >= quorumSize(disks.length)
      })
    const holder = sides.flat().find((disk) => holds(disk.termAt(index) ?? -1))
    assert(holder !== undefined, `${node.id} calls ${index} committed; no majority has it on disk`)
    for (let i = this.#committed.length; i <= index; i++) this.#committed[i] = holder.termAt(i)
  }

  /** Log matching (§5.3), on everything that is ever written. */
  #onWrite(node: RaftNode, work: AppendWork): void {
    const first = work.entries[0]
    if (first === undefined) return
    let prevTerm = node.disk.termAt(first.index - 1)
    assert(prevTerm !== undefined, 'a write leaves no hole')
    for (const entry of work.entries) {
      const known = this.#entries.get(`${entry.index}@${entry.term}`)
      if (known === undefined) {
        this.#entries.set(`${entry.index}@${entry.term}`, { data: entry.data, prevTerm })
      } else {
        assert.equal(known.prevTerm, prevTerm, 'equal entries have equal predecessors')
        assert.deepEqual(known.data, entry.data)
      }
      // A late write may still bring what lost; it may not take away what won.
      const held = node.disk.termAt(entry.index)
      const isCommitted: boolean = held !== undefined && held === this.#committed[entry.index]
      assert(!isCommitted || entry.term === held, 'a committed entry is replaced')
      prevTerm = entry.term
    }
  }

  /** State-machine safety (Figure 3). */
  #onApply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const known = this.#applied[entry.index]
      if (known === undefined) {
        this.#applied[entry.index] = entry
        continue
      }
      assert.equal(known.term, entry.term, `two nodes apply different entries at ${entry.index}`)
      assert.deepEqual(known.data, entry.data)
    }
  }
}

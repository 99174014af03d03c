// What a node remembers of the others' claims: what counts as one, what outlives it, what is answered when.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { PeerMemory } from '#node/peer-memory.ts'
import type { DiskPosition } from '#protocol/peer.ts'
import {
  appendEntriesReply,
  heartbeatReply,
  preVote,
  preVoteReply,
  requestVoteReply,
} from '#test/support/raft-messages.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const at = (some: Partial<DiskPosition>): DiskPosition => ({
  ...{ incarnation: 1, epoch: 0, batchSequence: 1, term: 1, votedFor: null },
  ...{ lastIndex: 1, lastTerm: 1 },
  ...some,
})
const b = (term: number) => ({ from: 'b', to: 'a', term })

t.test('votes and replies are claims to their term, pre-votes and reads are not', async (t) => {
  const memory = await PeerMemory.open(await temporaryDirectory(t))
  memory.onRaft(preVote(b(9)))
  memory.onRaft(preVoteReply({ ...b(9), granted: true }))
  memory.onRaft({ ...b(9), type: 'readIndex', requestId: 1 })
  t.same(memory.peers, [])
  memory.onRaft(heartbeatReply(b(3)))
  memory.onRaft(requestVoteReply(b(5)))
  memory.onRaft(heartbeatReply(b(4)))
  t.match(memory.recall('b', 2), { term: 5 })
})

t.test('the furthest acknowledgement of the newest term is kept', async (t) => {
  const memory = await PeerMemory.open(await temporaryDirectory(t))
  memory.onRaft(appendEntriesReply({ ...b(3), index: 40 }))
  memory.onRaft(appendEntriesReply({ ...b(3), index: 30 }))
  memory.onRaft(appendEntriesReply({ ...b(3), index: 90, success: false }))
  t.match(memory.recall('b', 2), { ackedTerm: 3, ackedIndex: 40 })
  memory.onRaft(appendEntriesReply({ ...b(4), index: 20 }))
  t.match(memory.recall('b', 3), { ackedTerm: 4, ackedIndex: 20 })
})

t.test('one life is given one answer, whatever it says meanwhile', async (t) => {
  const memory = await PeerMemory.open(await temporaryDirectory(t))
  memory.onPosition('b', at({ batchSequence: 10 }))
  t.match(memory.recall('b', 2), { batchSequence: 10 })
  memory.onPosition('b', at({ incarnation: 2, batchSequence: 20 }))
  t.match(memory.recall('b', 2), { batchSequence: 10, incarnation: 1 })
  t.match(memory.recall('b', 3), { batchSequence: 20, incarnation: 2 })
  t.equal(memory.recall('c', 1), null)
})

t.test('a position takes nothing back, save when its disk was replaced', async (t) => {
  const memory = await PeerMemory.open(await temporaryDirectory(t))
  memory.onPosition('b', at({ batchSequence: 10, term: 4 }))
  memory.onRaft(appendEntriesReply({ ...b(4), index: 40 }))
  memory.onPosition('b', at({ incarnation: 2, batchSequence: 7, term: 3 }))
  t.match(memory.recall('b', 3), { incarnation: 2, batchSequence: 10, term: 4, ackedIndex: 40 })
  memory.onPosition('b', at({ incarnation: 4, epoch: 4, batchSequence: 2, term: 3 }))
  const replaced = { epoch: 4, batchSequence: 2, term: 4, ackedIndex: 0 }
  t.match(memory.recall('b', 5), replaced, 'the term is the node’s, not the disk’s')
  memory.onPosition('b', at({ incarnation: 3, batchSequence: 99 }))
  t.match(memory.recall('b', 6), replaced, 'an earlier life')
})

t.test('it is there in the next life; what cannot be read is not remembered', async (t) => {
  const dir = await temporaryDirectory(t)
  const memory = await PeerMemory.open(dir)
  memory.onPosition('b', at({ batchSequence: 10 }))
  await memory.save()
  const path = join(dir, 'peer-memory.json')
  const text = await readFile(path, 'utf8')
  t.match((await PeerMemory.open(dir)).recall('b', 2), { batchSequence: 10 })
  for (const bad of ['', text.slice(0, -9), '[1]', '{"b":{"term":-1}}', 'null']) {
    await writeFile(path, bad)
    t.same((await PeerMemory.open(dir)).peers, [], bad)
  }
})

t.test('of more than 64 the one heard of longest ago goes', async (t) => {
  const memory = await PeerMemory.open(await temporaryDirectory(t))
  for (let peer = 0; peer < 65; peer++) memory.onPosition(`n${peer}`, at({}))
  t.equal(memory.peers.length, 64)
  t.equal(memory.recall('n0', 2), null)
})

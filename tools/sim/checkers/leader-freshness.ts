// Who hears from a leader does not help to replace it (dissertation §4.2.3, pitfalls A8–A10): without this a node
// that returns from a partition deposes a leader that works. Safety does not need it; a machine room does.
// Judged when the question arrives: its answer may wait for a slow disk.
import type { MakeChecker } from '../checker.ts'

/** The shortest election timeout, by the fastest clock within ε, less the tick that is under way. */
const FRESH_US = 220_000
/** After a stall messages are heard first, and then the ticks that were missed count (pitfall F2). */
const STALL_US = 100_000

type Heard = { readonly atUs: number; readonly term: number; readonly leader: string }

export const leaderFreshness: MakeChecker = ({ nowUs, fail }) => {
  const heard = new Map<string, Heard>()
  /** Started, and its core has not spoken: until its disk is judged it hears nothing. */
  const verifying = new Set<string>()
  /** By voter and candidate: in which term, and what was wrong with granting it then. */
  const asked = new Map<string, { readonly term: number; readonly because: string | null }>()
  return {
    name: 'leader-freshness',
    onReceive: (node, { type, term, from }) => {
      if (type === 'preVote') {
        const before = heard.get(node.id)
        const agoUs = nowUs() - (before?.atUs ?? -Infinity)
        // In a later term already: that leader leads no more.
        const isOver = (before?.term ?? 0) < Math.max(node.hardState.currentTerm, term - 1)
        const isFresh = agoUs < FRESH_US && !isOver && before?.leader !== from
        const because = isFresh ? `${before?.leader}, heard of ${agoUs / 1_000} ms before` : null
        asked.set(`${node.id} ${from}`, { term, because })
      }
      if (type !== 'appendEntries' && type !== 'heartbeat') return
      if (verifying.has(node.id)) return
      const isOld = term < Math.max(heard.get(node.id)?.term ?? 0, node.hardState.currentTerm)
      if (nowUs() - node.resumedUs < STALL_US) heard.delete(node.id)
      else if (!isOld) heard.set(node.id, { atUs: nowUs(), term, leader: from })
    },
    onDisconnected: (node, peer) => {
      if (heard.get(node.id)?.leader === peer) heard.delete(node.id)
    },
    onOpened: ({ id }) => {
      heard.delete(id)
      verifying.add(id)
    },
    onSend: (node, message) => {
      verifying.delete(node.id)
      // Its own time-out ran out, which a broken connection brings near: it believes in that leader no more.
      if (message.type === 'preVote') heard.delete(node.id)
      if (message.type !== 'preVoteReply' || !message.granted) return
      const question = asked.get(`${node.id} ${message.to}`)
      if (question?.term !== message.term || question.because === null) return
      fail(`${node.id} helps ${message.to} to replace ${question.because}`)
    },
  }
}

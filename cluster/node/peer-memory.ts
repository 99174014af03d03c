// What this node remembers of the others' claims, so that one of them whose disk went back is told so. In
// memory with every message; on disk every few seconds and when a peer goes, because the death of one machine
// is what it is for. A power cut to all loses the last seconds: then no disk is asked to be ahead of them.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiskPosition, PeerClaims } from '#protocol/peer.ts'
import type { Message } from '#raft/message.ts'
import { writeDurably } from './node-file.ts'

const FILE = 'peer-memory.json'
/** Ids are never reused, so the table grows with every node that ever was; the oldest goes. */
const PEERS_MAX = 64

export class PeerMemory {
  readonly #write: (text: string) => Promise<void>
  readonly #claims: Map<string, PeerClaims>
  /** What was remembered when a peer's present life first asked: what it says since is not in it. */
  readonly #frozen = new Map<string, { life: number; claims: PeerClaims | null }>()
  #changed = false
  #saving: Promise<void> | null = null

  /**
   * `text` as it was written last. What cannot be read is not remembered: memory only ever adds to what a
   * disk must have. `write` is durable when it resolves.
   */
  constructor(text: string, write: (text: string) => Promise<void>) {
    this.#write = write
    this.#claims = parseClaims(text)
  }

  static async open(dir: string): Promise<PeerMemory> {
    const path = join(dir, FILE)
    const text = await readFile(path, 'utf8').catch(() => '{}')
    return new PeerMemory(text, (next) => writeDurably(path, next))
  }

  /** Others that this node has heard of, now or in an earlier life. */
  get peers(): readonly string[] {
    return [...this.#claims.keys()]
  }

  /** Every message of a peer's core: its term, and how far it acknowledged. Called for each; cheap. */
  onRaft(message: Message): void {
    const { from, term } = message
    if (!isClaim(message)) return
    const old = this.#claims.get(from) ?? NOTHING
    const acked = message.type === 'appendEntriesReply' && message.success ? message.index : 0
    const isFurther =
      acked > 0 && (term > old.ackedTerm || (term === old.ackedTerm && acked > old.ackedIndex))
    if (term <= old.term && !isFurther) return
    const end = isFurther ? { ackedTerm: term, ackedIndex: acked } : {}
    this.#set(from, { ...old, term: Math.max(old.term, term), ...end })
  }

  onPosition(from: string, position: DiskPosition): void {
    const old = this.#claims.get(from) ?? NOTHING
    const { incarnation, epoch, batchSequence, term } = position
    if (incarnation < old.incarnation || epoch < old.epoch) return
    const isSame = incarnation === old.incarnation && epoch === old.epoch
    if (isSame && batchSequence <= old.batchSequence && term <= old.term) return
    const sameLog = epoch === old.epoch
    this.#set(from, {
      ...{ incarnation, epoch, term: Math.max(old.term, term) },
      batchSequence: sameLog ? Math.max(old.batchSequence, batchSequence) : batchSequence,
      ackedTerm: sameLog ? old.ackedTerm : 0,
      ackedIndex: sameLog ? old.ackedIndex : 0,
    })
  }

  /** The same answer for the whole of the asker's life. */
  recall(from: string, life: number): PeerClaims | null {
    const known = this.#frozen.get(from)
    if (known !== undefined && known.life >= life) return known.claims
    const claims = this.#claims.get(from) ?? null
    this.#frozen.set(from, { life, claims })
    return claims
  }

  /** Durable when it resolves; one write at a time, none when nothing changed. */
  async save(): Promise<void> {
    while (this.#saving !== null) await this.#saving
    if (!this.#changed) return
    this.#changed = false
    const text = JSON.stringify(Object.fromEntries(this.#claims))
    this.#saving = this.#write(`${text}\n`)
      .catch((error: unknown) => {
        this.#changed = true
        throw error
      })
      .finally(() => {
        this.#saving = null
      })
    await this.#saving
  }

  #set(peer: string, claims: PeerClaims): void {
    this.#changed = true
    // Newest last, so that the first is the one to drop.
    this.#claims.delete(peer)
    this.#claims.set(peer, claims)
    if (this.#claims.size <= PEERS_MAX) return
    const [oldest = ''] = this.#claims.keys()
    this.#claims.delete(oldest)
    this.#frozen.delete(oldest)
  }
}

const NOTHING: PeerClaims = {
  ...{ incarnation: 0, epoch: 0, batchSequence: 0 },
  ...{ term: 0, ackedTerm: 0, ackedIndex: 0 },
}

/** Pre-votes name a term that nobody is in; questions about reads may leave before their term is on disk. */
function isClaim(message: Message): boolean {
  const { type } = message
  if (type === 'preVote' || type === 'readIndex' || type === 'readIndexReply') return false
  return type !== 'preVoteReply' || !message.granted
}

function parseClaims(text: string): Map<string, PeerClaims> {
  const claims = new Map<string, PeerClaims>()
  let parsed: unknown = null
  try {
    parsed = JSON.parse(text)
  } catch {
    return claims
  }
  if (typeof parsed !== 'object' || parsed === null) return claims
  for (const [id, value] of Object.entries(parsed)) {
    if (isClaims(value)) claims.set(id, value)
  }
  return claims
}

function isClaims(value: unknown): value is PeerClaims {
  if (typeof value !== 'object' || value === null) return false
  const numbers = value as Readonly<Record<string, unknown>>
  return Object.keys(NOTHING).every(
    (name) => Number.isSafeInteger(numbers[name]) && Number(numbers[name]) >= 0,
  )
}

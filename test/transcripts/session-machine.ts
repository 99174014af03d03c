// The product's own state machine, sessions included, on top of the scripted log: a transcript shows
// whether a request that was sent twice was executed twice. Commands that are no requests of it (plain
// words of `propose`) are left alone.
import { apply } from '#state/apply.ts'
import type { Actor, Command, Envelope } from '#state/command.ts'
import { dump, restore } from '#state/snapshot.ts'
import { emptyState, type RegionState } from '#state/state.ts'
import type { Entry } from '#raft/types.ts'

const ACTOR: Actor = {
  kind: 'user',
  userId: 1 as Actor['userId'],
  username: 'script',
  remoteAddress: '192.0.2.1',
  requestId: '',
}

/** The bytes of one command as a proposal carries them. */
export function encodeRequest(request: Envelope['request'], command: Command): string {
  const envelope: Envelope = {
    version: 1,
    request,
    wall: 0,
    actor: ACTOR,
    idempotency: null,
    command,
  }
  return JSON.stringify(envelope)
}

/** Null when the data is no request. */
export function decodeRequest(data: Uint8Array): Envelope | null {
  const text = new TextDecoder().decode(data)
  return text.startsWith('{') ? (JSON.parse(text) as Envelope) : null
}

/** `request s/3 space.create "lab"`. */
export function describeRequest({ request, command }: Envelope): string {
  const name = request === null ? 'without session' : `${request.session}/${request.sequence}`
  const what = command.type === 'space.create' ? ` "${command.name}"` : ''
  return `request ${name} ${command.type}${what}`
}

export class SessionMachine {
  #state: RegionState = emptyState()

  /** One line per request: what came of it. */
  apply(entry: Entry): string | null {
    if (entry.kind !== 'command') return null
    const envelope = decodeRequest(entry.data)
    if (envelope === null) return null
    const { outcome } = apply(this.#state, envelope, { index: entry.index, stamp: entry.stamp })
    const answer = outcome.ok ? JSON.stringify(outcome.value) : outcome.code
    return `answers ${describeRequest(envelope)} with ${answer}`
  }

  /** A snapshot's contents. */
  dump(): readonly unknown[] {
    return [...dump(this.#state)]
  }

  restore(rows: readonly unknown[]): void {
    this.#state = restore(rows as Parameters<typeof restore>[0])
  }

  spaces(): readonly string[] {
    return [...this.#state.spaces.values()].map(({ name }) => name)
  }
}

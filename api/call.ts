// One call of the API as its handler sees it, and the ways a handler can answer. Handlers translate:
// parameters → command or selector → answer. They know nothing of HTTP beyond a status.
import { createHash } from 'node:crypto'
import type { Random } from '#model/ports.ts'
import type { Consistency, Region, View } from '#node/region.ts'
import type { Actor, Command } from '#state/command.ts'
import type { ValueOf } from '#state/outcome.ts'
import type { RegionState } from '#state/state.ts'
import type { User } from '#state/tables.ts'
import type { BootFiles, BootUploads } from './boot-files.ts'
import { forbidden, fromRefusal, Rejection } from './errors.ts'
import type { Input } from './input.ts'

/** `chunks`: pieces of one JSON text, made while it is sent. */
export type Answer = {
  readonly status: number
  readonly body:
    | { readonly kind: 'json'; readonly value: unknown }
    /** JSON that is made already. */
    | { readonly kind: 'jsonText'; readonly text: string }
    | { readonly kind: 'chunks'; readonly chunks: Iterable<string> }
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly contentType: string }
    | { readonly kind: 'empty' }
}

export const NO_CONTENT: Answer = { status: 204, body: { kind: 'empty' } }

export function json(value: unknown, status = 200): Answer {
  return { status, body: { kind: 'json', value } }
}

export function text(value: string, status = 200): Answer {
  return { status, body: { kind: 'text', text: value } }
}

export function bytes(value: Buffer, contentType = 'application/octet-stream'): Answer {
  return { status: 200, body: { kind: 'bytes', bytes: value, contentType } }
}

/** Lists longer than this are rendered piece by piece, so that heartbeats get their turn between. */
const LIST_CHUNK = 50

/** A JSON array of `rows`; `rows` must stay valid over awaits (rows of tables do: they never change). */
export function jsonList<Row>(rows: readonly Row[], render: (row: Row) => unknown): Answer {
  if (rows.length <= LIST_CHUNK) return json(rows.map(render))
  return jsonTexts(rows, (row) => JSON.stringify(render(row)))
}

/** As `jsonList`, of rows whose JSON is made as text. */
export function jsonTexts<Row>(rows: readonly Row[], textOf: (row: Row) => string): Answer {
  if (rows.length > LIST_CHUNK) {
    return { status: 200, body: { kind: 'chunks', chunks: renderChunks(rows, textOf) } }
  }
  return { status: 200, body: { kind: 'jsonText', text: `[${rows.map(textOf).join(',')}]` } }
}

function* renderChunks<Row>(rows: readonly Row[], textOf: (row: Row) => string) {
  for (let at = 0; at < rows.length; at += LIST_CHUNK) {
    const texts = rows.slice(at, at + LIST_CHUNK).map(textOf)
    yield `${at === 0 ? '[' : ','}${texts.join(',')}`
  }
  yield ']'
}

/** Where the bytes of images go. */
export type ImageStore = {
  readonly files: BootFiles
  readonly uploads: BootUploads
  /** Unix ms, for names of versions. */
  readonly wallMs: () => number
}

export type CallOptions = {
  readonly region: Region
  readonly random: Random
  readonly user: User | null
  readonly params: Readonly<Record<string, string>>
  readonly input: Input
  readonly consistency: Consistency
  readonly remoteAddress: string
  readonly requestId: string
  readonly method: string
  /** Path and query as the client sent them. */
  readonly url: string
  /** Value of the Idempotency-Key header, checked; null when absent. */
  readonly idempotencyKey: string | null
  readonly rawBody: string
  readonly images: ImageStore
  /** Of a body that is no form; empty otherwise. */
  readonly bytes: Buffer
  /** Value of a header of the request, '' when absent. */
  readonly header: (name: string) => string
  /** Told what revision and how old the data of the answer is. */
  readonly onRevision: (revision: number, stalenessMs: number) => void
}

export class Call {
  readonly #options: CallOptions
  #fingerprint: string | null = null
  #proposals = 0

  constructor(options: CallOptions) {
    this.#options = options
  }

  get input(): Input {
    return this.#options.input
  }

  get random(): Random {
    return this.#options.random
  }

  get region(): Region {
    return this.#options.region
  }

  get images(): ImageStore {
    return this.#options.images
  }

  /** The body as it came, of resources that take bytes. */
  get bytes(): Buffer {
    return this.#options.bytes
  }

  /** Path and query as the client sent them. */
  get url(): string {
    return this.#options.url
  }

  header(name: string): string {
    return this.#options.header(name)
  }

  get isAnonymous(): boolean {
    return this.#options.user === null
  }

  /** The signed-in user; actions open to anyone must ask `isAnonymous` first. */
  get user(): User {
    const { user } = this.#options
    if (user === null) throw forbidden()
    return user
  }

  get isAdmin(): boolean {
    return this.#options.user?.isSuperuser === true
  }

  /** Text of a path parameter. */
  param(name: string): string {
    return this.#options.params[name] ?? ''
  }

  async state(): Promise<RegionState> {
    return (await this.view()).state
  }

  async view(): Promise<View> {
    const { region, consistency, onRevision } = this.#options
    const view = await region.read(consistency)
    onRevision(view.revision, view.stalenessMs)
    return view
  }

  /** The answer is about that revision, though it was not read just now. */
  noteRevision(revision: number, stalenessMs: number): void {
    this.#options.onRevision(revision, stalenessMs)
  }

  /** Newest state of this node, after `propose`: it has the change. */
  after(): RegionState {
    return this.#options.region.local().state
  }

  /** Throws the Rejection of a refused command. With an Idempotency-Key the first answer is given again. */
  async propose<C extends Command>(command: C): Promise<ValueOf<C['type']>> {
    const { region, onRevision } = this.#options
    const idempotency = this.#idempotency()
    const { outcome, revision } = await region.propose(command, {
      actor: this.actor,
      ...(idempotency === null ? {} : { idempotency }),
    })
    onRevision(revision, 0)
    // The cast undoes that the compiler cannot narrow an outcome of a type parameter.
    if (outcome.ok) return outcome.value as ValueOf<C['type']>
    throw fromRefusal(outcome)
  }

  /**
   * This very request was done before, by an earlier try whose answer was lost: true once this node has applied it.
   * What the first try deleted is not there for the second one to find.
   */
  wasDone(): boolean {
    const { idempotencyKey, user, region } = this.#options
    if (idempotencyKey === null) return false
    const id = `${user?.id ?? 'anonymous'}/${idempotencyKey}`
    const row = region.local().state.idempotency.get(id)
    if (row?.outcome.ok !== true || row.fingerprint !== this.#fingerprintOf()) return false
    this.noteRevision(row.revision, 0)
    return true
  }

  /** Stable for all repetitions of one request; null without an Idempotency-Key. */
  requestName(): string | null {
    const { idempotencyKey, user } = this.#options
    if (idempotencyKey === null) return null
    return `${user?.id ?? 'anonymous'}/${idempotencyKey}/${this.#fingerprintOf()}`
  }

  /** Who asks, for events and audit. */
  get actor(): Actor {
    const { user, remoteAddress, requestId } = this.#options
    return {
      kind: user === null ? 'anonymous' : 'user',
      userId: user?.id ?? null,
      username: user?.username ?? '',
      remoteAddress,
      requestId,
    }
  }

  /** Each command of a call has a key of its own: the first the client's, later ones numbered. */
  #idempotency(): { readonly key: string; readonly fingerprint: string } | null {
    const { idempotencyKey } = this.#options
    if (idempotencyKey === null) return null
    const number = ++this.#proposals
    const key = number === 1 ? idempotencyKey : `${idempotencyKey}\n${number}`
    return { key, fingerprint: this.#fingerprintOf() }
  }

  #fingerprintOf(): string {
    const { user, method, url, rawBody } = this.#options
    this.#fingerprint ??= createHash('sha256')
      .update(`${user?.id ?? ''}\0${method}\0${url}\0`)
      .update(rawBody)
      .digest('hex')
    return this.#fingerprint
  }
}

const KEY = /^[\x21-\x7e]{1,255}$/

/** Throws BAD_REQUEST for a key that is too long or not printable ASCII. */
export function parseIdempotencyKey(header: string): string | null {
  if (header === '') return null
  if (KEY.test(header)) return header
  throw new Rejection('BAD_REQUEST', 'Idempotency-Key must be 1 to 255 printable characters.')
}

// GET /api/v1/events: every change from a revision on, as server-sent events or JSON lines. A client that
// reads slower than the cluster writes is not buffered for: the watch stops while its socket is full and
// goes on from the last revision sent. One that stays full too long is disconnected. Bookmarks tell how far the
// stream is where nothing was to be shown, so that a client which comes back does not start before that.
import type { ServerResponse } from 'node:http'
import type { Context } from 'koa'
import { AppError } from '#model/errors.ts'
import type { Logger, Metrics } from '#model/ports.ts'
import type { ChangeBatch } from '#state/outcome.ts'
import type { Region } from '#node/region.ts'
import { checkAccess, queryOf, type Service } from '../dispatch.ts'
import { Rejection } from '../errors.ts'
import { integer, list, type Params } from '../params.ts'
import { renderBatch, SHOWN_TABLES } from './render-change.ts'
import { checkScope, refuseUnknown } from './routes.ts'

export type StreamOptions = {
  readonly service: Service
  readonly metrics: Metrics
  readonly logger: Logger
  /** Between heartbeats, ms. */
  readonly heartbeatMs?: number
  /** A full socket is given this long to drain, ms. */
  readonly stalledMs?: number
}

const HEARTBEAT_MS = 15_000
const STALLED_MS = 30_000
/** Streams at once; more are refused OVERLOADED. */
const STREAMS_MAX = 1_000
export const EVENTS_QUERY = {
  since: integer('Revision after which to begin; the newest by default.', {
    ...{ min: 0, max: Number.MAX_SAFE_INTEGER },
  }),
  kinds: list('Tables to tell of; all by default.', { itemMax: 64 }),
} satisfies Params

export class EventStreams {
  readonly #options: StreamOptions
  readonly #open = new Set<Stream>()

  constructor(options: StreamOptions) {
    this.#options = options
  }

  /** Admins only: the stream shows every table. */
  readonly serve = async (ctx: Context): Promise<void> => {
    const { service, metrics } = this.#options
    const query = queryOf(ctx)
    refuseUnknown(query.names(), new Set(Object.keys(EVENTS_QUERY)))
    const identity = await service.authenticator.identify(ctx)
    checkAccess('admin', identity?.user ?? null)
    checkScope(identity, 'read')
    const kinds = kindsOf(query.list('kinds'))
    if (this.#open.size >= STREAMS_MAX) {
      throw new Rejection('OVERLOADED', 'Too many event streams are open on this region.')
    }
    const since = sinceOf(ctx.get('last-event-id') || query.text('since'))
    const lines = ctx.get('accept').includes('application/x-ndjson')
    const stream = new Stream({
      region: service.region,
      response: ctx.res,
      lines,
      kinds,
      since: since ?? service.region.local().revision,
      heartbeatMs: this.#options.heartbeatMs ?? HEARTBEAT_MS,
      stalledMs: this.#options.stalledMs ?? STALLED_MS,
      onEnd: () => {
        this.#open.delete(stream)
        metrics.gauge('ironraft_api_event_streams', this.#open.size)
      },
    })
    stream.check()
    ctx.respond = false
    ctx.res.statusCode = 200
    ctx.res.setHeader('Content-Type', lines ? 'application/x-ndjson' : 'text/event-stream')
    ctx.res.setHeader('Cache-Control', 'no-store')
    ctx.res.flushHeaders()
    this.#open.add(stream)
    metrics.gauge('ironraft_api_event_streams', this.#open.size)
    stream.start()
  }

  closeAll(): void {
    for (const stream of [...this.#open]) stream.end()
  }
}

/** Null: all of them. Throws BAD_REQUEST for a table that is not shown. */
function kindsOf(names: readonly string[]): ReadonlySet<string> | null {
  const unknown = names.find((name) => !SHOWN_TABLES.has(name))
  if (unknown === undefined) return names.length === 0 ? null : new Set(names)
  throw new Rejection('BAD_REQUEST', `There is no kind ${unknown.slice(0, 64)} of changes.`)
}

/** Throws BAD_REQUEST for what is no revision. */
function sinceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new Rejection('BAD_REQUEST', 'since and Last-Event-ID are revisions: whole numbers.')
}

type OneStream = {
  readonly region: Region
  readonly response: ServerResponse
  readonly lines: boolean
  readonly kinds: ReadonlySet<string> | null
  readonly since: number
  readonly heartbeatMs: number
  readonly stalledMs: number
  readonly onEnd: () => void
}

class Stream {
  readonly #options: OneStream
  /** Everything up to here was sent, or is not shown. */
  #last: number
  /** The last revision that the client was told. */
  #told: number | null = null
  #full = false
  #ended = false
  #stop: (() => void) | null = null
  #heartbeat: NodeJS.Timeout | null = null
  #stalled: NodeJS.Timeout | null = null

  constructor(options: OneStream) {
    this.#options = options
    this.#last = options.since
  }

  /** Throws COMPACTED (410) before the answer has begun. */
  check(): void {
    const { region, since } = this.#options
    try {
      region.watch(since, { onBatch: () => {}, onReset: () => {} })()
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'COMPACTED') throw error
      const hint = 'Read the objects anew, then watch from the X-Revision of that answer.'
      throw new Rejection('COMPACTED', `${error.message} ${hint}`, { cause: error })
    }
  }

  start(): void {
    const { response, heartbeatMs } = this.#options
    response.on('close', () => this.end())
    response.on('error', () => this.end())
    response.on('drain', () => this.#resume())
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs)
    this.#write(this.#options.lines ? '\n' : ': connected\n\n')
    this.#watch()
    this.#bookmark()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#stop?.()
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat)
    if (this.#stalled !== null) clearTimeout(this.#stalled)
    this.#options.response.end()
    this.#options.onEnd()
  }

  #watch(): void {
    if (this.#ended || this.#full) return
    const { region } = this.#options
    try {
      const stop = region.watch(this.#last, {
        onBatch: (batch) => this.#onBatch(batch),
        onReset: (revision) => this.#onReset(revision),
      })
      // What was retained came before `watch` returned, and may have filled the socket.
      if (this.#full || this.#ended) stop()
      else this.#stop = stop
    } catch {
      // Compacted while the client was slow: it has to start over, as after a jump.
      this.#onReset(region.local().revision)
      this.end()
    }
  }

  #onBatch(batch: ChangeBatch): void {
    if (this.#full || this.#ended) return
    const text = renderBatch(batch, this.#options.kinds)
    this.#last = batch.revision
    if (text === null) return
    this.#told = batch.revision
    this.#write(this.#options.lines ? `${text}\n` : `id: ${batch.revision}\ndata: ${text}\n\n`)
  }

  #onReset(revision: number): void {
    if (this.#ended) return
    this.#last = revision
    this.#told = revision
    const text = JSON.stringify({ revision })
    const lines = `{"reset":${text}}\n`
    this.#write(this.#options.lines ? lines : `event: reset\nid: ${revision}\ndata: ${text}\n\n`)
  }

  #beat(): void {
    if (this.#full) return
    this.#write(this.#options.lines ? '\n' : ': heartbeat\n\n')
    this.#bookmark()
  }

  /**
   * Watchers are told before anything else happens to the state, so all up to its revision was sent; a client that
   * comes from a region that was ahead stays where it is.
   */
  #bookmark(): void {
    if (this.#full || this.#ended) return
    const revision = Math.max(this.#last, this.#options.region.local().revision)
    if (revision === this.#told) return
    this.#last = revision
    this.#told = revision
    const text = JSON.stringify({ revision })
    const line = `{"bookmark":${text}}\n`
    this.#write(this.#options.lines ? line : `event: bookmark\nid: ${revision}\ndata: ${text}\n\n`)
  }

  #write(text: string): void {
    const { response, stalledMs } = this.#options
    if (response.write(text) || this.#full) return
    this.#full = true
    this.#stop?.()
    this.#stop = null
    this.#stalled = setTimeout(() => {
      response.destroy()
      this.end()
    }, stalledMs)
  }

  #resume(): void {
    if (!this.#full) return
    this.#full = false
    if (this.#stalled !== null) clearTimeout(this.#stalled)
    this.#watch()
  }
}

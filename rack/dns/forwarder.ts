// Names that are not ours: asked of other servers, one after the other until one answers, and kept. Whoever asks the
// same while it is asked waits for the same answer.
import type { Clock, Metrics } from '#model/ports.ts'
import { exchange, type Server } from './exchange.ts'
import { ForwardCache } from './forward-cache.ts'
import type { Query } from './wire.ts'
import { RCODE } from './wire.ts'
import { cacheKey, type UpstreamAnswer, upstreamQuery } from './upstream-message.ts'

const CACHE_LIMITS = { entries: 20_000, octets: 16 << 20 }
/** Questions under way; more are answered SERVFAIL at once. */
const IN_FLIGHT_MAX = 512
/** Per server; a client gives up after about five seconds. */
const TIMEOUT_MS = 1_500
const SERVERS_MAX = 3
/** No server answered: not asked again for so long (RFC 9520 §3.2). */
const FAILURE_MS = 2_000
const FAILURES_MAX = 1_000

export type Forwarded = { readonly answer: UpstreamAnswer; readonly ageSeconds: number }

export class Forwarder {
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #random: () => number
  readonly #port: number
  readonly #cache = new ForwardCache(CACHE_LIMITS)
  readonly #failedUntilMs = new Map<string, number>()
  readonly #inFlight = new Map<string, Promise<UpstreamAnswer | undefined>>()

  /** `random` yields octets; `port` of all servers that name none. */
  constructor(options: {
    readonly clock: Clock
    readonly metrics: Metrics
    readonly random: () => number
    readonly port?: number
  }) {
    this.#clock = options.clock
    this.#metrics = options.metrics
    this.#random = options.random
    this.#port = options.port ?? 53
  }

  /** Undefined: SERVFAIL. */
  async ask(query: Query, servers: readonly string[]): Promise<Forwarded | undefined> {
    const key = `${servers.join(' ')} ${cacheKey(query)}`
    const nowMs = this.#clock.monotonicMs()
    const kept = this.#cache.get(key, nowMs)
    if (kept !== undefined) {
      this.#count('cached')
      return kept
    }
    if ((this.#failedUntilMs.get(key) ?? 0) > nowMs) return undefined
    const under = this.#inFlight.get(key)
    if (under !== undefined) {
      this.#count('joined')
      return withAge(await under)
    }
    if (this.#inFlight.size >= IN_FLIGHT_MAX) {
      this.#count('overloaded')
      return undefined
    }
    const asking = this.#askServers(query, servers)
    this.#inFlight.set(key, asking)
    try {
      const answer = await asking
      this.#keep(key, answer)
      return withAge(answer)
    } finally {
      this.#inFlight.delete(key)
    }
  }

  #keep(key: string, answer: UpstreamAnswer | undefined): void {
    const nowMs = this.#clock.monotonicMs()
    if (answer !== undefined) {
      this.#count('answered')
      this.#cache.put(key, answer, nowMs)
      return
    }
    this.#count('failed')
    const [oldest] = this.#failedUntilMs.keys()
    if (oldest !== undefined && this.#failedUntilMs.size >= FAILURES_MAX) {
      this.#failedUntilMs.delete(oldest)
    }
    this.#failedUntilMs.set(key, nowMs + FAILURE_MS)
  }

  async #askServers(query: Query, servers: readonly string[]): Promise<UpstreamAnswer | undefined> {
    for (const text of servers.slice(0, SERVERS_MAX)) {
      const answer = await exchange(
        upstreamQuery(query, this.#random),
        serverOf(text, this.#port),
        TIMEOUT_MS,
      )
      const isGood = answer?.rcode === RCODE.NOERROR || answer?.rcode === RCODE.NXDOMAIN
      if (isGood) return answer
    }
    return undefined
  }

  #count(result: string): void {
    this.#metrics.count('ironraft_dns_forwards_total', { result })
  }
}

function withAge(answer: UpstreamAnswer | undefined): Forwarded | undefined {
  return answer === undefined ? undefined : { answer, ageSeconds: 0 }
}

/** `192.0.2.1` or `192.0.2.1:5353`. */
function serverOf(text: string, port: number): Server {
  const [host = '', own] = text.split(':')
  return { host, port: own === undefined ? port : Number(own) }
}

// `/MAAS/…` on the rack is the API of a region that answers, so that a machine on a provisioning network
// needs no route to the regions. A request that was never sent, or that may be repeated (GET, HEAD and
// OPTIONS that change nothing, or any with an Idempotency-Key), is tried at the next region; nothing else is sent twice.
import { request as httpRequest, Agent, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Logger, Metrics } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'

export type ProxiedRequest = {
  readonly method: string
  /** Path and query, beginning with a slash. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array
  readonly clientAddress: string
  readonly signal: AbortSignal
}

export type ProxyOptions = {
  readonly regionApis: () => readonly string[]
  readonly logger: Logger
  readonly metrics: Metrics
  readonly timeouts?: Partial<ProxyTimeouts>
}

type ProxyTimeouts = {
  readonly connectMs: number
  /** To the first byte of the answer while the request could still go elsewhere, and on the last try. */
  readonly firstTryMs: number
  readonly lastTryMs: number
  /** Between two pieces of an answer, also while the client takes none. */
  readonly idleMs: number
}

/** A region answers a write without quorum after 10 s, so the last try waits longer. */
const TIMEOUTS: ProxyTimeouts = {
  ...{ connectMs: 1_000, firstTryMs: 4_000, lastTryMs: 30_000 },
  idleMs: 60_000,
}

/** RFC 9110 §7.6.1; `host` and `content-length` are made anew, `expect` was answered here. */
const NOT_FORWARDED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'expect',
])

export class RegionProxy {
  readonly #options: ProxyOptions
  readonly #timeouts: ProxyTimeouts
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256, timeout: 60_000 })
  /** The one that answered last is asked first. */
  #preferred: string | undefined

  constructor(options: ProxyOptions) {
    this.#options = options
    this.#timeouts = { ...TIMEOUTS, ...options.timeouts }
  }

  /** The region's answer, its body not yet read; undefined when no region could be asked. */
  async forward(request: ProxiedRequest): Promise<IncomingMessage | undefined> {
    const { logger, metrics } = this.#options
    const regions = this.#regions()
    for (const [i, region] of regions.entries()) {
      const isLast = i === regions.length - 1
      const attempt = new Attempt(request, region, this.#agent)
      try {
        const answer = await attempt.run({
          connectMs: this.#timeouts.connectMs,
          answerMs:
            isLast || !isRepeatable(request) ? this.#timeouts.lastTryMs : this.#timeouts.firstTryMs,
          idleMs: this.#timeouts.idleMs,
        })
        this.#preferred = region
        metrics.count('ironraft_rack_proxied_requests_total', { result: 'answered' })
        return answer
      } catch (error) {
        logger.warn('http.region_failed', { region, error: describeError(error) })
        if (request.signal.aborted) break
        if (attempt.wasSent && !isRepeatable(request)) break
      }
    }
    metrics.count('ironraft_rack_proxied_requests_total', { result: 'failed' })
    return undefined
  }

  close(): void {
    this.#agent.destroy()
  }

  #regions(): readonly string[] {
    const regions = this.#options.regionApis()
    const preferred = this.#preferred
    if (preferred === undefined || !regions.includes(preferred)) return regions
    return [preferred, ...regions.filter((region) => region !== preferred)]
  }
}

/** A key makes a second try of the same request harmless: the cluster answers what it answered first. */
function isRepeatable({ method, headers, url }: ProxiedRequest): boolean {
  if (headers['idempotency-key'] !== undefined) return true
  return ['GET', 'HEAD', 'OPTIONS'].includes(method) && !CHANGING.has(opOf(url))
}

/** Early MAAS 2.0 has these by GET: a late second try could undo what the client did meanwhile. */
const CHANGING: ReadonlySet<string> = new Set(['add_tag', 'remove_tag', 'delete'])

/** As the region finds it: a path suffix or of the query; '' when there is none. */
function opOf(url: string): string {
  const [path = '', query = ''] = url.split('?', 2)
  return /\/op-(\w+)\/?$/.exec(path)?.[1] ?? new URLSearchParams(query).get('op') ?? ''
}

class Attempt {
  /** Bytes may have left for the region. */
  wasSent = false
  readonly #request: ProxiedRequest
  readonly #region: string
  readonly #agent: Agent

  constructor(request: ProxiedRequest, region: string, agent: Agent) {
    this.#request = request
    this.#region = region
    this.#agent = agent
  }

  run(limits: {
    readonly connectMs: number
    readonly answerMs: number
    readonly idleMs: number
  }): Promise<IncomingMessage> {
    const { method, url, body, signal } = this.#request
    const target = new URL(this.#region.replace(/\/+$/, '') + url)
    const isTls = target.protocol === 'https:'
    // A kept connection may have died unnoticed: only what may be repeated is risked on one.
    const reuse = isRepeatable(this.#request) && !isTls
    const agent = reuse ? { agent: this.#agent } : { agent: false }
    const options = { method, headers: this.#headers(), signal, ...agent }
    return new Promise((resolve, reject) => {
      const outgoing = isTls ? httpsRequest(target, options) : httpRequest(target, options)
      const fail = (what: string) => () => outgoing.destroy(new Error(what))
      let timer = setTimeout(fail('no connection in time'), limits.connectMs)
      outgoing.on('socket', (socket) => {
        const onConnected = (): void => {
          clearTimeout(timer)
          timer = setTimeout(fail('no answer in time'), limits.answerMs)
          // Only now: until here the request can go elsewhere without harm.
          this.wasSent = true
          outgoing.end(body)
        }
        if (socket.connecting) socket.once(isTls ? 'secureConnect' : 'connect', onConnected)
        else onConnected()
      })
      outgoing.on('response', (answer) => {
        clearTimeout(timer)
        // A region that freezes in the middle of it breaks the client's connection: then it asks again.
        answer.setTimeout(limits.idleMs, fail('the answer came to a halt'))
        resolve(answer)
      })
      outgoing.on('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
    })
  }

  #headers(): Record<string, string | string[]> {
    const { headers, body, clientAddress, method } = this.#request
    const named = String(headers['connection'] ?? '').toLowerCase()
    const dropped = new Set([...NOT_FORWARDED, ...named.split(',').map((name) => name.trim())])
    const forwarded: Record<string, string | string[]> = {}
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined || dropped.has(name)) continue
      forwarded[name] = typeof value === 'string' ? value : [...value]
    }
    // The region believes it from a rack, so what a client says of itself never goes on.
    forwarded['x-forwarded-for'] = clientAddress
    // For the addresses that the region tells the client; of a proxy before this one, its word.
    const { host } = headers
    if (typeof host === 'string') forwarded['x-forwarded-host'] ??= host
    if (body.length > 0 || !['GET', 'HEAD', 'OPTIONS'].includes(method)) {
      forwarded['content-length'] = String(body.length)
    }
    return forwarded
  }
}

/** Headers of the region's answer that go on to the client. */
export function answerHeaders(answer: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value === undefined) continue
    if (!NOT_FORWARDED.has(name) || name === 'content-length') headers[name] = value
  }
  return headers
}

// REST client of a whole region cluster: any region will do, so every region is tried in turn. A write carries
// an `Idempotency-Key` of its own and may therefore be sent again; the region applies it once (D6).
import { randomUUID } from 'node:crypto'
import { AppError } from '#model/errors.ts'

export type ClientOptions = {
  /** API base URLs, e.g. `http://127.0.0.1:5240`; at least one. */
  readonly urls: readonly string[]
  /** `consumer:token:secret`; null: anonymous. */
  readonly apiKey: string | null
  /** Until when trying goes on, ms; default 30 s. */
  readonly timeoutMs?: number
  /** One try, ms; default 12 s: a region gives up a write after 10 s and says so. */
  readonly tryTimeoutMs?: number
}

/** Repeated names are repeated fields; undefined is left out. */
export type Fields = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>

export type Request = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** From the root, with a slash; `/MAAS/api/2.0/machines/`. */
  readonly path: string
  readonly query?: Fields
  /** Sent as a form, which is what MAAS's own clients send. */
  readonly form?: Fields
  readonly json?: unknown
  readonly bytes?: Uint8Array
  /** More of them. */
  readonly headers?: Readonly<Record<string, string>>
  /** Of `bytes`; `application/octet-stream` by default. */
  readonly contentType?: string
  /** Default: a new one per call for every method but GET. */
  readonly idempotencyKey?: string
}

export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The region that answered. */
  readonly url: string
}

/** A region answered, and the answer is not a success. */
export class ApiError extends Error {
  readonly status: number
  readonly requestId: string | null
  /** The region's own word for it; null: what answered was no region, or an older one. */
  readonly code: string | null

  constructor(
    status: number,
    message: string,
    requestId: string | null,
    code: string | null = null,
  ) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.requestId = requestId
    this.code = code
  }
}

/** Ms between two rounds over all regions. */
const ROUND_PAUSE_MS = 100

export class Client {
  readonly #urls: readonly string[]
  readonly #options: ClientOptions
  /** The region that answered last is asked first. */
  #current = 0

  constructor(options: ClientOptions) {
    if (options.urls.length === 0) throw new AppError('BAD_REQUEST', 'No region URL was given.')
    this.#urls = options.urls.map((url) => url.replace(/\/+$/, '').replace(/\/MAAS$/, ''))
    this.#options = options
  }

  /** JSON of a GET. */
  async get<T>(path: string, query: Fields = {}): Promise<T> {
    return parseBody<T>(await this.send({ method: 'GET', path, query }))
  }

  async post<T>(path: string, form: Fields = {}): Promise<T> {
    return parseBody<T>(await this.send({ method: 'POST', path, form }))
  }

  async put<T>(path: string, form: Fields = {}): Promise<T> {
    return parseBody<T>(await this.send({ method: 'PUT', path, form }))
  }

  async delete(path: string): Promise<void> {
    await this.send({ method: 'DELETE', path })
  }

  /**
   * Throws ApiError for an answer that is no success, AppError NO_QUORUM when no region could be reached
   * and TIMEOUT when the last try was left unanswered (a write may then have been done).
   */
  async send(request: Request): Promise<Reply> {
    const deadline = performance.now() + (this.#options.timeoutMs ?? 30_000)
    const headers = this.#headersOf(request)
    let failure: unknown
    for (let attempt = 1; ; attempt++) {
      const url = this.#urls[this.#current] ?? ''
      const reply = await this.#try({ url, request, headers, deadline }).catch((error: unknown) => {
        failure = this.#translate(error, url)
      })
      if (reply !== undefined && !isWorthAsking(reply)) return expectSuccess(reply)
      if (reply !== undefined) failure = refusalOf(reply)
      this.#current = (this.#current + 1) % this.#urls.length
      const pause = attempt % this.#urls.length === 0 ? ROUND_PAUSE_MS : 0
      if (performance.now() + pause >= deadline) throw failure
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }

  /**
   * Opens a GET whose answer goes on until `signal`; throws like `send`. The region that answered is asked first
   * the next time; a caller whose stream broke calls again.
   */
  async open(path: string, query: Fields, signal: AbortSignal): Promise<Response> {
    const deadline = performance.now() + (this.#options.timeoutMs ?? 30_000)
    for (let attempt = 1; ; attempt++) {
      const url = this.#urls[this.#current] ?? ''
      let failure: unknown
      try {
        const response = await this.#fetchStream(
          `${url}${path}?${encode(query).toString()}`,
          signal,
        )
        if (response.ok) return response
        const { status, headers } = response
        failure = refusalOf({ status, headers, text: await response.text(), url })
        if (status !== 503) throw failure
      } catch (error) {
        if (signal.aborted || error === failure) throw error
        failure = this.#translate(error, url)
      }
      this.#current = (this.#current + 1) % this.#urls.length
      if (performance.now() + ROUND_PAUSE_MS >= deadline) throw failure
      if (attempt % this.#urls.length !== 0) continue
      await new Promise((resolve) => setTimeout(resolve, ROUND_PAUSE_MS))
    }
  }

  #fetchStream(url: string, signal: AbortSignal): Promise<Response> {
    const { apiKey } = this.#options
    const headers: Record<string, string> = { accept: 'application/x-ndjson' }
    if (apiKey !== null) headers['authorization'] = authorization(apiKey)
    return fetch(url, { headers, redirect: 'manual', signal })
  }

  #headersOf(request: Request): Record<string, string> {
    const headers: Record<string, string> = { accept: 'application/json', ...request.headers }
    if (request.json !== undefined) headers['content-type'] = 'application/json'
    if (request.bytes !== undefined) {
      headers['content-type'] = request.contentType ?? 'application/octet-stream'
    }
    if (request.method !== 'GET') {
      headers['idempotency-key'] = request.idempotencyKey ?? randomUUID()
    }
    return headers
  }

  async #try(options: {
    readonly url: string
    readonly request: Request
    readonly headers: Record<string, string>
    readonly deadline: number
  }): Promise<Reply> {
    const { url, request, headers, deadline } = options
    const left = Math.max(1, Math.ceil(deadline - performance.now()))
    const { apiKey, tryTimeoutMs = 12_000 } = this.#options
    const query = encode(request.query ?? {}).toString()
    const response = await fetch(`${url}${request.path}${query === '' ? '' : `?${query}`}`, {
      method: request.method,
      headers: apiKey === null ? headers : { ...headers, authorization: authorization(apiKey) },
      body: bodyOf(request),
      redirect: 'manual',
      signal: AbortSignal.timeout(Math.min(left, tryTimeoutMs)),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, url }
  }

  #translate(error: unknown, url: string): AppError {
    const timedOut = error instanceof DOMException && error.name === 'TimeoutError'
    if (timedOut) return new AppError('TIMEOUT', `${url} did not answer in time.`, { cause: error })
    const all = this.#urls.join(', ')
    return new AppError('NO_QUORUM', `No region answers at ${all}.`, { cause: error })
  }
}

/** `Authorization` of OAuth 1.0 PLAINTEXT (RFC 5849 §3.4.4); a new nonce with each call. */
export function authorization(apiKey: string): string {
  const [consumer = '', token = '', secret = ''] = apiKey.split(':')
  const parts = {
    oauth_version: '1.0',
    oauth_signature_method: 'PLAINTEXT',
    oauth_consumer_key: consumer,
    oauth_token: token,
    oauth_signature: `&${secret}`,
    oauth_nonce: randomUUID(),
    oauth_timestamp: String(Math.floor(Date.now() / 1000)),
  }
  const pairs = Object.entries(parts)
  return `OAuth ${pairs.map(([name, value]) => `${name}="${encodeURIComponent(value)}"`).join(', ')}`
}

function bodyOf(request: Request): (RequestInit['body'] & {}) | null {
  if (request.bytes !== undefined) return Buffer.from(request.bytes)
  if (request.json !== undefined) return JSON.stringify(request.json)
  return request.form === undefined ? null : encode(request.form)
}

function encode(fields: Fields): URLSearchParams {
  const encoded = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) encoded.append(name, String(item))
  }
  return encoded
}

/** 503 of a region that another one may do better than, and of a cluster that may be well in a moment. */
function isWorthAsking({ status, headers }: Reply): boolean {
  return status === 503 && !FINAL.has(headers.get('x-error-code') ?? '')
}

/** The same at every region. */
const FINAL = new Set(['ADDRESSES_EXHAUSTED', 'UNSUPPORTED_VERSION'])

function expectSuccess(reply: Reply): Reply {
  if (reply.status >= 200 && reply.status < 300) return reply
  throw refusalOf(reply)
}

/** The region's own sentence: plain text, or the fields of a JSON body. */
function refusalOf(reply: Reply): ApiError {
  const requestId = reply.headers.get('x-request-id')
  const text = sentenceOf(reply.text) || `HTTP status ${reply.status}`
  return new ApiError(reply.status, text, requestId, reply.headers.get('x-error-code'))
}

function sentenceOf(text: string): string {
  const value = tryParse(text)
  if (typeof value !== 'object' || value === null) return text.slice(0, 500)
  // `detail` is the sentence of RFC 9457, which /api/v1 answers with.
  const { message, detail } = value as { readonly message?: unknown; readonly detail?: unknown }
  if (typeof message === 'string') return message
  if (typeof detail === 'string' && detail !== '') return detail
  return Object.entries(value)
    .map(([field, problem]) => `${field}: ${[problem].flat().join(' ')}`)
    .join('; ')
}

function parseBody<T>(reply: Reply): T {
  if (reply.text === '') return undefined as T
  const value = tryParse(reply.text)
  if (value === undefined) {
    throw new AppError('PROTOCOL', `${reply.url} answered something that is not JSON.`)
  }
  return value as T
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

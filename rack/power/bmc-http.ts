// HTTP to a BMC: one request, one answer, over connections that nobody keeps. BMCs redirect to themselves with and
// without a slash, compress unasked, send endless bodies and certificates of their own making; each of these is
// bounded or taken as it is. Certificates are verified only where the parameters say so, as in MAAS.
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import { PowerFailure } from './driver.ts'

export type BmcRequest = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON unless it is a string. */
  readonly body?: unknown
  readonly verifyTls: boolean
  readonly signal: AbortSignal
}

export type BmcAnswer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export type AskBmc = (request: BmcRequest) => Promise<BmcAnswer>

const BODY_BYTES_MAX = 1024 * 1024
const REDIRECTS_MAX = 3

/** Any status is an answer. Throws `unreachable`, and `nonsense` for what is no HTTP or too long. */
export const askBmc: AskBmc = async (request) => {
  let { url } = request
  for (let redirects = 0; ; redirects += 1) {
    const answer = await askOnce({ ...request, url })
    const { location } = answer.headers
    if (![301, 302, 307, 308].includes(answer.status) || location === undefined) return answer
    const next = URL.parse(location, url)
    // Credentials go nowhere else than where they were meant to go, and never from TLS to plain text.
    if (next === null || !isSameBmc(url, next) || redirects >= REDIRECTS_MAX) {
      throw new PowerFailure('nonsense', 'the BMC sends us in circles or to somebody else')
    }
    url = next
  }
}

function isSameBmc(from: URL, to: URL): boolean {
  const isSafe = to.protocol === from.protocol || to.protocol === 'https:'
  return isSafe && to.host === from.host
}

async function askOnce(request: BmcRequest): Promise<BmcAnswer> {
  const { method, url, headers = {}, body, verifyTls, signal } = request
  const isText = typeof body === 'string'
  const bytes = body === undefined ? undefined : Buffer.from(isText ? body : JSON.stringify(body))
  const all = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    ...(bytes === undefined ? {} : { 'content-length': String(bytes.length) }),
    ...(bytes === undefined || isText ? {} : { 'content-type': 'application/json' }),
    ...headers,
  }
  const options = { method, headers: all, agent: false as const, signal }
  return await new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(whyHttpFailed(error, signal))
    const sent = startRequest(url, options, verifyTls)
    sent.on('error', fail)
    // A BMC that switches protocols is neither answered nor heard of again: without this nothing would end.
    sent.once('upgrade', (_response, socket) => {
      socket.destroy()
      fail(new PowerFailure('nonsense', 'the BMC does not speak HTTP'))
    })
    sent.once('response', (response) => void readAll(response).then(resolve, fail))
    sent.end(bytes)
  })
}

/** Throws `settings` for what no header can hold: a token with a line end in it. */
function startRequest(url: URL, options: RequestOptions, rejectUnauthorized: boolean) {
  try {
    return url.protocol === 'https:'
      ? httpsRequest(url, { ...options, rejectUnauthorized })
      : httpRequest(url, options)
  } catch (cause) {
    const what = 'a power parameter holds characters that cannot be sent'
    throw new PowerFailure('settings', what, cause)
  }
}

async function readAll(response: IncomingMessage): Promise<BmcAnswer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > BODY_BYTES_MAX) throw new PowerFailure('nonsense', 'the BMC sends without an end')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}

function whyHttpFailed(error: unknown, signal: AbortSignal): PowerFailure {
  if (error instanceof PowerFailure) return error
  if (signal.aborted)
    return new PowerFailure('unreachable', 'the BMC did not answer in time', error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('HPE_'))
    return new PowerFailure('nonsense', 'the BMC does not speak HTTP', error)
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|INVALID_(?:CA|PURPOSE)|MISMATCH/.test(code)) {
    return new PowerFailure(
      'settings',
      `the certificate of the BMC is not trusted (${code})`,
      error,
    )
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return new PowerFailure('unreachable', 'the BMC speaks another TLS than we do', error)
  const why = code === '' ? 'the connection broke' : code
  return new PowerFailure('unreachable', `the BMC cannot be reached (${why})`, error)
}

export type Json = { readonly [name: string]: unknown }

/** A JSON object. Throws `nonsense`. */
export function jsonObject(answer: BmcAnswer): Json {
  let value: unknown
  try {
    value = JSON.parse(answer.text)
  } catch (cause) {
    throw new PowerFailure('nonsense', 'the BMC answered with something that is no JSON', cause)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new PowerFailure('nonsense', 'the BMC answered with JSON that is no object')
}

/** Throws for every status that is no success. */
export function expectSuccess(answer: BmcAnswer, doing: string): BmcAnswer {
  const { status } = answer
  if (status >= 200 && status < 300) return answer
  if (status === 401 || status === 403) {
    throw new PowerFailure('credentials', `the BMC refused us while ${doing} (HTTP ${status})`)
  }
  throw new PowerFailure('refused', `the BMC refused ${doing} (HTTP ${status})`)
}

export function isVerified(parameters: Readonly<Record<string, string>>): boolean {
  return parameters['power_verify_ssl'] === 'y'
}

// GET from an image source, from a byte on: redirects counted, silence ended, through the site's proxy when it has one.
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

export type SourceOptions = {
  readonly signal: AbortSignal
  /** URL of a proxy; null: none. */
  readonly proxy: string | null
  /** A source that sends nothing for so long is left, ms. */
  readonly idleMs: number
}

export type Opened = {
  /** The first byte of `body`: 0 where the source knows no ranges. */
  readonly from: number
  readonly body: AsyncIterable<Buffer>
}

const REDIRECTS_MAX = 5

/** Throws an Error that says why: not reached, silent, another status than 200 or 206. */
export async function openUrl(url: string, from: number, options: SourceOptions): Promise<Opened> {
  let at = url
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    const response = await get(at, from, options)
    const { statusCode = 0, headers } = response
    if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
      response.destroy()
      at = new URL(headers.location, at).href
      continue
    }
    if (statusCode === 206 && startOf(response) === from) return { from, body: response }
    if (statusCode === 200) return { from: 0, body: response }
    response.destroy()
    throw new Error(`it answered status ${statusCode}`)
  }
  throw new Error(`it redirects more than ${REDIRECTS_MAX} times`)
}

function startOf({ headers }: IncomingMessage): number {
  return Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1])
}

function get(url: string, from: number, options: SourceOptions): Promise<IncomingMessage> {
  const { signal, proxy, idleMs } = options
  const { protocol } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') {
    return Promise.reject(new Error('it is no address of HTTP'))
  }
  const proxyEnv = proxy === null ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }
  const isHttp = protocol === 'http:'
  const agent = isHttp ? new HttpAgent(proxyEnv) : new HttpsAgent(proxyEnv)
  const headers = { 'user-agent': 'ironraft', ...(from > 0 ? { range: `bytes=${from}-` } : {}) }
  return new Promise((resolve, reject) => {
    const make = isHttp ? httpRequest : httpsRequest
    const asked = make(url, { agent, headers, signal, timeout: idleMs }, resolve)
    asked.on('error', reject)
    // Of the socket: while it waits for the answer, and between two parts of it.
    asked.on('timeout', () => asked.destroy(new Error(`nothing came for ${idleMs} ms`)))
    asked.end()
  })
}

// Requests as gomaasapi writes them, and gomaasclient over it: urlencoded forms with sorted names, `op` in the query and
// there even when it has none, a connection for each, a DELETE with an empty body; files as multipart.
import { randomBytes } from 'node:crypto'
import { answerOf, type Answer } from './answer.ts'

type Value = string | number | boolean
/** A list is a repeated name. */
export type Params = Readonly<Record<string, Value | readonly Value[]>>

const HEADERS = {
  'accept-encoding': 'gzip',
  'user-agent': 'Go-http-client/1.1',
  connection: 'close',
}

export class GoClient {
  /** Ends in `/MAAS/api/2.0/`. */
  readonly #root: string
  readonly #key: string | null

  constructor(root: string, key: string | null) {
    this.#root = root
    this.#key = key
  }

  get(path: string, op = '', params: Params = {}): Promise<Answer> {
    const query = encode(op === '' ? params : { ...params, op })
    return this.#send('GET', query === '' ? path : `${path}?${query}`)
  }

  post(path: string, op = '', params: Params = {}): Promise<Answer> {
    return this.#send('POST', `${path}?op=${op}`, form(params))
  }

  put(path: string, params: Params): Promise<Answer> {
    return this.#send('PUT', path, form(params))
  }

  /** Parameters only where gomaasclient puts them into the query. */
  delete(path: string, params: Params = {}): Promise<Answer> {
    const query = encode(params)
    return this.#send('DELETE', query === '' ? path : `${path}?${query}`, { body: '' })
  }

  /** A part with a file name for the content, one for each parameter. */
  postFile(path: string, file: FilePart, params: Params): Promise<Answer> {
    return this.#send('POST', `${path}?op=`, multipart(file, params))
  }

  putFile(path: string, file: FilePart, params: Params): Promise<Answer> {
    return this.#send('PUT', path, multipart(file, params))
  }

  #send(method: string, path: string, sent: Sent = {}): Promise<Answer> {
    const url = path.startsWith('/') ? new URL(path, this.#root).href : this.#root + path
    const headers = {
      ...HEADERS,
      ...(this.#key === null ? {} : { authorization: authorization(this.#key) }),
      ...(sent.type === undefined ? {} : { 'content-type': sent.type }),
    }
    return answerOf(url, {
      method,
      headers,
      ...(sent.body === undefined ? {} : { body: sent.body }),
    })
  }
}

type FilePart = { readonly name: string; readonly content: string }

function multipart({ name: file, content }: FilePart, params: Params): Sent {
  const boundary = randomBytes(30).toString('hex')
  const parts = [
    `--${boundary}`,
    `Content-Disposition: form-data; name="${file}"; filename="${file}"`,
    'Content-Type: application/octet-stream',
    ...['', content],
    ...Object.entries(params).flatMap(([name, value]) => [
      ...[`--${boundary}`, `Content-Disposition: form-data; name="${name}"`, '', String(value)],
    ]),
    ...[`--${boundary}--`, ''],
  ]
  return { body: parts.join('\r\n'), type: `multipart/form-data; boundary=${boundary}` }
}

type Sent = { readonly body?: string; readonly type?: string }

function form(params: Params): Sent {
  return { body: encode(params), type: 'application/x-www-form-urlencoded' }
}

function encode(params: Params): string {
  const pairs = Object.entries(params).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return new URLSearchParams(
    pairs.flatMap(([name, value]) => [value].flat().map((each) => [name, String(each)])),
  ).toString()
}

/** The fields in no order, their values quoted as in a query. */
function authorization(key: string): string {
  const [consumer = '', token = '', secret = ''] = key.split(':')
  const fields = {
    oauth_signature: `&${secret}`,
    oauth_nonce: randomBytes(16).toString('hex'),
    realm: 'MAAS API',
    oauth_token: token,
    oauth_version: '1.0',
    oauth_timestamp: String(Math.floor(Date.now() / 1_000)),
    oauth_consumer_key: consumer,
    oauth_signature_method: 'PLAINTEXT',
  }
  const quoted = Object.entries(fields).map(
    ([name, value]) => `${name}="${encodeURIComponent(value).replaceAll('%20', '+')}"`,
  )
  return `OAuth ${quoted.join(', ')}`
}

// Requests as MAAS's clients in Python write them. Ansible's collection: every body multipart, also an empty one, whose
// last boundary ends the body. MAAS's own CLI and libmaas: MIME parts in base64; the CLI sends no body when it has nothing
// to say, libmaas an empty message.
import { randomUUID } from 'node:crypto'
import { authorization } from '#tools/client.ts'
import { answerOf, type Answer } from './answer.ts'

export type Data = Readonly<Record<string, unknown>>

export class AnsibleClient {
  /** Of the site, `http://…/MAAS`. */
  readonly #host: string
  readonly #key: string

  constructor(host: string, key: string) {
    this.#host = host
    this.#key = key
  }

  get(path: string): Promise<Answer> {
    return this.#send('GET', path)
  }

  post(path: string, data: Data, op?: string): Promise<Answer> {
    return this.#send('POST', op === undefined ? path : `${path}?op=${op}`, data)
  }

  put(path: string, data: Data): Promise<Answer> {
    return this.#send('PUT', path, data)
  }

  delete(path: string): Promise<Answer> {
    return this.#send('DELETE', path)
  }

  #send(method: string, path: string, data?: Data): Promise<Answer> {
    const boundary = randomUUID().replaceAll('-', '')
    const headers = {
      accept: 'application/json',
      authorization: authorization(this.#key),
      ...(data === undefined
        ? {}
        : { 'content-type': `multipart/form-data; boundary="${boundary}"` }),
    }
    const url = `${this.#host}/api/2.0/${path}`
    if (data === undefined) return answerOf(url, { method, headers })
    const parts = Object.entries(data).map(
      ([name, value]) =>
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${python(value)}\r\n`,
    )
    return answerOf(url, { method, headers, body: `${parts.join('')}--${boundary}--` })
  }
}

/** As `str()` has it. */
function python(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export type Pairs = readonly (readonly [name: string, value: string])[]

/** The body and its type, as Python's email package flattens them; without parts there is still an empty one. */
export function mimeMessage(pairs: Pairs): { readonly body: string; readonly type: string } {
  const boundary = `===============${'0123456789012345678'}==`
  const parts = pairs.map(([name, value]) =>
    [
      'Content-Type: text/plain; charset="utf-8"',
      'MIME-Version: 1.0',
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: form-data; name="${name}"`,
      '',
      Buffer.from(value)
        .toString('base64')
        .replaceAll(/(.{76})/g, '$1\r\n'),
      '',
    ].join('\r\n'),
  )
  const inner = parts.length === 0 ? '' : parts.join(`\r\n--${boundary}\r\n`)
  return {
    body: `--${boundary}\r\n${inner}\r\n--${boundary}--`,
    type: `multipart/form-data; boundary="${boundary}"`,
  }
}

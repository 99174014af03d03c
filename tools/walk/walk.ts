// Drives every call of the catalogue outside of machine life cycle and storage through regions in turn and
// compares. A call that fails stops nothing; what it would have made is missed by the rows that name it, and said.
import { randomInt, randomUUID } from 'node:crypto'
import { authorization } from '../client.ts'
import { encodeBody, type Encoding } from './bodies.ts'
import { echoErrors, judge, statusOf, type Answer } from './judge.ts'
import { refusalsOf, sameAs, withoutSlash, type Asked } from './refusals.ts'
import type { Row } from './row.ts'
import { fill, fillAll, Missing } from './template.ts'

export type WalkOptions = {
  /** API base URLs of the regions. */
  readonly urls: readonly string[]
  /** Of an administrator. */
  readonly apiKey: string
  /** Nothing is lost by it: rows that delete controllers or change what others see are walked too. */
  readonly disposable: boolean
  readonly encoding?: Encoding
  /** Also what must be refused, HEAD and missing slashes; by default. */
  readonly thorough?: boolean
  /** Leave the last slash of every path out, whatever the method. */
  readonly slashless?: boolean
  readonly rows: readonly Row[]
  /** Told of each row as it is done. */
  readonly onLine?: (line: Line) => void
}

/** `refusals`: the call itself was not made, as the cluster is not disposable. */
export type Line = {
  readonly call: string
  readonly verdict: 'ok' | 'refusals' | 'differs' | 'skipped'
  readonly status: number | null
  /** Index of the region asked. */
  readonly region: number
  readonly differences: readonly string[]
}

const API = '/MAAS/api/2.0/'
const ASK_MS = 30_000

export async function walk(options: WalkOptions): Promise<readonly Line[]> {
  const walker = new Walker(options)
  return walker.run()
}

class Walker {
  readonly #options: WalkOptions
  readonly #kept: Record<string, unknown> = {}
  #plainKey = ''
  /** X-MAAS-API-Hash of the first answer: it is the same in every one of every region. */
  #hash: string | null = null

  constructor(options: WalkOptions) {
    this.#options = options
  }

  async run(): Promise<readonly Line[]> {
    const { rows, onLine = () => {} } = this.#options
    const lines: Line[] = []
    await this.#prepare()
    for (const [at, row] of rows.entries()) {
      const region = row.first === true ? 0 : at % this.#options.urls.length
      const line = await this.#walk(row, region).catch((error: unknown) =>
        this.#failed(row, region, error),
      )
      lines.push(line)
      onLine(line)
    }
    if (this.#plainKey !== '') {
      await this.#ask(0, this.#own('DELETE', `users/${this.#name}-plain/`))
    }
    return lines
  }

  #failed(row: Row, region: number, error: unknown): Line {
    const line = { call: row.call, region, status: null }
    if (!(error instanceof Missing)) {
      return { ...line, verdict: 'differs', differences: [String(error)] }
    }
    // What a cluster could lose it need not have when nothing is taken from it.
    if (row.disposable === true && !this.#options.disposable) {
      return { ...line, verdict: 'refusals', differences: [] }
    }
    return { ...line, verdict: 'skipped', differences: [`needs ${error.message}`] }
  }

  get #name(): string {
    return String(this.#kept['walk'])
  }

  #own(method: string, target: string): Asked {
    return { method, target, key: this.#options.apiKey }
  }

  /** Names that are free, the controllers there are, and a user without rights. */
  async #prepare(): Promise<void> {
    const kept = this.#kept
    kept['walk'] = `walk-${randomUUID().slice(0, 8)}`
    // RFC 2544: for measurements, in nobody's use.
    const third = randomInt(256)
    Object.assign(kept, { net: `198.18.${third}`, other: `198.19.${third}` })
    kept['mac'] = '02:00:00:57:41:4d'
    const listed = async (target: string): Promise<readonly string[]> => {
      const { status, text } = await this.#ask(0, this.#own('GET', target))
      if (status !== 200) return []
      return (JSON.parse(text) as { system_id: string }[]).map(({ system_id: id }) => id)
    }
    const racks = await listed('rackcontrollers/')
    const regions = await listed('regioncontrollers/')
    const { text } = await this.#ask(0, this.#own('GET', '/api/v1/cluster'))
    const asked = (JSON.parse(text) as { readonly node_id?: string }).node_id
    const spare = regions.filter((id) => id !== asked)
    const found = {
      ...{ rack: racks[0], spare_rack: racks.length > 1 ? racks.at(-1) : undefined },
      ...{ region: regions[0], spare_region: spare.at(-1) },
    }
    Object.assign(kept, found)
    if (this.#options.thorough !== false) this.#plainKey = await this.#makePlainUser()
  }

  async #makePlainUser(): Promise<string> {
    const username = `${this.#name}-plain`
    const password = randomUUID()
    const user = { username, password, email: 'walk@example.org', is_superuser: 'false' }
    const made = await this.#ask(0, { ...this.#own('POST', 'users/'), form: user })
    if (made.status !== 200) throw new Error(`no plain user: ${made.status} ${made.text}`)
    const { text } = await this.#ask(0, {
      ...{ method: 'POST', target: '/MAAS/accounts/authenticate/', key: null },
      form: { username, password },
    })
    const key = JSON.parse(text) as Readonly<Record<string, string>>
    return `${key['consumer_key']}:${key['token_key']}:${key['token_secret']}`
  }

  async #walk(row: Row, region: number): Promise<Line> {
    const { disposable, encoding = 'form', thorough = true, slashless = false } = this.#options
    const [method = '', template = ''] = row.call.split(' ')
    const encode = template.startsWith('{') ? undefined : encodeURIComponent
    const filled = fill(template, this.#kept, encode)
    const target = slashless ? withoutSlash(filled) : filled
    const form = row.form === undefined ? undefined : fillAll(row.form, this.#kept)
    const { bytes } = row
    const asked = { ...this.#own(method, target), form, encoding, bytes }
    const differences = thorough ? await this.#refusals(row, asked, region) : []
    const isMade = disposable || row.disposable !== true
    let status: number | null = null
    if (isMade) {
      const answer = await this.#ask(region, asked)
      status = answer.status
      const judged = judge(row, answer)
      differences.push(...judged.differences, ...this.#hashOf(answer))
      differences.push(...echoErrors(form ?? {}, judged.value))
      if (row.keep !== undefined && judged.value !== undefined) {
        this.#kept[row.keep] = judged.value
        // Deep inside, below the name of a version.
        const upload = /\/upload\/(\d+)\//.exec(answer.text)?.[1]
        if (upload !== undefined) this.#kept['upload'] = upload
      }
      if (thorough && judged.differences.length === 0) {
        differences.push(...(await this.#sameAs(row, asked, region)))
      }
    }
    const verdict = differences.length > 0 ? 'differs' : isMade ? 'ok' : 'refusals'
    return { call: row.call, verdict, status, region, differences }
  }

  async #refusals(row: Row, asked: Asked, region: number): Promise<string[]> {
    const differences: string[] = []
    for (const refusal of refusalsOf(row, asked, this.#plainKey)) {
      const { status, text } = await this.#ask(region, refusal.asked)
      const { name, says } = refusal
      if (status !== refusal.status) differences.push(`${name}: ${status}, not ${refusal.status}`)
      else if (says !== undefined && !text.includes(says)) {
        differences.push(`${name}: the refusal does not name it: ${text.slice(0, 80)}`)
      }
    }
    return differences
  }

  async #sameAs(row: Row, asked: Asked, region: number): Promise<readonly string[]> {
    const differences: string[] = []
    for (const { name, asked: other, status } of sameAs(row, asked, statusOf(row))) {
      const answer = await this.#ask(region, other)
      if (answer.status !== status) differences.push(`${name}: ${answer.status}, not ${status}`)
      if (other.method === 'HEAD' && answer.text !== '') differences.push(`${name}: a body`)
    }
    return differences
  }

  #hashOf({ headers }: Answer): readonly string[] {
    const hash = headers.get('x-maas-api-hash')
    this.#hash ??= hash
    return hash === this.#hash ? [] : ['X-MAAS-API-Hash is not that of the other answers']
  }

  async #ask(region: number, asked: Asked) {
    const { method, target, key, form, encoding = 'form', bytes } = asked
    const url = this.#options.urls[region] ?? ''
    const headers: Record<string, string> = {}
    if (key !== null) headers['authorization'] = authorization(key)
    const hasBody = method === 'POST' || method === 'PUT'
    const octets = { type: 'application/octet-stream', text: bytes ?? '' }
    const sent = bytes === undefined ? encodeBody(encoding, form ?? {}) : octets
    const body = hasBody ? sent : null
    if (body !== null) headers['content-type'] = body.type
    const response = await fetch(`${url}${target.startsWith('/') ? '' : API}${target}`, {
      ...{ method, headers, redirect: 'manual', body: body?.text ?? null },
      signal: AbortSignal.timeout(ASK_MS),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text }
  }
}

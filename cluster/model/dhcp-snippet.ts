// What a DHCP snippet means to the server: options with plain values, lease times, how to boot, and the same for the
// hosts that it declares. Everything else that dhcpd would understand is kept but not served, and said to be so.
import { parseOptionValue, encodeOptionValue } from './dhcp-option-value.ts'
import type { DhcpOptionType } from './dhcp-option.ts'
import { namedOption, whyNotSet } from './dhcp-option-names.ts'
import { SnippetError, tokenize, type Token } from './dhcp-tokens.ts'
import { type Ipv4, parseIpv4 } from './ipv4.ts'
import { type MacAddress, parseMac } from './mac-address.ts'

export type SnippetStatements = {
  /** By code; a later statement replaces an earlier one. */
  readonly options: ReadonlyMap<number, Uint8Array>
  /** Seconds. */
  readonly defaultLease: number | undefined
  readonly maxLease: number | undefined
  readonly filename: string | undefined
  readonly nextServer: Ipv4 | undefined
  readonly serverName: string | undefined
}

export type SnippetMeaning = {
  readonly statements: SnippetStatements
  readonly hosts: readonly { readonly mac: MacAddress; readonly statements: SnippetStatements }[]
  /** `Line 3: if (conditions are not served)`. */
  readonly notServed: readonly string[]
}

type Draft = { -readonly [F in keyof SnippetStatements]: SnippetStatements[F] } & {
  readonly options: Map<number, Uint8Array>
  mac: MacAddress | undefined
}

type Statement = {
  readonly first: Token
  readonly values: readonly Token[]
  /** Undefined without a block. */
  readonly block: readonly Statement[] | undefined
}

/** Of a text that `checkSnippet` accepts; of any other nothing is served. */
export function readSnippet(text: string): SnippetMeaning {
  const reader = new Reader()
  try {
    const draft = emptyDraft()
    for (const statement of statementsOf(tokenize(text))) reader.top(statement, draft)
    return { statements: draft, hosts: reader.hosts, notServed: reader.notServed }
  } catch (error) {
    if (!(error instanceof SnippetError)) throw error
    return { statements: emptyDraft(), hosts: [], notServed: [error.message] }
  }
}

function emptyDraft(): Draft {
  const none = { defaultLease: undefined, maxLease: undefined, filename: undefined }
  const noServer = { nextServer: undefined, serverName: undefined, mac: undefined }
  return { options: new Map(), ...none, ...noServer }
}

/** Blocks as trees; what is malformed ends where it is. */
function statementsOf(tokens: readonly Token[]): readonly Statement[] {
  const open: { readonly statement: Statement | null; readonly block: Statement[] }[] = [
    { statement: null, block: [] },
  ]
  let words: Token[] = []
  for (const token of tokens) {
    const mark = token.kind === 'mark' ? token.text : ''
    const into = open.at(-1)
    if (mark !== ';' && mark !== '{' && mark !== '}') words.push(token)
    else if (mark === '}') open.pop()
    else if (into !== undefined && words[0] !== undefined) {
      const [first, ...values] = words
      const block: Statement[] | undefined = mark === '{' ? [] : undefined
      const statement: Statement = { first, values, block }
      into.block.push(statement)
      if (block !== undefined) open.push({ statement, block })
      words = []
    }
  }
  return open[0]?.block ?? []
}

/** Option number and type of what the snippet itself defines (`option x code 224 = text`). */
type Definition = { readonly code: number; readonly type: DefinedType | undefined }
type DefinedType = DhcpOptionType | `${'uint8' | 'uint16' | 'uint32'}-list`

class Reader {
  readonly hosts: SnippetMeaning['hosts'][number][] = []
  readonly notServed: string[] = []
  readonly #defined = new Map<string, Definition>()

  top(statement: Statement, draft: Draft): void {
    const name = statement.first.text.toLowerCase()
    if (name === 'host' && statement.block !== undefined) return this.#host(statement.block)
    if (name === 'group' && statement.block !== undefined)
      return this.#group(statement.block, draft)
    this.#plain(statement, draft)
  }

  /** Its statements are for its hosts alone. */
  #group(block: readonly Statement[], outer: Draft): void {
    const isHost = (each: Statement): boolean => each.first.text.toLowerCase() === 'host'
    const common = emptyDraft()
    for (const statement of block.filter((each) => !isHost(each))) this.top(statement, common)
    const from = this.hosts.length
    for (const statement of block.filter(isHost)) this.top(statement, outer)
    for (const [at, host] of this.hosts.entries()) {
      if (at >= from) this.hosts[at] = { ...host, statements: over(common, host.statements) }
    }
  }

  #host(block: readonly Statement[]): void {
    const draft = emptyDraft()
    for (const statement of block) this.#plain(statement, draft)
    if (draft.mac === undefined) this.#skip(block[0]?.first, 'a host without hardware ethernet')
    else this.hosts.push({ mac: draft.mac, statements: draft })
  }

  #plain(statement: Statement, draft: Draft): void {
    const { first, values, block } = statement
    const name = first.text.toLowerCase()
    const [value] = values
    if (block !== undefined) return this.#skip(first, 'blocks of this kind are not served')
    switch (name) {
      case 'option':
        return this.#option(first, values, draft)
      case 'default-lease-time':
        draft.defaultLease = Number(value?.text)
        return undefined
      case 'max-lease-time':
        draft.maxLease = Number(value?.text)
        return undefined
      case 'filename':
        draft.filename = plainText(value)
        return undefined
      case 'server-name':
        draft.serverName = plainText(value)
        return undefined
      case 'next-server': {
        const ip = parseIpv4(value?.text ?? '')
        if (ip === undefined) return this.#skip(first, 'names of hosts are not resolved')
        draft.nextServer = ip
        return undefined
      }
      case 'hardware':
        draft.mac = parseMac(values[1]?.text ?? '')
        return undefined
      default:
        return this.#skip(first, WHY[name] ?? 'this statement is not served')
    }
  }

  #option(first: Token, [name, ...values]: readonly Token[], draft: Draft): void {
    const key = name?.text.toLowerCase() ?? ''
    if (values[0]?.text === 'code') {
      const type = definedType(values.slice(3).map(({ text }) => text.toLowerCase()))
      const code = Number(values[1]?.text)
      // Anything else was refused when it was written.
      if (Number.isInteger(code) && code > 0 && code < 255) this.#defined.set(key, { code, type })
      return
    }
    const label = `option ${key}`
    if (values[0]?.text === '=') return this.#skip(first, 'expressions are not served', label)
    if (key === 'bootfile-name') draft.filename = plainText(values[0])
    else if (key === 'tftp-server-name') draft.serverName = plainText(values[0])
    else {
      const option = this.#defined.get(key) ?? named(key)
      const why = option === undefined ? 'the server sets it, or does not know it' : null
      const problem = why ?? whyNotSet(option?.code ?? 0)
      if (problem !== null)
        return this.#skip(first, `it ${problem}`.replace(/^it the/, 'the'), label)
      const bytes = option?.type === undefined ? undefined : valueBytes(option.type, values)
      if (bytes === undefined) return this.#skip(first, 'its value is no plain one', label)
      draft.options.set(option?.code ?? 0, bytes)
    }
  }

  #skip(at: Token | undefined, why: string, label = at?.text ?? 'host'): void {
    this.notServed.push(`Line ${at?.line ?? 1}: ${label.slice(0, 64)} (${why})`)
  }
}

const WHY: Readonly<Record<string, string>> = {
  'fixed-address': 'a reserved IP gives an address to a host',
  range: 'IP ranges are not made by snippets',
  ...Object.fromEntries(
    ['allow', 'deny', 'ignore'].map((name) => [name, 'who is served follows from VLAN and ranges']),
  ),
}

function named(key: string): Definition | undefined {
  const known = namedOption(key)
  return known === undefined ? undefined : { code: known.code, type: known.type }
}

function plainText(token: Token | undefined): string | undefined {
  if (token === undefined) return undefined
  return token.kind === 'string' ? token.text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : token.text
}

/** dhcp-options(5), "defining new options"; undefined for records, encapsulation and what else there is. */
function definedType(words: readonly string[]): DefinedType | undefined {
  const isList = words[0] === 'array' && words[1] === 'of'
  const rest = (isList ? words.slice(2) : words).filter((word) => !/^(un)?signed$/.test(word))
  const [kind = '', width = ''] = rest
  if (kind === 'integer') {
    if (width !== '8' && width !== '16' && width !== '32') return undefined
    return isList ? `uint${width}-list` : `uint${width}`
  }
  if (kind === 'ip-address') return isList ? 'ipv4-list' : 'ipv4'
  if (isList) return undefined
  if (kind === 'text') return 'string'
  if (kind === 'string') return 'hex'
  if (kind === 'domain-list') return 'domain-list'
  return kind === 'boolean' ? 'bool' : undefined
}

/** Undefined when a value is of another type, such as a name where an address must stand. */
function valueBytes(type: DefinedType, values: readonly Token[]): Uint8Array | undefined {
  const items = values.filter(({ kind }) => kind !== 'mark')
  const texts = items.map((token) => plainText(token) ?? '')
  const [element] = type.split('-')
  if (type === 'uint8-list' || type === 'uint16-list' || type === 'uint32-list') {
    const all = texts.map((text) => bytesOf(element as DhcpOptionType, text))
    return all.every((each) => each !== undefined)
      ? Uint8Array.from(all.flatMap((each) => [...each]))
      : undefined
  }
  if (type === 'hex') return hexOrText(items[0])
  if (type === 'ipv4-list' || type === 'ipv4-pairs' || type === 'domain-list') {
    return bytesOf(type, texts)
  }
  return items.length === 1 ? bytesOf(type, texts[0]) : undefined
}

function bytesOf(type: DhcpOptionType, given: unknown): Uint8Array | undefined {
  const parsed = parseOptionValue(type, given)
  return parsed.ok ? encodeOptionValue(type, parsed.value) : undefined
}

/** A quoted text stands for its characters, the rest for octets. */
function hexOrText(token: Token | undefined): Uint8Array | undefined {
  if (token?.kind === 'string') return bytesOf('string', plainText(token))
  const padded = (token?.text ?? '').split(':').map((octet) => octet.padStart(2, '0'))
  return bytesOf('hex', padded.join(':'))
}

/** What `inner` does not say, `outer` says. */
function over(outer: SnippetStatements, inner: SnippetStatements): SnippetStatements {
  return {
    options: new Map([...outer.options, ...inner.options]),
    defaultLease: inner.defaultLease ?? outer.defaultLease,
    maxLease: inner.maxLease ?? outer.maxLease,
    filename: inner.filename ?? outer.filename,
    nextServer: inner.nextServer ?? outer.nextServer,
    serverName: inner.serverName ?? outer.serverName,
  }
}

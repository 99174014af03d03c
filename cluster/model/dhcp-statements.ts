// The subset of dhcpd.conf's grammar (dhcpd.conf(5), dhcp-options(5)) that a DHCP snippet may be written in:
// known statements, known options with values of their type, well-formed blocks. What needs dhcpd to be judged
// (expressions of `if`, `match`, `set`) is only checked to be closed. `include` and `execute` are refused: they
// reach outside of the snippet.
import { SnippetError, tokenize, type Token } from './dhcp-tokens.ts'
import { parseIpv4 } from './ipv4.ts'
import { parseMac } from './mac-address.ts'

const DEPTH_MAX = 16

/** Null when every statement is understood, else one sentence with the line. */
export function checkSnippet(text: string): string | null {
  try {
    const tokens = tokenize(text)
    if (tokens.length === 0) return 'The snippet has no statement.'
    new Parser(tokens).statements(0)
    return null
  } catch (error) {
    if (error instanceof SnippetError) return error.message
    throw error
  }
}

type Check = (values: readonly Token[]) => boolean

const isString: Check = (values) => values.length === 1 && values[0]?.kind === 'string'
const isWord =
  (test: (text: string) => boolean): Check =>
  (values) =>
    values.length === 1 && values[0]?.kind === 'word' && test(values[0].text)
const isIntegerTo = (max: number): Check =>
  isWord((text) => /^\d{1,10}$/.test(text) && Number(text) <= max)
const isFlag = isWord((text) => /^(?:on|off|true|false)$/.test(text))
const NAME =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/i
/** All figures and dots: it would be an address, and is none. */
const isHostText = (text: string): boolean =>
  parseIpv4(text) !== undefined || (NAME.test(text) && !/^[\d.]+$/.test(text))
const isHost = isWord(isHostText)
const isAny: Check = (values) => values.length > 0
const isNothing: Check = (values) => values.length === 0
/** Between commas. */
const listOf =
  (one: Check): Check =>
  (values) => {
    const items: Token[][] = [[]]
    for (const token of values) {
      if (token.text === ',' && token.kind === 'mark') items.push([])
      else items.at(-1)?.push(token)
    }
    return items.every(one)
  }
const pairOf =
  (one: Check): Check =>
  (values) =>
    values.length === 2 && one(values.slice(0, 1)) && one(values.slice(1))
/** A quoted text, or octets in hexadecimal between colons. */
const isData: Check = (values) =>
  isString(values) || isWord((text) => /^[0-9a-f]{1,2}(?::[0-9a-f]{1,2})*$/i.test(text))(values)

const U8 = isIntegerTo(0xff)
const U16 = isIntegerTo(0xff_ff)
const U32 = isIntegerTo(0xff_ff_ff_ff)
const HOSTS = listOf(isHost)

/** dhcp-options(5): the options that sites set. Others are defined first (`option x code 224 = text;`). */
const OPTIONS: Readonly<Record<string, Check>> = {
  ...Object.fromEntries(
    [
      ...['routers', 'time-servers', 'domain-name-servers', 'log-servers', 'ntp-servers'],
      ...['netbios-name-servers', 'nis-servers', 'smtp-server', 'www-server', 'x-display-manager'],
      ...['font-servers', 'lpr-servers', 'cookie-servers', 'pop-server', 'netbios-dd-server'],
      ...['subnet-mask', 'broadcast-address', 'swap-server', 'dhcp-server-identifier'],
      ...['router-solicitation-address', 'ien116-name-servers', 'impress-servers'],
    ].map((name) => [name, HOSTS]),
  ),
  ...Object.fromEntries(
    [
      ...[
        'domain-name',
        'host-name',
        'root-path',
        'tftp-server-name',
        'bootfile-name',
        'nis-domain',
      ],
      ...['extensions-path', 'merit-dump', 'dhcp-message', 'netbios-scope', 'pcode', 'tcode'],
    ].map((name) => [name, isString]),
  ),
  'domain-search': listOf(isString),
  'static-routes': listOf(pairOf(isHost)),
  'time-offset': isWord((text) => /^-?\d{1,10}$/.test(text)),
  'interface-mtu': U16,
  'max-dgram-reassembly': U16,
  'dhcp-max-message-size': U16,
  'boot-size': U16,
  'default-ip-ttl': U8,
  'default-tcp-ttl': U8,
  'netbios-node-type': U8,
  'dhcp-lease-time': U32,
  'dhcp-renewal-time': U32,
  'dhcp-rebinding-time': U32,
  'arp-cache-timeout': U32,
  'path-mtu-aging-timeout': U32,
  'tcp-keepalive-interval': U32,
  'ip-forwarding': isFlag,
  'all-subnets-local': isFlag,
  'perform-mask-discovery': isFlag,
  'router-discovery': isFlag,
  'vendor-class-identifier': isData,
  'vendor-encapsulated-options': isData,
  'dhcp-client-identifier': isData,
  'user-class': isData,
}

const FLAGS = [
  ...['ping-check', 'use-host-decl-names', 'get-lease-hostnames', 'always-broadcast'],
  ...[
    'always-reply-rfc1048',
    'update-static-leases',
    'stash-agent-options',
    'one-lease-per-client',
  ],
  ...['boot-unknown-clients', 'ignore-client-uids', 'update-conflict-detection'],
]

/** Statements that end in a semicolon. */
const STATEMENTS: Readonly<Record<string, Check>> = {
  'default-lease-time': U32,
  'max-lease-time': U32,
  'min-lease-time': U32,
  'min-secs': U8,
  'ping-timeout': U32,
  'adaptive-lease-time-threshold': isIntegerTo(100),
  filename: isString,
  'server-name': isString,
  'next-server': isHost,
  'server-identifier': isHost,
  'fixed-address': HOSTS,
  hardware: ([kind, ...rest]) =>
    kind?.text === 'ethernet' && isWord((text) => parseMac(text) !== undefined)(rest),
  range: (values) => isHost(values) || pairOf(isHost)(values),
  authoritative: isNothing,
  allow: isAny,
  deny: isAny,
  ignore: isAny,
  not: ([word, ...rest]) => word?.text === 'authoritative' && rest.length === 0,
  match: isAny,
  spawn: isAny,
  set: isAny,
  unset: isAny,
  log: isAny,
  lease: ([word, ...rest]) => word?.text === 'limit' && U16(rest),
  'vendor-option-space': isAny,
  ...Object.fromEntries(FLAGS.map((name) => [name, isFlag])),
}

/** Statements with a block behind them. */
const BLOCKS: Readonly<Record<string, Check>> = {
  if: isAny,
  elsif: isAny,
  else: (values) => values.length === 0 || (values[0]?.text === 'if' && values.length > 1),
  class: isString,
  subclass: ([name, ...data]) => name?.kind === 'string' && data.length > 0,
  host: isWord((text) => NAME.test(text)),
  group: isNothing,
  pool: isNothing,
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0
  readonly #defined = new Set<string>()

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  /** Up to the end, or to the brace that closes the block at `depth`. */
  statements(depth: number): void {
    if (depth > DEPTH_MAX) throw this.#error('blocks are nested too deep')
    for (;;) {
      const token = this.#tokens[this.#at]
      if (token === undefined) {
        if (depth > 0) throw this.#error('a block is not closed')
        return
      }
      if (token.text === '}' && token.kind === 'mark') {
        if (depth === 0) throw this.#error('there is no block to close')
        this.#at++
        return
      }
      this.#statement(token, depth)
    }
  }

  #statement(first: Token, depth: number): void {
    if (first.kind !== 'word') throw this.#error(`a statement cannot begin with ${shown(first)}`)
    const { values, end } = this.#upToEnd()
    const name = first.text.toLowerCase()
    if (end === '{') {
      const check = own(BLOCKS, name)
      if (check === undefined)
        throw new SnippetError(first.line, `${shown(first)} has no block here`)
      if (!check(values)) throw wrongValue(first)
      this.statements(depth + 1)
      return
    }
    if (name === 'option') this.#option(first, values)
    // A subclass may do without a block.
    else if (name === 'subclass' ? BLOCKS['subclass']?.(values) !== true : !fits(first, values)) {
      throw wrongValue(first)
    }
  }

  /** Values after the first word, and what ended them; marks of expressions are values. */
  #upToEnd(): { readonly values: readonly Token[]; readonly end: ';' | '{' } {
    const from = ++this.#at
    let open = 0
    for (; ; this.#at++) {
      const token = this.#tokens[this.#at]
      if (token === undefined) throw this.#error('a statement does not end with a semicolon')
      if (token.kind !== 'mark') continue
      if (token.text === '(') open++
      if (token.text === ')' && --open < 0) throw this.#error('a parenthesis closes nothing')
      if (token.text === '}') throw this.#error('a statement does not end with a semicolon')
      if (token.text !== ';' && token.text !== '{') continue
      if (open > 0) throw this.#error('a parenthesis is not closed')
      const values = this.#tokens.slice(from, this.#at++)
      return { values, end: token.text }
    }
  }

  #option(first: Token, [name, ...values]: readonly Token[]): void {
    if (name?.kind !== 'word') throw new SnippetError(first.line, 'option needs a name')
    const key = name.text.toLowerCase()
    if (values[0]?.text === 'code') {
      const [, code, equals, ...type] = values
      const isSound = code !== undefined && isIntegerTo(254)([code]) && equals?.text === '='
      if (!isSound || type.length === 0) throw wrongValue(name)
      this.#defined.add(key)
      return
    }
    const data = values[0]?.text === '=' ? values.slice(1) : values
    const check = own(OPTIONS, key)
    if (check === undefined && !this.#defined.has(key) && !key.includes('.')) {
      throw new SnippetError(name.line, `option ${shown(name)} is not known and not defined here`)
    }
    // Behind `=` stands an expression.
    const isExpression = data.length !== values.length
    if (!(isExpression ? isAny : (check ?? isAny))(data)) throw wrongValue(name)
  }

  #error(problem: string): SnippetError {
    const at = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]
    return new SnippetError(at?.line ?? 1, problem)
  }
}

function fits(first: Token, values: readonly Token[]): boolean {
  const name = first.text.toLowerCase()
  const check = own(STATEMENTS, name)
  if (check !== undefined) return check(values)
  const why = name === 'include' || name === 'execute' ? 'is not allowed here' : 'is not known'
  throw new SnippetError(first.line, `statement ${shown(first)} ${why}`)
}

function own(table: Readonly<Record<string, Check>>, name: string): Check | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

function wrongValue(token: Token): SnippetError {
  return new SnippetError(token.line, `the value of ${shown(token)} is not valid`)
}

function shown({ text }: Token): string {
  return text.slice(0, 64)
}

// One message in, what to do with it out: an answer, nothing, or a question for somebody else. Knows no sockets.
import { contains, makeIpv4, parseCidr, type Ipv4 } from '#model/ipv4.ts'
import type { Clock, Metrics } from '#model/ports.ts'
import { resolve } from './answer.ts'
import type { Cookies } from './cookie.ts'
import {
  octetsMax,
  renderAnswer,
  renderBadVersion,
  renderError,
  type Rendering,
} from './response.ts'
import { bareResponse, type Query, RCODE, readQuery } from './wire.ts'
import type { ZoneData } from './zone-data.ts'

export type Source = { readonly address: Ipv4; readonly transport: 'udp' | 'tcp' }

export type Reaction =
  | { readonly kind: 'reply'; readonly bytes: Uint8Array }
  | { readonly kind: 'drop' }
  | {
      readonly kind: 'forward'
      readonly query: Query
      readonly servers: readonly string[]
      readonly rendering: Rendering
    }

const DROP: Reaction = { kind: 'drop' }
const LOOPBACK = { network: makeIpv4(0x7f000000), prefix: 8 }

export class Responder {
  /** Replaced as a whole when the view is. */
  data: ZoneData
  readonly #cookies: Cookies
  readonly #clock: Clock
  readonly #metrics: Pick<Metrics, 'count'>

  constructor(options: {
    readonly data: ZoneData
    readonly cookies: Cookies
    readonly clock: Clock
    readonly metrics: Pick<Metrics, 'count'>
  }) {
    this.data = options.data
    this.#cookies = options.cookies
    this.#clock = options.clock
    this.#metrics = options.metrics
  }

  react(bytes: Uint8Array, source: Source): Reaction {
    const read = readQuery(bytes)
    switch (read.kind) {
      case 'drop':
        this.#count(source, read.why)
        return DROP
      case 'malformed':
        this.#count(source, 'formerr')
        return { kind: 'reply', bytes: bareResponse(read.id, read.flags, RCODE.FORMERR) }
      case 'notImplemented':
        this.#count(source, 'notimp')
        return { kind: 'reply', bytes: bareResponse(read.id, read.flags, RCODE.NOTIMP) }
      case 'query':
        return this.#answer(read.query, source, bytes.length)
      default:
        return read satisfies never
    }
  }

  /** The address may ask for names that are not ours. */
  mayRecurse(address: Ipv4): boolean {
    if (contains(LOOPBACK, address)) return true
    if (this.data.reverse.subnetOf(address)?.allowDns === true) return true
    return this.data.settings.trusted.some((text) => {
      const cidr = parseCidr(text)
      return cidr !== undefined && contains(cidr, address)
    })
  }

  #answer(query: Query, source: Source, queryOctets: number): Reaction {
    const mayRecurse = this.mayRecurse(source.address)
    const rendering = this.#rendering(query, source, { queryOctets, mayRecurse })
    if (query.edns !== undefined && query.edns.version !== 0) {
      this.#count(source, 'badvers')
      return { kind: 'reply', bytes: renderBadVersion(query, rendering) }
    }
    const resolution = resolve(this.data, query.question)
    if (resolution.kind === 'answer') {
      this.#count(source, RESULTS[resolution.answer.rcode] ?? 'other')
      return { kind: 'reply', bytes: renderAnswer(query, resolution.answer, rendering) }
    }
    const servers = resolution.servers ?? this.data.settings.upstream
    if (!mayRecurse || !query.recursionDesired || servers.length === 0) {
      this.#count(source, 'refused')
      return { kind: 'reply', bytes: renderError(query, RCODE.REFUSED, rendering) }
    }
    this.#count(source, 'forwarded')
    return { kind: 'forward', query, servers, rendering }
  }

  #rendering(
    query: Query,
    { address, transport }: Source,
    { queryOctets, mayRecurse }: { readonly queryOctets: number; readonly mayRecurse: boolean },
  ): Rendering {
    const cookie = query.edns?.cookie
    const wallSeconds = cookie === undefined ? 0 : Math.floor(this.#clock.wallMs() / 1_000)
    const isVerified =
      // Nobody outside of this host can send with such an address.
      contains(LOOPBACK, address) ||
      (cookie !== undefined && this.#cookies.isValid(cookie, address, wallSeconds))
    return {
      max: octetsMax(query, { transport, queryOctets, isVerified }),
      recursionAvailable: mayRecurse && this.data.settings.upstream.length > 0,
      cookie: cookie === undefined ? undefined : this.#cookies.make(cookie, address, wallSeconds),
    }
  }

  #count({ transport }: Source, result: string): void {
    this.#metrics.count('ironraft_dns_queries_total', { transport, result })
  }
}

const RESULTS: Readonly<Record<number, string>> = {
  [RCODE.NOERROR]: 'noerror',
  [RCODE.NXDOMAIN]: 'nxdomain',
  [RCODE.REFUSED]: 'refused',
}

// Commands in, answers out: a state, the rows that DNS is sent of it, and a responder on top.
import { parseIpv4 } from '#model/ipv4.ts'
import type { DomainId, UserId } from '#model/ids.ts'
import { dnsChanges, dnsView } from '#node/rack-view.ts'
import { Cookies } from '#rack/dns/cookie.ts'
import { Responder, type Reaction } from '#rack/dns/responder.ts'
import { ZoneData } from '#rack/dns/zone-data.ts'
import type { Command } from '#state/command.ts'
import { makeFakeClock } from './fake-clock.ts'
import { makeCountingMetrics } from './counting-metrics.ts'
import { makeQuery, type QuerySketch, readMessage, type ReadMessage } from './dns-message.ts'
import { anyIp, makeServedLab, newSubnet, type Lab } from './region-state.ts'

const FAR = '198.51.100.7'

export type AskSketch = QuerySketch & {
  readonly transport?: 'udp' | 'tcp'
  readonly from?: string
}

export class DnsStage {
  readonly lab: Lab = makeServedLab()
  readonly clock = makeFakeClock()
  readonly metrics = makeCountingMetrics()
  readonly responder = new Responder({
    data: new ZoneData(),
    cookies: new Cookies(new Uint8Array(32)),
    clock: this.clock,
    metrics: this.metrics,
  })

  constructor() {
    this.responder.data.apply(this.lab.state.revision, dnsView(this.lab.state))
  }

  get data(): ZoneData {
    return this.responder.data
  }

  /** Applied to the state; DNS hears of the changes. */
  do<C extends Command>(command: C): unknown {
    const { outcome, changes } = this.lab.run(command)
    const { state } = this.lab
    this.data.apply(state.revision, dnsChanges(state, changes))
    if (!outcome.ok) throw new Error(`${command.type}: ${outcome.message}`)
    return outcome.value
  }

  domain(name: string, more: { readonly ttl?: number; readonly forward?: readonly string[] } = {}) {
    const { ttl = null, forward } = more
    const rest = { authoritative: forward === undefined, forwardDnsServers: forward ?? [] }
    const made = this.do({ type: 'domain.create', name, ttl, ...rest })
    return (made as { readonly id: DomainId }).id
  }

  host(name: string, addresses: string, domainId = 0, addressTtl: number | null = null): number {
    const fields = { name, domainId: domainId as DomainId, addressTtl }
    const list = addresses.split(' ').map(anyIp)
    const userId = 1 as UserId
    const made = this.do({ type: 'dnsResource.create', userId, ...fields, addresses: list })
    return (made as { readonly id: number }).id
  }

  record(name: string, text: string, domainId = 0, ttl: number | null = null): number {
    const [rrtype = '', ...rest] = text.split(' ')
    const fields = { name, domainId: domainId as DomainId, ttl, rrdata: rest.join(' ') }
    const made = this.do({ type: 'dnsRecord.create', rrtype: rrtype as never, ...fields })
    return (made as { readonly id: number }).id
  }

  subnet(cidr: string, rdnsMode = 2): void {
    this.do({ ...newSubnet(cidr, 5001), rdnsMode })
  }

  react(query: Uint8Array, { transport = 'udp', from = FAR }: AskSketch = {}): Reaction {
    const address = parseIpv4(from)
    if (address === undefined) throw new Error(`not an address: ${from}`)
    return this.responder.react(query, { address, transport })
  }

  /** By TCP unless told otherwise: no limit of size is in the way. */
  ask(name: string, type = 'A', sketch: AskSketch = {}): ReadMessage {
    const query = makeQuery(name, { type, ...sketch })
    const reaction = this.react(query, { transport: 'tcp', ...sketch })
    if (reaction.kind !== 'reply') throw new Error(`${name} ${type}: ${reaction.kind}`)
    return readMessage(reaction.bytes)
  }
}

/** `name type value` of each record, for comparing. */
export function lines(records: ReadMessage['answers']): readonly string[] {
  return records.map((record) => {
    const { name, type, ttl, ...rest } = record
    const value =
      rest['address'] ?? rest['domain'] ?? rest['ns'] ?? rest['exchange'] ?? rest['data']
    return `${name} ${ttl} ${type} ${JSON.stringify(value)?.replaceAll('"', '')}`
  })
}

// Rows of the DNS tables, in MAAS's words.
import type { DnsRecordId, DnsResourceId, DomainId } from './ids.ts'
import type { Ip } from './ip.ts'

export type Domain = {
  readonly id: DomainId
  /** Without a final dot; letters keep the case they were given in, comparisons ignore it (RFC 4343). */
  readonly name: string
  /** False: its names are asked of `forwardDnsServers`, or of the cluster's upstream servers. */
  readonly authoritative: boolean
  /** Seconds; null: the cluster's `default_dns_ttl`. */
  readonly ttl: number | null
  /** IPv4 addresses, in the order in which they are asked. */
  readonly forwardDnsServers: readonly string[]
}

/** A name in a domain, with the addresses it stands for and the records that hang on it. */
export type DnsResource = {
  readonly id: DnsResourceId
  readonly domainId: DomainId
  /** Labels below the domain; `@` is the domain itself, a first label `*` a wildcard (RFC 4592). */
  readonly name: string
  /** Of the A and AAAA records; null: the domain's. */
  readonly addressTtl: number | null
  readonly addresses: readonly Ip[]
  /** Those of `addresses` that were reserved for it, and go free with it. */
  readonly reserved: readonly Ip[]
}

export type DnsRecord = {
  readonly id: DnsRecordId
  readonly resourceId: DnsResourceId
  /** Null: the domain's. */
  readonly ttl: number | null
  readonly rrtype: RecordType
  /** Presentation form (RFC 1035 §5.1), as it was given. */
  readonly rrdata: string
}

export const RECORD_TYPES: readonly RecordType[] = [
  ...(['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'PTR', 'SRV', 'SSHFP', 'TXT'] as const),
]
export type RecordType =
  | 'A'
  | 'AAAA'
  | 'CAA'
  | 'CNAME'
  | 'MX'
  | 'NS'
  | 'PTR'
  | 'SRV'
  | 'SSHFP'
  | 'TXT'

/** TTLs are below 2^31 (RFC 2181 §8). */
export const TTL_MAX = 2 ** 31 - 1
/** Octets of a name on the wire, length bytes and root included (RFC 1035 §2.3.4). */
export const NAME_OCTETS_MAX = 255
export const LABEL_OCTETS_MAX = 63

export function isRecordType(text: string): text is RecordType {
  return (RECORD_TYPES as readonly string[]).includes(text)
}

// The commands on domains, DNS resources and records: a part of the union in `command.ts`.
import type { DnsRecord, DnsResource, Domain } from '#model/dns.ts'
import type { DnsRecordId, DnsResourceId, DomainId, UserId } from '#model/ids.ts'

type DomainFields = Omit<Domain, 'id'>
type DnsResourceFields = Pick<DnsResource, 'name' | 'domainId' | 'addressTtl' | 'addresses'>
type DnsRecordFields = Pick<DnsRecord, 'ttl' | 'rrtype' | 'rrdata'>

export type DnsCommand =
  | ({ readonly type: 'domain.create' } & DomainFields)
  | { readonly type: 'domain.update'; readonly id: DomainId; readonly set: Partial<DomainFields> }
  /** Refused for the default domain and while anything is named in it. */
  | { readonly type: 'domain.delete'; readonly id: DomainId }
  | { readonly type: 'domain.setDefault'; readonly id: DomainId }
  /** The SOA serial at this entry's revision; later ones count up from it (RFC 1982). */
  | { readonly type: 'domain.setSerial'; readonly serial: number }
  /** Addresses of a subnet that nobody has are reserved for `userId` with it. */
  | ({ readonly type: 'dnsResource.create'; readonly userId: UserId } & DnsResourceFields)
  | {
      readonly type: 'dnsResource.update'
      readonly id: DnsResourceId
      readonly userId: UserId
      readonly set: Partial<DnsResourceFields>
    }
  /** With its records, and the addresses that were reserved for it. */
  | { readonly type: 'dnsResource.delete'; readonly id: DnsResourceId }
  /** The resource of that name is made when there is none. */
  | ({
      readonly type: 'dnsRecord.create'
      readonly domainId: DomainId
      readonly name: string
    } & DnsRecordFields)
  | {
      readonly type: 'dnsRecord.update'
      readonly id: DnsRecordId
      readonly set: Partial<DnsRecordFields>
    }
  /** A resource without addresses goes with its last record. */
  | { readonly type: 'dnsRecord.delete'; readonly id: DnsRecordId }

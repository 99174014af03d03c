// DNS records: what hangs on a name besides its addresses. Texts as MAAS has them.
import { parseRdata } from '#model/dns-rdata.ts'
import { isRecordType, RECORD_TYPES, type DnsRecord } from '#model/dns.ts'
import type { DnsRecordId } from '#model/ids.ts'
import { created, DONE, invalid, nextId, notFound, refuse, type Handler } from './context.ts'
import { addResource, checkResource, dropResource, resourceNamed } from './dns-resources.ts'
import { isTtl, makeFirstDomain } from './domains.ts'
import { DNS_RECORDS_MAX, DNS_RECORDS_PER_NAME_MAX } from './limits.ts'
import type { Refusal } from './outcome.ts'
import type { RegionState } from './state.ts'

export const createDnsRecord: Handler<'dnsRecord.create'> = ({ state }, command) => {
  makeFirstDomain(state)
  const { domainId, name, ttl, rrtype, rrdata } = command
  const resource =
    resourceNamed(state, domainId, name) ?? addResource(state, { domainId, name, addressTtl: null })
  if ('ok' in resource) return resource
  if (state.dnsRecords.size >= DNS_RECORDS_MAX) {
    return refuse('OVERLOADED', `At most ${DNS_RECORDS_MAX} DNS records are kept.`)
  }
  const id = nextId<DnsRecordId>(state, 'dnsRecords')
  const record = { id, resourceId: resource.id, ttl, rrtype, rrdata }
  state.dnsRecords.put(id, record)
  return checkRecord(state, record) ?? checkResource(state, resource) ?? created(id)
}

export const updateDnsRecord: Handler<'dnsRecord.update'> = ({ state }, { id, set }) => {
  const record = state.dnsRecords.get(id)
  if (record === undefined) return notFound('DNSData')
  const next: DnsRecord = { ...record, ...set, id }
  state.dnsRecords.put(id, next)
  return checkRecord(state, next) ?? DONE
}

export const deleteDnsRecord: Handler<'dnsRecord.delete'> = ({ state }, { id }) => {
  const record = state.dnsRecords.get(id)
  if (record === undefined) return notFound('DNSData')
  state.dnsRecords.delete(id)
  const resource = state.dnsResources.get(record.resourceId)
  const isEmpty = state.dnsRecordsByResource.count(record.resourceId) === 0
  if (resource !== undefined && isEmpty && resource.addresses.length === 0) {
    dropResource(state, resource)
  }
  return DONE
}

/** Asked after the row was written; a refusal takes it back. */
function checkRecord(state: RegionState, record: DnsRecord): Refusal | null {
  const { ttl, rrtype, rrdata, resourceId } = record
  const resource = state.dnsResources.get(resourceId)
  const domain = resource === undefined ? undefined : state.domains.get(resource.domainId)
  if (resource === undefined || domain === undefined) return notFound('Domain')
  if (!isRecordType(rrtype)) {
    const types = RECORD_TYPES.join(', ')
    return invalid('rrtype', `${String(rrtype).slice(0, 32)} is not one of ${types}.`)
  }
  if (ttl !== null && !isTtl(ttl)) return invalid('ttl', 'Invalid TTL.')
  const parsed = parseRdata({ rrtype, rrdata, domain: domain.name })
  if (typeof parsed === 'string') return invalid('rrdata', parsed)
  const others = state.dnsRecordsByResource.rows(resourceId).filter(({ id }) => id !== record.id)
  return checkBeside(record, others, resource.addresses.length > 0) ?? checkApex(record, resource)
}

/** What other records of the name allow (RFC 2181 §5.2, §10.1). */
function checkBeside(
  record: DnsRecord,
  others: readonly DnsRecord[],
  hasAddresses: boolean,
): Refusal | null {
  const { rrtype, rrdata, ttl } = record
  const isCname = rrtype === 'CNAME'
  if (isCname && others.some((other) => other.rrtype === 'CNAME')) {
    return invalid('__all__', 'Only one CNAME can be associated with a name.')
  }
  const hasCname = others.some((other) => other.rrtype === 'CNAME')
  if (hasCname || (isCname && (others.length > 0 || hasAddresses))) {
    const text = 'CNAME records for a name cannot coexist with non-CNAME records.'
    return invalid('__all__', text)
  }
  if (others.length >= DNS_RECORDS_PER_NAME_MAX) {
    return invalid('__all__', `A name has at most ${DNS_RECORDS_PER_NAME_MAX} records.`)
  }
  const same = others.filter((other) => other.rrtype === rrtype)
  if (same.some((other) => other.rrdata === rrdata)) {
    return invalid('__all__', 'The name has this record already.')
  }
  const differs = same.find((other) => other.ttl !== ttl)
  if (differs === undefined) return null
  const text = `TTL of ${ttl} differs from other resource records TTL of ${differs.ttl}.`
  return invalid('ttl', text)
}

/** The apex has a SOA, so it can be no alias. */
function checkApex({ rrtype }: DnsRecord, { name }: { readonly name: string }): Refusal | null {
  return rrtype === 'CNAME' && name === '@'
    ? invalid('rrtype', 'A domain itself cannot be a CNAME.')
    : null
}

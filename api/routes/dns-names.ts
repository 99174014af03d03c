// How calls on DNS resources and records name what they are about: `fqdn`, or `name` and `domain`.
import type { DnsResource, Domain } from '#model/dns.ts'
import type { DomainId } from '#model/ids.ts'
import { isIpv4 } from '#model/ip.ts'
import { domainOf, domainsOf } from '#state/query-dns.ts'
import type { RegionState } from '#state/state.ts'
import type { Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { fqdnOfResource } from '../render/dns.ts'
import { text } from '../params.ts'
import { parseId } from '../specifiers.ts'

/** By which calls name what they are about, and lists what they show. */
export const OWNER_NAME = {
  fqdn: text('Whole name, instead of name and domain.', { max: 255 }),
  name: text('Name inside of the domain; @ for the domain itself.', { max: 255 }),
  domain: text('Domain: its id or name.'),
}

type OwnerName = { readonly domain: Domain; readonly name: string }

/** By id or by name. */
export function findDomain(state: RegionState, given: string): Domain | undefined {
  const id = parseId(given)
  const byId = id === null ? undefined : domainOf(state, id as DomainId)
  const wanted = given.replace(/\.$/, '').toLowerCase()
  return byId ?? domainsOf(state).find(({ name }) => name.toLowerCase() === wanted)
}

/** Undefined when the call names nothing. Throws NOT_FOUND for a domain that is not there. */
export function ownerNameOf(state: RegionState, call: Call): OwnerName | undefined {
  const { input } = call
  const fqdn = input.text('fqdn')?.trim() ?? ''
  const name = input.text('name')?.trim() ?? ''
  const domainText = input.text('domain')?.trim() ?? ''
  if (domainText !== '') {
    const domain = findDomain(state, domainText)
    if (domain === undefined) throw notFound('Domain')
    return name === '' && fqdn === '' ? undefined : { domain, name: name || below(fqdn, domain) }
  }
  return fqdn === '' && !name.includes('.') ? undefined : split(state, fqdn || name)
}

export function requiredOwnerName(state: RegionState, call: Call): OwnerName {
  const found = ownerNameOf(state, call)
  if (found !== undefined) return found
  const message = 'Either name and domain (or fqdn) must be specified.'
  throw new Rejection('BAD_REQUEST', message)
}

/** The longest domain it ends in has it. */
function split(state: RegionState, given: string): OwnerName {
  const fqdn = given.replace(/\.$/, '')
  const found = domainsOf(state)
    .filter((domain) => isWithin(fqdn, domain.name))
    .toSorted((a, b) => b.name.length - a.name.length)[0]
  if (found === undefined) throw notFound('Domain')
  return { domain: found, name: below(fqdn, found) }
}

function isWithin(fqdn: string, domain: string): boolean {
  return `.${fqdn.toLowerCase()}`.endsWith(`.${domain.toLowerCase()}`)
}

function below(fqdn: string, { name }: Domain): string {
  const bare = fqdn.replace(/\.$/, '')
  if (!isWithin(bare, name)) return bare
  return bare.length === name.length ? '@' : bare.slice(0, -name.length - 1)
}

/** Which resources `fqdn`, `domain`, `name` and `rrtype` of a listing ask for. Throws NOT_FOUND as above. */
export function resourceFilter(state: RegionState, call: Call): (row: DnsResource) => boolean {
  const { input } = call
  const fqdn = input.text('fqdn')?.replace(/\.$/, '').toLowerCase()
  const name = input.text('name')?.toLowerCase()
  const rrtype = input.text('rrtype')?.toUpperCase()
  const domainText = input.text('domain')
  const domain = domainText === undefined ? undefined : findDomain(state, domainText)
  if (domainText !== undefined && domain === undefined) throw notFound('Domain')
  return (row) =>
    (domain === undefined || row.domainId === domain.id) &&
    (name === undefined || row.name.toLowerCase() === name) &&
    (fqdn === undefined || fqdnOfResource(state, row).toLowerCase() === fqdn) &&
    (rrtype === undefined || hasType(state, row, rrtype))
}

function hasType(state: RegionState, row: DnsResource, rrtype: string): boolean {
  if (rrtype === 'A' && row.addresses.some((ip) => isIpv4(ip))) return true
  if (rrtype === 'AAAA' && row.addresses.some((ip) => !isIpv4(ip))) return true
  return state.dnsRecordsByResource.rows(row.id).some((record) => record.rrtype === rrtype)
}

// Domains. The first one, id 0, is there before anybody wrote a row: clusters are older than this table, so it
// becomes a row with the first command that touches domains, and is the default until another is chosen.
import { TTL_MAX, type Domain } from '#model/dns.ts'
import { isTooLong, parseName } from '#model/dns-name.ts'
import type { DomainId } from '#model/ids.ts'
import { parseIpv4 } from '#model/ipv4.ts'
import { created, DONE, invalid, nextId, notFound, refuse, type Handler } from './context.ts'
import { DOMAINS_MAX, FORWARD_SERVERS_MAX } from './limits.ts'
import type { Refusal } from './outcome.ts'
import { DEFAULT_DOMAIN_SETTING, defaultDomainOf, SERIAL_COUNTER } from './query-dns.ts'
import type { RegionState } from './state.ts'

export const createDomain: Handler<'domain.create'> = ({ state }, command) => {
  makeFirstDomain(state)
  if (state.domains.size >= DOMAINS_MAX) {
    return refuse('OVERLOADED', `At most ${DOMAINS_MAX} domains are kept.`)
  }
  const id = nextId<DomainId>(state, 'domains')
  const { name, authoritative, ttl, forwardDnsServers } = command
  const domain = { id, name, authoritative, ttl, forwardDnsServers }
  state.domains.put(id, domain)
  return checkDomain(state, domain) ?? created(id)
}

export const updateDomain: Handler<'domain.update'> = ({ state }, { id, set }) => {
  makeFirstDomain(state)
  const domain = state.domains.get(id)
  if (domain === undefined) return notFound('Domain')
  const isDefault = defaultDomainOf(state).id === id
  const next: Domain = { ...domain, ...set, id }
  state.domains.put(id, next)
  if (isDefault) nameDefault(state, next)
  return checkDomain(state, next) ?? checkNames(state, next) ?? DONE
}

export const deleteDomain: Handler<'domain.delete'> = ({ state }, { id }) => {
  makeFirstDomain(state)
  const domain = state.domains.get(id)
  if (domain === undefined) return notFound('Domain')
  if (defaultDomainOf(state).id === id) {
    return refuse('VALIDATION', 'This domain is the default domain, it cannot be deleted.')
  }
  const resource = state.dnsResourcesByDomain.first(id)
  if (resource !== undefined) {
    const text = `Domain ${domain.name} cannot be deleted: DNS resource ${resource.name} is in it.`
    return refuse('VALIDATION', text)
  }
  const node = nodeIn(state, id)
  if (node !== undefined) {
    return refuse('VALIDATION', `Domain ${domain.name} cannot be deleted: ${node} is in it.`)
  }
  state.domains.delete(id)
  return DONE
}

/** Hostname of a machine, device or controller that was put there. */
function nodeIn(state: RegionState, id: DomainId): string | undefined {
  for (const table of [state.machines, state.devices, state.controllers]) {
    for (const { hostname, domainId } of table.values()) if (domainId === id) return hostname
  }
  return undefined
}

/** Null: nothing is asked, or there is such a domain. */
export function checkDomainOfNode(
  state: RegionState,
  domainId: DomainId | undefined,
): Refusal | null {
  if (domainId === undefined) return null
  makeFirstDomain(state)
  return state.domains.has(domainId) ? null : notFound('Domain')
}

export const setDefaultDomain: Handler<'domain.setDefault'> = ({ state }, { id }) => {
  makeFirstDomain(state)
  const domain = state.domains.get(id)
  if (domain === undefined) return notFound('Domain')
  nameDefault(state, domain)
  return DONE
}

/** Kept as what is added to the revision, so that the serial rises with each revision by itself. */
export const setDnsSerial: Handler<'domain.setSerial'> = ({ state }, { serial }) => {
  if (!Number.isInteger(serial) || serial < 1 || serial > 0xffff_ffff) {
    return invalid('serial', 'Expected a serial number from 1 to 4294967295.')
  }
  const last = (serial - state.revision) >>> 0
  state.counters.put(SERIAL_COUNTER, { name: SERIAL_COUNTER, last })
  return DONE
}

/** Before any command that reads or writes domains. */
export function makeFirstDomain(state: RegionState): void {
  if (state.counters.has('domains')) return
  const first = defaultDomainOf(state)
  nextId<DomainId>(state, 'domains')
  state.domains.put(first.id, first)
}

function nameDefault(state: RegionState, { name }: Domain): void {
  state.settings.put(DEFAULT_DOMAIN_SETTING, { name: DEFAULT_DOMAIN_SETTING, value: name })
}

/** Asked after the row was written; a refusal takes it back. */
function checkDomain(state: RegionState, domain: Domain): Refusal | null {
  const { name, ttl, forwardDnsServers, authoritative } = domain
  if (name.endsWith('.') || parseName(name) === undefined) {
    return invalid('name', 'Invalid domain name.')
  }
  if (state.domainsByName.count(name.toLowerCase()) > 1) {
    return invalid('name', 'Domain with this Name already exists.')
  }
  if (ttl !== null && !isTtl(ttl)) return invalid('ttl', `Enter a number from 0 to ${TTL_MAX}.`)
  const field = 'forward_dns_servers'
  if (authoritative && forwardDnsServers.length > 0) {
    return invalid(field, 'An authoritative domain has no servers to forward to.')
  }
  if (forwardDnsServers.length > FORWARD_SERVERS_MAX) {
    return invalid(field, `At most ${FORWARD_SERVERS_MAX} servers are asked.`)
  }
  const bad = forwardDnsServers.find((text) => parseIpv4(text) === undefined)
  return bad === undefined ? null : invalid(field, `${bad.slice(0, 64)} is not an IPv4 address.`)
}

/** A longer name may leave no room for what is named in it. */
function checkNames(state: RegionState, { id, name }: Domain): Refusal | null {
  const long = state.dnsResourcesByDomain.rows(id).find((row) => isTooLong(row.name, name))
  return long === undefined ? null : invalid('name', `${long.name} would be too long in ${name}.`)
}

/** Seconds. 0, for resolvers to keep nothing, is MAAS's too: its Terraform provider sends it. */
export function isTtl(ttl: number): boolean {
  return Number.isInteger(ttl) && ttl >= 0 && ttl <= TTL_MAX
}

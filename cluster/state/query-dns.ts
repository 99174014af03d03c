// Read-only selectors over domains, for the API, the DNS view and the command handlers.
import { parseName } from '#model/dns-name.ts'
import type { Domain } from '#model/dns.ts'
import type { DomainId } from '#model/ids.ts'
import { SETTING_DEFAULTS } from './settings.ts'
import type { RegionState } from './state.ts'

export const DEFAULT_DOMAIN_SETTING = 'default_domain'
/** Counter whose `last` is added to the revision to make the SOA serial. */
export const SERIAL_COUNTER = 'dns/serialOffset'

const FIRST_DOMAIN: Domain = Object.freeze({
  id: 0 as DomainId,
  name: 'maas',
  authoritative: true,
  ttl: null,
  forwardDnsServers: [],
})

/** In key order. */
export function domainsOf(state: RegionState): readonly Domain[] {
  return state.domains.size > 0 ? [...state.domains.values()] : [defaultDomainOf(state)]
}

export function domainOf(state: RegionState, id: DomainId): Domain | undefined {
  return domainsOf(state).length === state.domains.size
    ? state.domains.get(id)
    : domainsOf(state).find((domain) => domain.id === id)
}

/** The one the setting names; where it names none, the oldest. */
export function defaultDomainOf(state: RegionState): Domain {
  const value = state.settings.get(DEFAULT_DOMAIN_SETTING)?.value
  const name = typeof value === 'string' ? value.replace(/\.$/, '') : ''
  const [oldest] = state.domains.values()
  if (oldest !== undefined) return state.domainsByName.first(name.toLowerCase()) ?? oldest
  return parseName(name) === undefined ? FIRST_DOMAIN : { ...FIRST_DOMAIN, name }
}

/** The domain that a machine, device or controller is in. */
export function domainOfNode(
  state: RegionState,
  { domainId }: { readonly domainId?: DomainId },
): Domain {
  const own = domainId === undefined ? undefined : domainOf(state, domainId)
  return own ?? defaultDomainOf(state)
}

export function fqdnOf(
  state: RegionState,
  node: { readonly hostname: string; readonly domainId?: DomainId },
): string {
  return `${node.hostname}.${domainOfNode(state, node).name}`
}

/** Seconds for records whose domain says nothing. */
export function defaultTtlOf(state: RegionState): number {
  const value = state.settings.get('default_dns_ttl')?.value ?? SETTING_DEFAULTS['default_dns_ttl']
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 ? value : 30
}

/** What is added to the revision, mod 2^32. */
export function serialOffsetOf(state: RegionState): number {
  return state.counters.get(SERIAL_COUNTER)?.last ?? 0
}

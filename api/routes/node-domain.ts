// Which domain a call puts a node in: `domain` by name or id, or what follows the first dot of `hostname`.
import type { DomainId } from '#model/ids.ts'
import { defaultDomainOf } from '#state/query-dns.ts'
import type { RegionState } from '#state/state.ts'
import { fieldError } from '../errors.ts'
import type { Input } from '../input.ts'
import { expectNetworkLevel } from '../network-level.ts'
import { findDomain } from './dns-names.ts'

type Options = {
  /** Of the node; absent: it follows the default domain, as one that is being made does. */
  readonly domainId?: DomainId | undefined
  /** A machine that enlists says what its DHCP server told it: a domain of somebody else counts for nothing. */
  readonly isAnonymous?: boolean
  /** Its host name is its own business (controllers). */
  readonly keepsName?: boolean
}

/** Undefined: nothing is asked that is not so already. Throws VALIDATION and UNSUPPORTED_VERSION. */
export function domainIdIn(
  state: RegionState,
  input: Input,
  { domainId, isAnonymous = false, keepsName = false }: Options = {},
): DomainId | undefined {
  const [field, text] = askedIn(input, keepsName)
  if (text === '') return undefined
  const domain = findDomain(state, text)
  if (domain === undefined) {
    if (isAnonymous) return undefined
    throw fieldError(field, `There is no domain ${text.slice(0, 64)}.`)
  }
  if (domain.id === (domainId ?? defaultDomainOf(state).id)) return undefined
  expectNetworkLevel(state, 'A node outside of the default domain')
  return domain.id
}

function askedIn(input: Input, keepsName: boolean): readonly [field: string, text: string] {
  const domain = input.text('domain')?.trim() ?? ''
  if (domain !== '' || keepsName) return ['domain', domain]
  const hostname = input.text('hostname')?.trim().replace(/\.$/, '') ?? ''
  const dot = hostname.indexOf('.')
  return ['hostname', dot < 0 ? '' : hostname.slice(dot + 1)]
}

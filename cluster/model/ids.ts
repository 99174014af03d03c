// Branded ids. Strings are minted by the shell before proposing; numbers are counters in the state.
// Parsing from the outside happens once, at the edge.

declare const brand: unique symbol
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name }

/** MAAS `system_id`: six characters of SYSTEM_ID_ALPHABET; machines, devices and controllers share the space. */
export type SystemId = Branded<string, 'SystemId'>
export type UserId = Branded<number, 'UserId'>
export type FabricId = Branded<number, 'FabricId'>
export type VlanId = Branded<number, 'VlanId'>
export type SpaceId = Branded<number, 'SpaceId'>
export type SubnetId = Branded<number, 'SubnetId'>
export type IpRangeId = Branded<number, 'IpRangeId'>
export type StaticRouteId = Branded<number, 'StaticRouteId'>
export type ReservedIpId = Branded<number, 'ReservedIpId'>
export type InterfaceId = Branded<number, 'InterfaceId'>
export type BlockDeviceId = Branded<number, 'BlockDeviceId'>
export type BootResourceId = Branded<number, 'BootResourceId'>
export type DomainId = Branded<number, 'DomainId'>
export type DnsResourceId = Branded<number, 'DnsResourceId'>
export type DnsRecordId = Branded<number, 'DnsRecordId'>
export type SshKeyId = Branded<number, 'SshKeyId'>
export type SslKeyId = Branded<number, 'SslKeyId'>
export type AccessTokenId = Branded<number, 'AccessTokenId'>
export type EventId = Branded<number, 'EventId'>

/** The 24 characters MAAS draws system ids from: no vowels that make words, nothing ambiguous. */
export const SYSTEM_ID_ALPHABET = '34678abcdefghkmnpqrstwxy'

export function parseSystemId(text: string): SystemId | undefined {
  return /^[a-z0-9]{6}$/.test(text) ? (text as SystemId) : undefined
}

/** `integer(below)` draws uniformly; the caller re-draws when the state already knows the id. */
export function makeSystemId(integer: (below: number) => number): SystemId {
  let text = ''
  for (let i = 0; i < 6; i++) text += SYSTEM_ID_ALPHABET.charAt(integer(SYSTEM_ID_ALPHABET.length))
  return text as SystemId
}

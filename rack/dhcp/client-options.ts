// What operators set for a client: typed options and snippets of the view, from the widest scope to the narrowest.
// Pure; compiled when first asked for after one of them changed. Nothing here says which address a client gets.
import { encodeOptionValue } from '#model/dhcp-option-value.ts'
import { DHCP_SCOPES, formatTarget, type DhcpOption, type DhcpScope } from '#model/dhcp-option.ts'
import { readSnippet, type SnippetStatements } from '#model/dhcp-snippet.ts'
import type { IpRangeId, SubnetId, VlanId } from '#model/ids.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { RackSnippet } from '#protocol/rack.ts'

/** A value, the scope it is from, and the row that said it. */
export type Sourced<T> = {
  readonly value: T
  readonly scope: DhcpScope
  /** `option of subnet:3`, `snippet 7 (name)`. */
  readonly origin: string
}
export type SetOption = Sourced<Uint8Array> & { readonly force: boolean }

export type ClientSettings = {
  readonly options: ReadonlyMap<number, SetOption>
  /** Seconds. */
  readonly defaultLease?: Sourced<number>
  readonly maxLease?: Sourced<number>
  readonly filename?: Sourced<string>
  readonly nextServer?: Sourced<Ipv4>
  readonly serverName?: Sourced<string>
}

/** Where a client is; what is not known is left out. */
export type ClientPlace = {
  readonly vlanId: VlanId
  readonly subnetId: SubnetId | undefined
  readonly rangeId: IpRangeId | undefined
  readonly mac: MacAddress
}

export const NO_SETTINGS: ClientSettings = Object.freeze({ options: new Map() })

type Layer = { -readonly [F in keyof ClientSettings]: ClientSettings[F] } & {
  readonly options: Map<number, SetOption>
}

/** `formatTarget` → what is set there. */
export type OptionTable = ReadonlyMap<string, ClientSettings>

export function compileOptions(
  options: Iterable<DhcpOption>,
  snippets: Iterable<RackSnippet>,
): OptionTable {
  const layers = new Map<string, Layer>()
  const layerOf = (target: string): Layer => {
    const layer = layers.get(target) ?? { options: new Map() }
    layers.set(target, layer)
    return layer
  }
  // The later one wins, as in dhcpd; a typed option is the surer word and comes last.
  for (const snippet of [...snippets].toSorted((a, b) => a.id - b.id)) addSnippet(layerOf, snippet)
  for (const { code, valueType, value, force, ...target } of options) {
    const name = formatTarget(target)
    const bytes = encodeOptionValue(valueType, value)
    const source = { scope: target.scope, origin: `option of ${name}` }
    layerOf(name).options.set(code, { ...source, value: bytes, force })
  }
  return layers
}

function addSnippet(layerOf: (target: string) => Layer, snippet: RackSnippet): void {
  const origin = `snippet ${snippet.id} (${snippet.name})`
  const { statements, hosts } = readSnippet(snippet.value)
  for (const [scope, target] of targetsOf(snippet)) {
    addStatements(layerOf(target), statements, { scope, origin })
  }
  for (const { mac, statements: own } of hosts) {
    addStatements(layerOf(`host:${mac}`), own, { scope: 'host', origin })
  }
}

function targetsOf({ macs, subnetId, ipRangeId }: RackSnippet): readonly [DhcpScope, string][] {
  if (macs !== null) return macs.map((mac) => ['host', `host:${mac}`])
  if (subnetId !== null) return [['subnet', `subnet:${subnetId}`]]
  return ipRangeId === null ? [['global', 'global']] : [['range', `range:${ipRangeId}`]]
}

function addStatements(
  layer: Layer,
  statements: SnippetStatements,
  source: Omit<Sourced<unknown>, 'value'>,
): void {
  const { options, defaultLease, maxLease, filename, nextServer, serverName } = statements
  for (const [code, value] of options) layer.options.set(code, { ...source, value, force: false })
  if (defaultLease !== undefined) layer.defaultLease = { ...source, value: defaultLease }
  if (maxLease !== undefined) layer.maxLease = { ...source, value: maxLease }
  if (filename !== undefined) layer.filename = { ...source, value: filename }
  if (nextServer !== undefined) layer.nextServer = { ...source, value: nextServer }
  if (serverName !== undefined) layer.serverName = { ...source, value: serverName }
}

/** The narrower scope wins, option by option and statement by statement. */
export function settingsFor(table: OptionTable, place: ClientPlace): ClientSettings {
  if (table.size === 0) return NO_SETTINGS
  const { vlanId, subnetId, rangeId, mac } = place
  const targets = [
    'global',
    `vlan:${vlanId}`,
    `subnet:${subnetId}`,
    `range:${rangeId}`,
    `host:${mac}`,
  ]
  const layers = targets.flatMap((target) => table.get(target) ?? [])
  const [only] = layers
  if (only === undefined) return NO_SETTINGS
  if (layers.length === 1) return only
  const merged: Layer = { options: new Map() }
  for (const { options, ...statements } of layers) {
    for (const [code, option] of options) merged.options.set(code, option)
    Object.assign(merged, statements)
  }
  return merged
}

/** What was set beats what the server would compute, unless that comes from a narrower scope. */
export function isNarrower(set: Pick<SetOption, 'scope'>, computed: DhcpScope): boolean {
  return DHCP_SCOPES.indexOf(set.scope) >= DHCP_SCOPES.indexOf(computed)
}

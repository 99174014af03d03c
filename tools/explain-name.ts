// What DNS would answer for a name, and from which rows: the responder's own functions on the rows of the state that
// the name could depend on. All rows are looked at once; only those few become names.
import { fullName, parseName, parseTarget } from '#model/dns-name.ts'
import type { DnsResource } from '#model/dns.ts'
import type { NameAnswer } from '#model/explain.ts'
import { type Ip, isIpv4 } from '#model/ip.ts'
import { formatIpv4, type Ipv4, makeIpv4, parseIpv4 } from '#model/ipv4.ts'
import type { SystemId } from '#model/ids.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { IpAddress } from '#model/network.ts'
import { dnsBasics } from '#node/rack-view.ts'
import type { ViewChange } from '#protocol/rack.ts'
import { resolve, type Answer } from '#rack/dns/answer.ts'
import { CLASS, RCODE, TYPE } from '#rack/dns/wire.ts'
import { ZoneData } from '#rack/dns/zone-data.ts'
import { defaultDomainOf, fqdnOf } from '#state/query-dns.ts'
import { machineBootOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'

/** Types that may be asked for. */
export const NAME_TYPES = [
  ...([
    'A',
    'AAAA',
    'CNAME',
    'MX',
    'NS',
    'SRV',
    'TXT',
    'PTR',
    'SSHFP',
    'CAA',
    'SOA',
    'ANY',
  ] as const),
] as const
export type NameType = (typeof NAME_TYPES)[number]

/** Undefined when `text` is no name. */
export function explainName(
  state: RegionState,
  text: string,
  type: NameType,
): NameAnswer | undefined {
  const labels = parseName(text)
  if (labels === undefined) return undefined
  const key = labels.join('.').toLowerCase()
  const data = zoneDataFor(state, key)
  const name = wireName(labels)
  const resolution = resolve(data, { name, type: TYPE[type], class: CLASS.IN })
  const zone = zoneOf(data, key)
  const inZone = zone === null ? `${key} is in no zone of ours.` : `${key} is in zone ${zone}.`
  if (resolution.kind === 'forward') {
    const servers = resolution.servers ?? data.settings.upstream
    const whom = servers.length === 0 ? 'there is no server to ask' : servers.join(', ')
    const step = `It is asked for elsewhere: ${whom}.`
    return { answer: 'forwarded', steps: [inZone, step], zone, records: [] }
  }
  const { answer } = resolution
  const verdict = verdictOf(answer)
  return {
    ...{ answer: verdict, zone, steps: [inZone, ...whyOf(data, { key, type, verdict })] },
    records: answer.answers.map((record) => {
      const owner = typeof record.owner === 'string' ? record.owner : key
      return {
        ...{ name: owner, type: record.data.type, ttl: record.ttl },
        ...{ data: textOf(record.data), sources: sourcesOf(data, owner, record.data) },
      }
    }),
  }
}

function verdictOf({ rcode, answers, authority }: Answer): NameAnswer['answer'] {
  if (rcode === RCODE.NXDOMAIN) return 'nxdomain'
  if (rcode === RCODE.REFUSED) return 'refused'
  if (answers.length > 0) return 'records'
  return authority.some(({ data }) => data.type === 'NS') ? 'referral' : 'nodata'
}

function whyOf(
  data: ZoneData,
  of: { readonly key: string; readonly type: string; readonly verdict: NameAnswer['answer'] },
): readonly string[] {
  const { key, type, verdict } = of
  const types = [...new Set(data.names.entriesAt(key).map((entry) => entry.data.type))]
  if (verdict === 'nxdomain')
    return ['Neither a record nor a lease has the name, no wildcard covers it.']
  if (verdict === 'referral') return ['The zone hands it on to the servers of its NS records.']
  if (verdict === 'refused') return ['Such questions are not answered.']
  if (verdict === 'records') {
    return types.length === 0 && !data.names.exists(key)
      ? ['No row has the very name: a wildcard, a lease without a name or a reverse zone answers.']
      : []
  }
  return types.length === 0
    ? [`The name exists because others are below it; it has no records, of ${type} neither.`]
    : [`The name has ${types.join(', ')}, and no ${type}.`]
}

/** CNAMEs are followed by asking again for what their targets depend on. */
function zoneDataFor(state: RegionState, key: string): ZoneData {
  const names = new Set([key])
  for (let found = 0; found < names.size && found < NAMES_MAX; ) {
    found = names.size
    for (const target of targetsOf(state, names)) names.add(target)
  }
  const data = new ZoneData()
  data.apply(state.revision, [...dnsBasics(state), ...rowsFor(state, names)])
  return data
}
/** As many CNAMEs as the responder follows, and a few more. */
const NAMES_MAX = 16

function targetsOf(state: RegionState, names: ReadonlySet<string>): readonly string[] {
  return state.dnsResources.references().rows.flatMap((row) => {
    const owner = nameOf(state, row)
    if (![...names].some((each) => isAbout(owner, each))) return []
    const domain = state.domains.get(row.domainId)?.name ?? ''
    return state.dnsRecordsByResource
      .rows(row.id)
      .filter(({ rrtype }) => rrtype === 'CNAME')
      .flatMap(({ rrdata }) => parseTarget(rrdata.trim(), domain)?.toLowerCase() ?? [])
  })
}

function nameOf(state: RegionState, { name, domainId }: DnsResource): string {
  return fullName(name, state.domains.get(domainId)?.name ?? '').toLowerCase()
}

/** The name itself, what is above or below it, and wildcards above it. */
function isAbout(candidate: string, name: string): boolean {
  const bare = candidate.replace(/^\*\./, '')
  return name === bare || name.endsWith(`.${bare}`) || bare.endsWith(`.${name}`)
}

/** Of a hostname in a row: without a dot it is in the default domain, which exists whatever is below it. */
function hostnameTest(
  state: RegionState,
  names: ReadonlySet<string>,
): (hostname: string) => boolean {
  const own = `.${defaultDomainOf(state).name.toLowerCase()}`
  const inOwn = [...names].filter((name) => name.endsWith(own))
  const bare = new Set(inOwn.map((name) => name.slice(0, -own.length).split('.').at(-1)))
  return (hostname) => {
    if (!hostname.includes('.')) return bare.has(hostname.toLowerCase())
    const full = hostname.replace(/\.$/, '').toLowerCase()
    return [...names].some((name) => isAbout(full, name))
  }
}

/** In one pass over each table; only what is chosen is copied. */
function rowsFor(state: RegionState, names: ReadonlySet<string>): readonly ViewChange[] {
  const isAsked = hostnameTest(state, names)
  const isAddress = addressesIn(names)
  const rows: ViewChange[] = []
  for (const row of state.dnsResources.references().rows) {
    const owner = nameOf(state, row)
    const isOwner = [...names].some((name) => isAbout(owner, name))
    if (!isOwner && !row.addresses.some(isAddress)) continue
    rows.push({ table: 'dnsResources', key: row.id, row })
    for (const record of state.dnsRecordsByResource.rows(row.id)) {
      rows.push({ table: 'dnsRecords', key: record.id, row: record })
    }
  }
  const macs = new Set<MacAddress>()
  const machines = new Set<SystemId>()
  for (const machine of state.machines.references().rows) {
    const { systemId } = machine
    if (!isAsked(fqdnOf(state, machine))) continue
    machines.add(systemId)
    for (const { mac } of state.interfacesByMachine.rows(systemId)) if (mac !== null) macs.add(mac)
  }
  const isWanted = (row: AddressRow): boolean =>
    isAddress(row.ip) || isAsked(row.hostname) || (row.mac !== null && macs.has(row.mac))
  for (const table of ['ipAddresses', 'reservations', 'holds'] as const) {
    const all: readonly AddressRow[] = state[table].references().rows
    for (const row of all.filter(isWanted)) {
      // The row is of its table: what is left out here is still in it.
      rows.push({ table, key: row.ip, row } as unknown as ViewChange)
      // What a machine is called counts for its addresses, whatever was asked for.
      const nic = row.mac === null ? undefined : state.interfacesByMac.first(row.mac)
      if (nic !== undefined) machines.add(nic.systemId)
    }
  }
  for (const systemId of machines) {
    const row = machineBootOf(state, systemId)
    if (row !== undefined) rows.unshift({ table: 'machineBoots', key: systemId, row })
  }
  return rows
}
type AddressRow = Pick<IpAddress, 'ip' | 'hostname' | 'mac'>

const REVERSE = /^((?:\d{1,3}(?:\/\d{1,2}|-\d{1,3})?\.){1,5})in-addr\.arpa$/

/** Addresses that a reverse name or `ip-192-0-2-7` is about. */
function addressesIn(names: ReadonlySet<string>): (ip: Ip) => boolean {
  const prefixes: string[] = [...names].flatMap(nibblesIn)
  for (const name of names) {
    const [, octets] = REVERSE.exec(name) ?? []
    // RFC 2317 names have one label more, of the part of the network.
    const plain = octets?.split('.').filter((label) => /^\d+$/.test(label)) ?? []
    if (plain.length > 0) prefixes.push(`${plain.toReversed().join('.')}.`)
    const lease = /^ip-(\d+-\d+-\d+-\d+)\./.exec(name)?.[1]?.replaceAll('-', '.')
    if (lease !== undefined && parseIpv4(lease) !== undefined) prefixes.push(`${lease}.`)
  }
  if (prefixes.length === 0) return () => false
  return (ip) => {
    const text = isIpv4(ip) ? `${formatIpv4(ip)}.` : `ip6 ${ip.replaceAll(':', '')}`
    return prefixes.some((prefix) => text.startsWith(prefix))
  }
}

/** `ip6 20010db8…`, as far as a name below `ip6.arpa` says it. */
function nibblesIn(name: string): readonly string[] {
  const labels = /^((?:[0-9a-f]\.){1,32})ip6\.arpa$/.exec(name)?.[1]
  return labels === undefined ? [] : [`ip6 ${labels.split('.').toReversed().join('')}`]
}

function zoneOf(data: ZoneData, key: string): string | null {
  for (let at = key; at !== ''; at = at.slice(at.indexOf('.') + 1)) {
    if (data.zoneNamed(at) !== undefined) return at
    if (data.reverse.isZone(at)) return at
    if (!at.includes('.')) return null
  }
  return null
}

function sourcesOf(data: ZoneData, owner: string, rdata: { readonly type: string }) {
  // A pointer is from the address records of the name that it points to.
  const isPointer = rdata.type === 'PTR' && 'target' in rdata
  const key = isPointer ? String(rdata.target).toLowerCase() : owner.toLowerCase()
  const types = isPointer ? ['PTR', 'A'] : [rdata.type]
  const found: string[] = []
  for (const [source, entries] of data.sources()) {
    const isFrom = entries.some((entry) => entry.key === key && types.includes(entry.data.type))
    if (isFrom) found.push(nameOfSource(source))
  }
  return found
}

function nameOfSource(source: string): string {
  const [kind = '', id = ''] = source.split('/')
  return kind === 'ip' ? `address ${formatIpv4(makeIpv4(Number(id)))}` : `dns ${kind} ${id}`
}

function textOf(rdata: object & { readonly type: string }): string {
  const parts = Object.entries(rdata).filter(([name]) => name !== 'type')
  return parts
    .map(([name, value]: [string, unknown]) => {
      if (name === 'ip') return formatIpv4(value as Ipv4)
      if (value instanceof Uint8Array)
        return Buffer.from(value).toString(name === 'value' ? 'latin1' : 'hex')
      if (!Array.isArray(value)) return String(value)
      return value
        .map((each: Uint8Array) => JSON.stringify(Buffer.from(each).toString('latin1')))
        .join(' ')
    })
    .join(' ')
}

function wireName(labels: readonly string[]): Uint8Array {
  const octets = labels.flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')])
  return Uint8Array.from([...octets, 0])
}

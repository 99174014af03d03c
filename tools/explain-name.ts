// What DNS would answer for a name, and from which rows: the responder's own functions on the rows of the state that
// the name could depend on. All rows are looked at once; only those few become names.
import { fullName, parseName } from '#model/dns-name.ts'
import type { NameAnswer } from '#model/explain.ts'
import { formatIpv4, type Ipv4, makeIpv4, parseIpv4 } from '#model/ipv4.ts'
import { dnsView } from '#node/rack-view.ts'
import type { ViewChange } from '#protocol/rack.ts'
import { resolve, type Answer } from '#rack/dns/answer.ts'
import { CLASS, RCODE, TYPE } from '#rack/dns/wire.ts'
import { ZoneData } from '#rack/dns/zone-data.ts'
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
  const all = dnsView(state)
  const names = new Set([key])
  for (let found = 0; found < names.size; ) {
    found = names.size
    for (const target of targetsOf(all, names)) names.add(target)
  }
  const data = new ZoneData()
  data.apply(state.revision, rowsFor(all, names))
  return data
}

function* targetsOf(rows: readonly ViewChange[], names: ReadonlySet<string>): Generator<string> {
  const resources = new Map<unknown, string>()
  const domains = domainNames(rows)
  for (const { table, key, row } of rows) {
    if (table !== 'dnsResources' || row === null) continue
    const name = fullName(row.name, domains.get(row.domainId) ?? '').toLowerCase()
    if ([...names].some((each) => isAbout(name, each))) resources.set(key, name)
  }
  for (const { table, row } of rows) {
    if (table !== 'dnsRecords' || row === null || row.rrtype !== 'CNAME') continue
    const owner = resources.get(row.resourceId)
    if (owner === undefined || names.size >= NAMES_MAX) continue
    const target = row.rrdata.replace(/\.$/, '').toLowerCase()
    const domain = owner.slice(owner.indexOf('.') + 1)
    yield target.includes('.') ? target : `${target}.${domain}`
  }
}
/** As many CNAMEs as the responder follows, and a few more. */
const NAMES_MAX = 16

function domainNames(rows: readonly ViewChange[]): ReadonlyMap<unknown, string> {
  const names = new Map<unknown, string>()
  for (const { table, row } of rows)
    if (table === 'domains' && row !== null) names.set(row.id, row.name)
  return names
}

/** The name itself, what is above or below it, and wildcards above it. */
function isAbout(candidate: string, name: string): boolean {
  const bare = candidate.replace(/^\*\./, '')
  return name === bare || name.endsWith(`.${bare}`) || bare.endsWith(`.${name}`)
}

function rowsFor(rows: readonly ViewChange[], names: ReadonlySet<string>): readonly ViewChange[] {
  const domains = domainNames(rows)
  const settings = rows.find(({ table }) => table === 'settings')
  const own = settings?.table === 'settings' ? (settings.row?.dns?.defaultDomain ?? '') : ''
  const isAsked = (text: string, domain = own): boolean => {
    const name = text.replace(/\.$/, '').toLowerCase()
    if (name === '') return false
    const full = name.includes('.') ? name : `${name}.${domain.toLowerCase()}`
    for (const each of names) if (isAbout(full, each)) return true
    return false
  }
  const addresses = addressesIn(names)
  const macs = new Set<string>()
  const resources = new Set<unknown>()
  for (const { table, key, row } of rows) {
    if (row === null) continue
    if (table === 'machineBoots' && isAsked(row.hostname)) for (const mac of row.macs) macs.add(mac)
    if ((table === 'holds' || table === 'ipAddresses') && row.mac !== null && addresses(row.ip)) {
      macs.add(row.mac)
    }
    if (table !== 'dnsResources') continue
    const name = fullName(row.name, domains.get(row.domainId) ?? '')
    if (isAsked(name, '') || row.addresses.some(addresses)) resources.add(key)
  }
  return rows.filter(({ table, key, row }) => {
    if (table === 'dnsResources') return resources.has(key)
    if (table === 'dnsRecords') return row !== null && resources.has(row.resourceId)
    if (table === 'machineBoots') return row !== null && row.macs.some((mac) => macs.has(mac))
    if (table !== 'holds' && table !== 'ipAddresses' && table !== 'reservations') return true
    if (row === null) return false
    return addresses(row.ip) || isAsked(row.hostname) || (row.mac !== null && macs.has(row.mac))
  })
}

const REVERSE = /^((?:\d{1,3}(?:\/\d{1,2}|-\d{1,3})?\.){1,5})in-addr\.arpa$/

/** Addresses that a reverse name or `ip-192-0-2-7` is about. */
function addressesIn(names: ReadonlySet<string>): (ip: Ipv4) => boolean {
  const prefixes: string[] = []
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
    const text = `${formatIpv4(ip)}.`
    return prefixes.some((prefix) => text.startsWith(prefix))
  }
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

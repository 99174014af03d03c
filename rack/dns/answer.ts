// A question and the zones → the answer. Pure. RFC 1034 §4.3.2, 2181, 2308, 4592, 8482.
import type { Domain } from '#model/dns.ts'
import type { Rdata } from '#model/dns-rdata.ts'
import { isIpv4, type Ip } from '#model/ip.ts'
import { formatIpv4, parseIpv4, type Ipv4 } from '#model/ipv4.ts'
import { keyOf, labelsOf, parentOf } from './name.ts'
import { type Entry, ipOf } from './names.ts'
import {
  classlessAddress,
  classlessName,
  isReverse,
  lastLabelOf,
  parseReverse,
} from './reverse-names.ts'
import { isClassless } from './reverse-zones.ts'
import { specialAnswer } from './special-names.ts'
import { CLASS, type Question, RCODE, TYPE } from './wire.ts'
import type { WireRecord } from './writer.ts'
import type { ZoneData } from './zone-data.ts'

export type Answer = {
  readonly rcode: number
  readonly authoritative: boolean
  readonly answers: readonly WireRecord[]
  readonly authority: readonly WireRecord[]
  readonly additional: readonly WireRecord[]
}

/** `forward`: not ours; `servers` are asked, or when null the cluster's upstream servers. */
export type Resolution =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'forward'; readonly servers: readonly string[] | null }

/** CNAMEs followed for one question. */
const CHAIN_MAX = 8

type Zone =
  | { readonly kind: 'forward'; readonly apex: string; readonly domain: Domain }
  | { readonly kind: 'reverse'; readonly apex: string }

/** What stands at one name; `alias` is followed. */
type Found = {
  readonly rcode: number
  readonly records: readonly WireRecord[]
  readonly alias?: string
  readonly referral?: readonly WireRecord[]
}

const NAME_ERROR: Found = { rcode: RCODE.NXDOMAIN, records: [] }
const NO_DATA: Found = { rcode: RCODE.NOERROR, records: [] }

export function resolve(data: ZoneData, question: Question): Resolution {
  if (question.class !== CLASS.IN && question.class !== CLASS.ANY) return refused()
  if (question.type === TYPE.AXFR || question.type === TYPE.IXFR) return refused()
  const key = keyOf(question.name)
  const first = zoneOf(data, key)
  if (first === undefined) {
    const answer = specialAnswer(question, labelsOf(question.name))
    return answer === undefined ? { kind: 'forward', servers: null } : { kind: 'answer', answer }
  }
  if (isForwarded(first)) return { kind: 'forward', servers: serversOf(first.domain) }
  return { kind: 'answer', answer: follow(data, { question, key }, first) }
}

function serversOf({ forwardDnsServers }: Domain): readonly string[] | null {
  return forwardDnsServers.length > 0 ? forwardDnsServers : null
}

function isForwarded(zone: Zone): zone is Zone & { readonly kind: 'forward' } {
  return zone.kind === 'forward' && !zone.domain.authoritative
}

/** Through the CNAMEs, as long as they lead to zones of ours. */
function follow(
  data: ZoneData,
  { question, key: asked }: { readonly question: Question; readonly key: string },
  first: Zone,
): Answer {
  const answers: WireRecord[] = []
  const seen = new Set<string>()
  let zone = first
  let name: { readonly owner: string | Uint8Array; readonly key: string } = {
    owner: question.name,
    key: asked,
  }
  for (;;) {
    seen.add(name.key)
    const found = lookUp(data, zone, { ...name, type: question.type })
    if (found.referral !== undefined) return referralOf(data, answers, found.referral)
    answers.push(...found.records)
    if (found.alias === undefined) return finish(data, { zone, found, answers })
    const key = found.alias.toLowerCase()
    const next = zoneOf(data, key)
    const ends = seen.has(key) || seen.size > CHAIN_MAX
    // A client that wants more than our zones have asks on from here.
    if (ends || next === undefined || isForwarded(next)) return positive(answers)
    zone = next
    name = { owner: found.alias, key }
  }
}

function positive(answers: readonly WireRecord[]): Answer {
  const nothing = { authority: [], additional: [] }
  return { rcode: RCODE.NOERROR, authoritative: true, answers, ...nothing }
}

/** No AA: another server has it (RFC 1034 §4.3.2 step 3b). With what addresses we know. */
function referralOf(
  data: ZoneData,
  answers: readonly WireRecord[],
  servers: readonly WireRecord[],
): Answer {
  const additional = servers.flatMap(({ data: server }) =>
    server.type === 'NS' ? addressesOf(data, server.target) : [],
  )
  const rest = { authoritative: answers.length > 0, answers, authority: servers, additional }
  return { rcode: RCODE.NOERROR, ...rest }
}

function addressesOf(data: ZoneData, target: string): readonly WireRecord[] {
  const key = target.toLowerCase()
  const zone = zoneOf(data, key)
  if (zone?.kind !== 'forward') return []
  return data.names
    .entriesAt(key)
    .filter(({ data: { type } }) => type === 'A' || type === 'AAAA')
    .map((entry) => recordOf(data, zone.domain, entry, target))
}

/** What has no answer says for how long that may be kept (RFC 2308). */
function finish(
  data: ZoneData,
  at: { readonly zone: Zone; readonly found: Found; readonly answers: readonly WireRecord[] },
): Answer {
  const isEmpty = at.found.records.length === 0
  return {
    rcode: at.found.rcode,
    authoritative: true,
    answers: at.answers,
    authority: isEmpty ? [soaOf(data, at.zone)] : [],
    additional: [],
  }
}

type Asked = {
  readonly owner: string | Uint8Array
  readonly key: string
  readonly type: number
}

function lookUp(data: ZoneData, zone: Zone, asked: Asked): Found {
  if (asked.key === zone.apex) return atApex(data, zone, asked)
  return zone.kind === 'forward' ? forwardName(data, zone, asked) : reverseName(data, zone, asked)
}

function atApex(data: ZoneData, zone: Zone, asked: Asked): Found {
  const { type, owner, key } = asked
  if (type === TYPE.SOA) return { rcode: 0, records: [{ ...soaOf(data, zone), owner }] }
  const entries = zone.kind === 'forward' ? data.names.entriesAt(key) : []
  const domain = zone.kind === 'forward' ? zone.domain : undefined
  const hasServers = entries.some(({ data: { type: has } }) => has === 'NS')
  if (type === TYPE.NS && !hasServers) {
    const target = data.settings.defaultDomain
    const ttl = data.ttlOf(domain)
    return { rcode: 0, records: [{ owner, ttl, data: { type: 'NS', target } }] }
  }
  if (type === TYPE.ANY) return minimal(owner, data.ttlOf(domain))
  return select(data, domain, { entries, asked })
}

function forwardName(
  data: ZoneData,
  { apex, domain }: Zone & { readonly kind: 'forward' },
  asked: Asked,
): Found {
  const { key, type } = asked
  const cut = delegationAbove(data, apex, key)
  // The parent has the DS of a zone that is another's, everything else has the child.
  if (cut !== undefined && !(type === TYPE.DS && cut.key === key)) {
    return {
      ...NO_DATA,
      referral: cut.entries.map((each) => recordOf(data, domain, each, cut.key)),
    }
  }
  if (data.names.exists(key))
    return select(data, domain, { entries: data.names.entriesAt(key), asked })
  const leased = leasedAddress(data, key)
  if (leased !== undefined) {
    const entry = { key, tier: 2, rank: 0, ttl: null, data: { type: 'A', ip: leased } } as const
    return select(data, domain, { entries: [entry], asked })
  }
  let encloser = parentOf(key)
  while (encloser !== apex && !data.names.exists(encloser)) encloser = parentOf(encloser)
  const wildcard = `*.${encloser}`
  if (!data.names.exists(wildcard)) return NAME_ERROR
  return select(data, domain, { entries: data.names.entriesAt(wildcard), asked })
}

/** The highest name from the apex down, itself excluded, that has NS records. */
function delegationAbove(data: ZoneData, apex: string, key: string) {
  if (!data.names.hasNameServers) return undefined
  const above: string[] = []
  for (let at = key; at !== apex; at = parentOf(at)) above.push(at)
  for (const at of above.toReversed()) {
    const entries = data.names.entriesAt(at).filter(({ data: { type } }) => type === 'NS')
    if (entries.length > 0) return { key: at, entries }
  }
  return undefined
}

/** `ip-192-0-2-7` below the default domain: a lease whose client said no name. */
function leasedAddress(data: ZoneData, key: string): Ipv4 | undefined {
  const match = /^ip-(\d+-\d+-\d+-\d+)\.(.+)$/.exec(key)
  if (match === null || match[2] !== data.settings.defaultDomain.toLowerCase()) return undefined
  const ip = parseIpv4((match[1] ?? '').replaceAll('-', '.'))
  return ip !== undefined && data.isLeased(ip) ? ip : undefined
}

function select(
  data: ZoneData,
  domain: Domain | undefined,
  from: { readonly entries: readonly Entry[]; readonly asked: Asked },
): Found {
  const { entries, asked } = from
  const { owner, type } = asked
  const [first] = entries
  if (first?.data.type === 'CNAME' && type !== TYPE.CNAME) {
    const { target } = first.data
    const records = [recordOf(data, domain, first, owner)]
    return type === TYPE.ANY ? { rcode: 0, records } : { rcode: 0, records, alias: target }
  }
  if (type === TYPE.ANY) return first === undefined ? NO_DATA : minimal(owner, data.ttlOf(domain))
  const ofType = entries.filter((entry) => TYPE[entry.data.type] === type)
  const [only] = ofType
  if (ofType.length === 1 && only !== undefined) {
    return { rcode: 0, records: [recordOf(data, domain, only, owner)] }
  }
  const fitting = unique(ofType)
  return { rcode: 0, records: oneTtl(fitting.map((entry) => recordOf(data, domain, entry, owner))) }
}

/** RFC 8482 §4.2: an answer to "everything" that helps nobody to flood another. */
function minimal(owner: string | Uint8Array, ttl: number): Found {
  return { rcode: 0, records: [{ owner, ttl, data: { type: 'HINFO', cpu: 'RFC8482', os: '' } }] }
}

function recordOf(
  data: ZoneData,
  domain: Domain | undefined,
  entry: Entry,
  owner: string | Uint8Array,
): WireRecord {
  return { owner, ttl: entry.ttl ?? data.ttlOf(domain), data: entry.data }
}

/** An address may be at a name by several sources. */
function unique(entries: readonly Entry[]): readonly Entry[] {
  const found = new Map<Ip | Entry, Entry>()
  for (const entry of entries) found.set(ipOf(entry.data) ?? entry, entry)
  return [...found.values()]
}

/** One TTL per RRset (RFC 2181 §5.2): the shortest. */
function oneTtl(records: readonly WireRecord[]): readonly WireRecord[] {
  const ttl = Math.min(...records.map((record) => record.ttl))
  return records.map((record) => ({ ...record, ttl }))
}

function reverseName(data: ZoneData, { apex }: Zone, asked: Asked): Found {
  const classless = data.reverse.classlessZone(apex)
  if (classless !== undefined) {
    const ip = classlessAddress(classless.cidr, asked.key.slice(0, -apex.length - 1))
    return ip === undefined ? NAME_ERROR : pointersTo(data, ip, asked)
  }
  const name = parseReverse(asked.key)
  if (name === undefined) return NAME_ERROR
  if (!('ip' in name)) return data.reverse.hasNamesBelow(name) ? NO_DATA : NAME_ERROR
  const { ip } = name
  const subnet = data.reverse.subnetOf(ip)
  if (subnet === undefined || subnet.rdnsMode === 0) return NAME_ERROR
  if (!isClassless(subnet)) return pointersTo(data, ip, asked)
  if (namesOf(data, ip).length === 0) return NAME_ERROR
  const target = `${lastLabelOf(ip)}.${classlessName(subnet.cidr)}`
  const entry: Entry = { key: '', tier: 0, rank: 0, ttl: null, data: { type: 'CNAME', target } }
  return select(data, undefined, { entries: [entry], asked })
}

function pointersTo(data: ZoneData, ip: Ip, asked: Asked): Found {
  const names = namesOf(data, ip)
  if (names.length === 0) return NAME_ERROR
  const entries = names.map((target): Entry => {
    const pointer: Rdata = { type: 'PTR', target }
    return { key: '', tier: 0, rank: 0, ttl: null, data: pointer }
  })
  return select(data, undefined, { entries, asked })
}

/** Every name whose address it is; a lease without any has its number. */
function namesOf(data: ZoneData, ip: Ip): readonly string[] {
  const names = data.names.namesOf(ip).filter((name) => zoneOf(data, name) !== undefined)
  if (names.length > 0 || !isIpv4(ip) || !data.isLeased(ip)) return names
  return [`ip-${formatIpv4(ip).replaceAll('.', '-')}.${data.settings.defaultDomain}`]
}

/** The longest zone that the name is in. */
function zoneOf(data: ZoneData, key: string): Zone | undefined {
  for (let at = key; at !== ''; at = parentOf(at)) {
    const domain = data.zoneNamed(at)
    if (domain !== undefined) return { kind: 'forward', apex: at, domain }
    if (isReverse(at) && data.reverse.isZone(at)) return { kind: 'reverse', apex: at }
  }
  return undefined
}

function soaOf(data: ZoneData, zone: Zone): WireRecord {
  const ttl = data.ttlOf(zone.kind === 'forward' ? zone.domain : undefined)
  const mname = data.settings.defaultDomain
  const owner = zone.kind === 'forward' ? zone.domain.name : zone.apex
  const names = { mname, rname: `nobody.${mname}` }
  return { owner, ttl, data: { type: 'SOA', ...names, serial: data.serial, minimum: ttl } }
}

function refused(): Resolution {
  const nothing = { answers: [], authority: [], additional: [] }
  return { kind: 'answer', answer: { rcode: RCODE.REFUSED, authoritative: false, ...nothing } }
}

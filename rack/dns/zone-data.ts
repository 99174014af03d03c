// Rows of the state → names. Each row's records are known by the row, so that one that changes takes its own
// records along and nothing else is looked at; only another default domain names everything anew.
import { fullName, parseName } from '#model/dns-name.ts'
import { parseRdata } from '#model/dns-rdata.ts'
import type { DnsRecord, DnsResource, Domain } from '#model/dns.ts'
import type { MachineBoot } from '#model/boot.ts'
import { isIpv4, type Ip } from '#model/ip.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Hold, IpAddress, Reservation } from '#model/network.ts'
import type { DnsSettings, RackSettings, ViewChange } from '#protocol/rack.ts'
import { type Few, itemsOf } from './few.ts'
import { addressRecord, type Entry, ipOf, Names } from './names.ts'
import { ReverseZones } from './reverse-zones.ts'

type Id = string | number

const NO_SETTINGS: DnsSettings = Object.freeze({
  defaultDomain: 'maas',
  defaultTtl: 30,
  serialOffset: 0,
  upstream: [],
  trusted: [],
})

export class ZoneData {
  readonly names = new Names()
  readonly reverse = new ReverseZones()
  settings = NO_SETTINGS
  #revision = 0
  readonly #entries = new Map<string, Few<Entry>>()
  readonly #domains = new Map<Id, Domain>()
  readonly #domainsByName = new Map<string, Domain>()
  readonly #resources = new Map<Id, DnsResource>()
  readonly #resourcesByDomain = new Groups<Id, Id>()
  readonly #records = new Map<Id, DnsRecord>()
  readonly #recordsByResource = new Groups<Id, Id>()
  readonly #addresses = new Map<Ip, IpAddress>()
  readonly #holds = new Map<Ipv4, Hold>()
  readonly #reservations = new Map<Ip, Reservation>()
  readonly #machines = new Map<Id, MachineBoot>()
  readonly #machinesByMac = new Groups<MacAddress, Id>()
  readonly #addressesByMac = new Groups<MacAddress, Ip>()

  /** SOA serial: rises with the revision, wraps at 2^32 (RFC 1982). */
  get serial(): number {
    return (this.settings.serialOffset + this.#revision) >>> 0
  }

  get revision(): number {
    return this.#revision
  }

  /** By its name in lower case; the first domain is there before any row of it. */
  zoneNamed(key: string): Domain | undefined {
    return this.#domainsByName.get(key)
  }

  ttlOf(domain: Domain | undefined): number {
    return domain?.ttl ?? this.settings.defaultTtl
  }

  /** A live lease: its address has a name, be it `ip-192-0-2-7`. */
  isLeased(ip: Ip): boolean {
    return this.#holdOf(ip)?.released === false
  }

  /** Records by the row they are from: `resource/3`, `record/7`, `ip/3221225985`. */
  *sources(): Iterable<readonly [string, readonly Entry[]]> {
    for (const [source, entries] of this.#entries) yield [source, itemsOf(entries)]
  }

  apply(revision: number, changes: Iterable<ViewChange>): void {
    for (const change of changes) this.#put(change)
    this.#revision = revision
  }

  #put(change: ViewChange): void {
    const { key } = change
    switch (change.table) {
      case 'settings':
        return this.#setSettings(change.row)
      case 'domains':
        return this.#setDomain(key, change.row)
      case 'dnsResources':
        return this.#setResource(key, change.row)
      case 'dnsRecords':
        return this.#setRecord(key, change.row)
      case 'dnsSubnets':
        return this.reverse.set(key, change.row)
      case 'machineBoots':
        return this.#setMachine(key, change.row)
      case 'holds':
        return this.#setAddress(this.#holds, key as Ipv4, change.row)
      case 'ipAddresses':
        return this.#setAddress(this.#addresses, key as Ip, change.row)
      case 'reservations':
        return this.#setAddress(this.#reservations, key as Ip, change.row)
      case 'vlans':
      case 'subnets':
      case 'ipRanges':
      case 'quarantines':
      case 'bootResources':
      case 'tenures':
      case 'reserves':
      case 'dhcpOptions':
      case 'dhcpSnippets':
      case 'scans':
      case 'powerIntents':
      case 'liveRacks':
      case 'chassisJobs':
        return undefined
      default:
        return change satisfies never
    }
  }

  #setSettings(row: RackSettings | null): void {
    const next = row?.dns ?? NO_SETTINGS
    const renamed = next.defaultDomain !== this.settings.defaultDomain
    this.settings = next
    this.#ensureFirstDomain()
    if (renamed) for (const ip of this.#namedAddresses()) this.#nameAddress(ip)
  }

  /** A cluster that never wrote a domain has the default one. */
  #ensureFirstDomain(): void {
    const implied = 'implied'
    const isNeeded = [...this.#domains.keys()].every((id) => id === implied)
    const known = this.#domains.get(implied)
    const name = this.settings.defaultDomain
    if (known !== undefined && isNeeded && known.name === name) return
    const fields = { authoritative: true, ttl: null, forwardDnsServers: [] }
    const row = isNeeded ? ({ id: 0, name, ...fields } as unknown as Domain) : null
    if (known !== undefined || row !== null) this.#putDomain(implied, row)
  }

  #setDomain(id: Id, row: Domain | null): void {
    this.#putDomain(id, row)
    this.#ensureFirstDomain()
    // An implied domain and the row that takes its place have one name.
    if (row !== null) this.#domainsByName.set(row.name.toLowerCase(), row)
  }

  #putDomain(id: Id, row: Domain | null): void {
    const before = this.#domains.get(id)
    if (before !== undefined) {
      const name = before.name.toLowerCase()
      if (this.#domainsByName.get(name) === before) this.#domainsByName.delete(name)
      this.names.unpin(name)
      this.#domains.delete(id)
    }
    if (row !== null) {
      this.#domains.set(id, row)
      this.#domainsByName.set(row.name.toLowerCase(), row)
      this.names.pin(row.name.toLowerCase())
    }
    if (before?.name === row?.name) return
    for (const resource of this.#resourcesByDomain.of(id)) this.#nameResource(resource)
    for (const ip of this.#dottedAddresses) this.#nameAddress(ip)
  }

  #setResource(id: Id, row: DnsResource | null): void {
    const before = this.#resources.get(id)
    if (before !== undefined) this.#resourcesByDomain.delete(before.domainId, id)
    if (row === null) this.#resources.delete(id)
    else {
      this.#resources.set(id, row)
      this.#resourcesByDomain.add(row.domainId, id)
    }
    this.#nameResource(id)
  }

  #setRecord(id: Id, row: DnsRecord | null): void {
    const before = this.#records.get(id)
    if (before !== undefined) this.#recordsByResource.delete(before.resourceId, id)
    if (row === null) this.#records.delete(id)
    else {
      this.#records.set(id, row)
      this.#recordsByResource.add(row.resourceId, id)
    }
    this.#nameRecord(id)
  }

  #nameResource(id: Id): void {
    const resource = this.#resources.get(id)
    const domain = resource === undefined ? undefined : this.#domains.get(resource.domainId)
    const entries: Entry[] = []
    if (resource !== undefined && domain !== undefined) {
      const key = fullName(resource.name, domain.name).toLowerCase()
      const common = { key, tier: 0, rank: 0, ttl: resource.addressTtl } as const
      for (const ip of resource.addresses) entries.push({ ...common, data: addressRecord(ip) })
    }
    this.#replace(`resource/${id}`, entries)
    for (const record of this.#recordsByResource.of(id)) this.#nameRecord(record)
  }

  #nameRecord(id: Id): void {
    const record = this.#records.get(id)
    const resource = record === undefined ? undefined : this.#resources.get(record.resourceId)
    const domain = resource === undefined ? undefined : this.#domains.get(resource.domainId)
    if (record === undefined || resource === undefined || domain === undefined) {
      this.#replace(`record/${id}`, [])
      return
    }
    const { rrtype, rrdata, ttl } = record
    const data = parseRdata({ rrtype, rrdata, domain: domain.name })
    const key = fullName(resource.name, domain.name).toLowerCase()
    const entries = typeof data === 'string' ? [] : [{ key, tier: 0, rank: 0, ttl, data } as const]
    this.#replace(`record/${id}`, entries)
  }

  #setMachine(id: Id, row: MachineBoot | null): void {
    const macs = new Set<MacAddress>()
    for (const mac of this.#machines.get(id)?.macs ?? []) {
      this.#machinesByMac.delete(mac, id)
      macs.add(mac)
    }
    if (row === null) this.#machines.delete(id)
    else this.#machines.set(id, row)
    for (const mac of row?.macs ?? []) {
      this.#machinesByMac.add(mac, id)
      macs.add(mac)
    }
    for (const mac of macs) for (const ip of this.#addressesByMac.of(mac)) this.#nameAddress(ip)
  }

  #setAddress<K extends Ip, Row extends Hold | IpAddress | Reservation>(
    table: Map<K, Row>,
    ip: K,
    row: Row | null,
  ): void {
    const macsBefore = this.#macsOf(ip)
    if (row === null) table.delete(ip)
    else table.set(ip, row)
    for (const mac of macsBefore) this.#addressesByMac.delete(mac, ip)
    for (const mac of this.#macsOf(ip)) this.#addressesByMac.add(mac, ip)
    this.#nameAddress(ip)
  }

  /** Of who uses it: a reservation names its address, but only a hold says that the machine has it. */
  #macsOf(ip: Ip): readonly MacAddress[] {
    const hold = this.#holdOf(ip)
    const macs = [this.#addresses.get(ip)?.mac, hold?.released === false ? hold.mac : null]
    return macs.filter((mac) => mac !== null && mac !== undefined)
  }

  #holdOf(ip: Ip): Hold | undefined {
    return isIpv4(ip) ? this.#holds.get(ip) : undefined
  }

  /** Addresses whose names have dots: they depend on which domains there are. */
  readonly #dottedAddresses = new Set<Ip>()

  #nameAddress(ip: Ip): void {
    const hold = this.#holdOf(ip)
    const given = [this.#addresses.get(ip)?.hostname, this.#reservations.get(ip)?.hostname]
    const machines = this.#macsOf(ip).flatMap((mac) =>
      [...this.#machinesByMac.of(mac)].flatMap((id) => this.#nameOfMachine(id) ?? []),
    )
    const firm = [...given.filter((name) => name !== undefined), ...machines]
    const common = { ttl: null, data: addressRecord(ip) }
    const entries: Entry[] = [...new Set(firm)].flatMap((hostname) => {
      const key = this.#keyOf(hostname)
      return key === undefined ? [] : [{ key, tier: 1, rank: 0, ...common }]
    })
    // A machine is called what its operator calls it.
    if (hold?.released === false && machines.length === 0) {
      const key = this.#keyOf(hold.hostname)
      if (key !== undefined) entries.push({ key, tier: 2, rank: hold.boundAt, ...common })
    }
    if (firm.some((name) => name.includes('.'))) this.#dottedAddresses.add(ip)
    else this.#dottedAddresses.delete(ip)
    this.#replace(`ip/${ip}`, entries)
    // Without a name of its own it may have one that an operator gave it.
    this.reverse.mark(ip, entries.length > 0 || this.#isNamed(ip))
  }

  /** With a dot when it was put in a domain: then it follows what domains there are and what they are called. */
  #nameOfMachine(id: Id): string | undefined {
    const machine = this.#machines.get(id)
    if (machine?.domainId === undefined) return machine?.hostname
    const domain = this.#domains.get(machine.domainId)?.name ?? this.settings.defaultDomain
    return fullName(machine.hostname, domain)
  }

  /** A bare name is in the default domain; one with dots must be in a domain of ours. */
  #keyOf(hostname: string): string | undefined {
    const name = hostname.replace(/\.$/, '').toLowerCase()
    if (parseName(name) === undefined) return undefined
    if (!name.includes('.')) return `${name}.${this.settings.defaultDomain.toLowerCase()}`
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      if (this.#domainsByName.has(name.slice(dot + 1))) return name
    }
    return undefined
  }

  *#namedAddresses(): Generator<Ip> {
    for (const table of [this.#holds, this.#addresses, this.#reservations]) yield* table.keys()
  }

  #replace(source: string, entries: readonly Entry[]): void {
    const before = itemsOf(this.#entries.get(source))
    for (const entry of before) this.names.remove(entry)
    for (const entry of entries) this.names.add(entry)
    if (entries.length === 0) this.#entries.delete(source)
    else this.#entries.set(source, entries.length > 1 ? entries : entries[0])
    if (source.startsWith('ip/')) return
    for (const { data } of [...before, ...entries]) {
      const ip = ipOf(data)
      if (ip !== undefined) this.reverse.mark(ip, this.#isNamed(ip))
    }
  }

  #isNamed(ip: Ip): boolean {
    return this.isLeased(ip) || this.names.namesOf(ip).length > 0
  }
}

/** Key → members; empty groups are not kept. */
class Groups<Key, Member> {
  readonly #groups = new Map<Key, Set<Member>>()

  of(key: Key): ReadonlySet<Member> {
    return this.#groups.get(key) ?? new Set()
  }

  add(key: Key, member: Member): void {
    const group = this.#groups.get(key)
    if (group === undefined) this.#groups.set(key, new Set([member]))
    else group.add(member)
  }

  delete(key: Key, member: Member): void {
    const group = this.#groups.get(key)
    group?.delete(member)
    if (group?.size === 0) this.#groups.delete(key)
  }
}

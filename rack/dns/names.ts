// The tree of forward names: what stands at each, and which names there are at all, so that a name without
// records above others is told from one that does not exist (RFC 8020). Changed record by record.
import type { Rdata } from '#model/dns-rdata.ts'
import { compareIps, isIpv4, type Ip } from '#model/ip.ts'
import { added, type Few, itemsOf, removed } from './few.ts'
import { parentOf } from './name.ts'

/**
 * One record from one source. `tier` 0: an operator's record; 1: a machine's, or an address given with a name;
 * 2: what a DHCP client calls itself, which counts only where nothing else stands at the name.
 */
export type Entry = {
  /** Lower case, without a final dot. */
  readonly key: string
  readonly tier: 0 | 1 | 2
  /** Among those of tier 2 the lowest counts: who had the name first keeps it. */
  readonly rank: number
  /** Seconds; null: the zone's. */
  readonly ttl: number | null
  readonly data: Rdata
}

/** Many entries are at one name where a whole room of clients calls itself the same. */
type Node = { entries: Few<Entry>; children: number; pins: number }

export class Names {
  readonly #nodes = new Map<string, Node>()
  /** Names with an address, wildcards aside. */
  readonly #ownersOf = new Map<Ip, Few<Entry>>()
  #nameServers = 0

  get size(): number {
    return this.#nodes.size
  }

  /** Some name has NS records. */
  get hasNameServers(): boolean {
    return this.#nameServers > 0
  }

  /** Not one that is there. */
  add(entry: Entry): void {
    const node = this.#make(entry.key)
    node.entries = added(node.entries, entry)
    if (entry.data.type === 'NS') this.#nameServers++
    const ip = ipOf(entry.data)
    if (ip === undefined || entry.key.startsWith('*')) return
    this.#ownersOf.set(ip, added(this.#ownersOf.get(ip), entry))
  }

  remove(entry: Entry): void {
    const node = this.#nodes.get(entry.key)
    if (node !== undefined) node.entries = removed(node.entries, entry)
    if (entry.data.type === 'NS') this.#nameServers--
    this.#prune(entry.key)
    const ip = ipOf(entry.data)
    if (ip === undefined) return
    const owners = removed(this.#ownersOf.get(ip), entry)
    if (owners === undefined) this.#ownersOf.delete(ip)
    else this.#ownersOf.set(ip, owners)
  }

  /** The name exists without records: a zone begins there. */
  pin(key: string): void {
    this.#make(key).pins++
  }

  unpin(key: string): void {
    const node = this.#nodes.get(key)
    if (node !== undefined) node.pins--
    this.#prune(key)
  }

  exists(key: string): boolean {
    return this.#nodes.has(key)
  }

  /** What counts at the name; empty when it has no records or does not exist. A CNAME is alone. */
  entriesAt(key: string): readonly Entry[] {
    const entries = itemsOf(this.#nodes.get(key)?.entries)
    if (entries.length < 2) return entries
    const firm = entries.filter(({ tier }) => tier < 2)
    if (firm.length === 0) return [entries.reduce((a, b) => (byRank(b, a) < 0 ? b : a))]
    const alias = firm.find(({ data }) => data.type === 'CNAME')
    return alias === undefined ? firm : [alias]
  }

  /** Names whose address it is, in order. */
  namesOf(ip: Ip): readonly string[] {
    const owners = [...new Set(itemsOf(this.#ownersOf.get(ip)).map(({ key }) => key))]
    const counts = (key: string) => this.entriesAt(key).some(({ data }) => ipOf(data) === ip)
    return owners.filter(counts).toSorted()
  }

  #make(key: string): Node {
    const known = this.#nodes.get(key)
    if (known !== undefined) return known
    const node: Node = { entries: undefined, children: 0, pins: 0 }
    this.#nodes.set(key, node)
    if (key !== '') this.#make(parentOf(key)).children++
    return node
  }

  #prune(key: string): void {
    const node = this.#nodes.get(key)
    if (node === undefined || node.entries !== undefined || node.children > 0 || node.pins > 0)
      return
    this.#nodes.delete(key)
    if (key === '') return
    const above = parentOf(key)
    const parent = this.#nodes.get(above)
    if (parent !== undefined) parent.children--
    this.#prune(above)
  }
}

function byRank(a: Entry, b: Entry): number {
  const [one, other] = [ipOf(a.data), ipOf(b.data)]
  if (a.rank !== b.rank || one === undefined || other === undefined) return a.rank - b.rank
  return compareIps(one, other)
}

/** Of an A or AAAA record. */
export function ipOf(data: Rdata): Ip | undefined {
  return data.type === 'A' || data.type === 'AAAA' ? data.ip : undefined
}

export function addressRecord(ip: Ip): Rdata {
  return isIpv4(ip) ? { type: 'A', ip } : { type: 'AAAA', ip }
}

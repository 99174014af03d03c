// What the writers of `dns-coherent` do through the API: each has a group of names and addresses that nobody else
// touches, and gives, moves, renames and deletes among them, one write after another. Three kinds: DNS resources,
// addresses reserved under a name, and machines with the addresses that their MAC has.
import type { Client, Fields, Reply } from '../../tools/client.ts'
import type { NamesOf } from '../checkers/dns-names.ts'
import type { SeededRandom } from '../seeded-random.ts'

const API = '/MAAS/api/2.0'
const DOMAIN = 'maas'

/** One write: what the names of the group are afterwards, and how it is asked for. */
export type NameWrite = {
  readonly f: string
  readonly names: NamesOf
  /** Resolves with the answer of the region; takes it over into the group. */
  readonly run: (client: Client) => Promise<Reply>
}

export type NameGroup = {
  readonly key: string
  readonly names: readonly string[]
  readonly addresses: readonly string[]
  readonly next: (random: SeededRandom) => NameWrite
}

/** Subnets of the groups, in order; some with reverse zones of their own (RFC 2317). */
export const SUBNETS = [
  { cidr: '10.204.0.0/25', mode: 2 },
  { cidr: '10.204.1.0/24', mode: 1 },
  { cidr: '10.204.2.0/25', mode: 2 },
  { cidr: '10.204.3.0/24', mode: 2 },
  { cidr: '10.204.4.0/25', mode: 1 },
  { cidr: '10.204.5.0/25', mode: 2 },
] as const
export const GROUPS = SUBNETS.length
/** A group whose state is not known is left for one on further addresses; so many fit into its subnet. */
export const GENERATIONS_MAX = 50

const KINDS = [resources, reserved, machine] as const

export function makeGroup(number: number, generation: number): NameGroup {
  const key = `g${number}-${generation}`
  const names = ['a', 'b', 'c'].map((letter) => `${key}-${letter}.${DOMAIN}`)
  const first = 10 + generation * 2
  const addresses = [first, first + 1].map((host) => `10.204.${number}.${host}`)
  const make = KINDS[number % KINDS.length] ?? resources
  return { key, names, addresses, next: make({ key, names, addresses, number, generation }) }
}

type Space = Pick<NameGroup, 'key' | 'names' | 'addresses'> & {
  readonly number: number
  readonly generation: number
}

function resources({ names, addresses }: Space): NameGroup['next'] {
  let known: ReadonlyMap<string, { readonly id: number; readonly ips: readonly string[] }> =
    new Map()
  const someAddresses = (random: SeededRandom): readonly string[] => {
    const some = addresses.filter(() => random.integer(2) === 0)
    return some.length > 0 ? some : addresses.slice(0, 1)
  }
  const after = (next: typeof known) =>
    Object.fromEntries([...next].map(([name, { ips }]) => [name, ips]))
  const write = (f: string, next: typeof known, run: NameWrite['run']): NameWrite => ({
    ...{ f, names: after(next) },
    run: async (client) => {
      const reply = await run(client)
      known = next
      return reply
    },
  })
  const create = (random: SeededRandom, name: string): NameWrite => {
    const ips = someAddresses(random)
    const fields = { fqdn: name, ip_addresses: ips.join(' ') }
    return {
      ...{ f: 'create', names: after(new Map([...known, [name, { id: 0, ips }]])) },
      run: async (client) => {
        const reply = await post(client, '/dnsresources/', fields)
        const { id } = JSON.parse(reply.text) as { readonly id: number }
        known = new Map([...known, [name, { id, ips }]])
        return reply
      },
    }
  }
  return (random) => {
    const free = names.filter((name) => !known.has(name))
    const taken = [...known]
    const [chosen, to] = [taken[random.integer(taken.length || 1)], pick(random, free)]
    const what = random.integer(4)
    if (chosen === undefined || (what === 0 && to !== undefined)) return create(random, to ?? '')
    const [name, { id }] = chosen
    const others = taken.filter(([other]) => other !== name)
    const path = `/dnsresources/${id}/`
    if (what === 1 && to !== undefined) {
      const [label = ''] = to.split('.')
      return write('rename', new Map([...others, [to, chosen[1]]]), (client) =>
        put(client, path, { name: label }),
      )
    }
    if (what === 2) {
      return write('delete', new Map(others), (client) => remove(client, path))
    }
    const ips = someAddresses(random)
    return write('move', new Map([...others, [name, { id, ips }]]), (client) =>
      put(client, path, { ip_addresses: ips.join(' ') }),
    )
  }
}

function reserved({ names, addresses }: Space): NameGroup['next'] {
  let held: ReadonlyMap<string, string> = new Map()
  const write = (f: string, next: typeof held, run: NameWrite['run']): NameWrite => ({
    ...{ f, names: byName(next) },
    run: async (client) => {
      const reply = await run(client)
      held = next
      return reply
    },
  })
  return (random) => {
    const ip = pick(random, addresses) ?? ''
    const others = [...held].filter(([address]) => address !== ip)
    if (held.has(ip)) {
      return write('release', new Map(others), (client) =>
        post(client, '/ipaddresses/?op=release', { ip }),
      )
    }
    const hostname = pick(random, names) ?? ''
    return write('reserve', new Map([...others, [ip, hostname]]), (client) =>
      post(client, '/ipaddresses/?op=reserve', { ip, hostname }),
    )
  }
}

/** Address → name, turned round. */
function byName(held: ReadonlyMap<string, string>): NamesOf {
  const names: Record<string, string[]> = {}
  for (const [ip, name] of held) names[name] = [...(names[name] ?? []), ip].toSorted()
  return names
}

type Machine = {
  readonly systemId: string | null
  readonly name: string
  readonly ip: string | null
}

function machine({ names, addresses, number, generation }: Space): NameGroup['next'] {
  let now: Machine = { systemId: null, name: names[0] ?? '', ip: null }
  const mac = `52:54:00:d5:${hex(number)}:${hex(generation)}`
  const write = (f: string, next: Machine, run: NameWrite['run']): NameWrite => ({
    ...{ f, names: next.ip === null ? {} : { [next.name]: [next.ip] } },
    run: async (client) => {
      const reply = await run(client)
      now = next
      return reply
    },
  })
  return (random) => {
    const { systemId, ip, name } = now
    if (systemId === null) return create()
    const what = random.integer(3)
    if (what === 0) {
      const to =
        pick(
          random,
          names.filter((other) => other !== name),
        ) ?? name
      return write('rename', { ...now, name: to }, (client) =>
        put(client, `/machines/${systemId}/`, { hostname: labelOf(to) }),
      )
    }
    if (ip !== null) {
      return write('release', { ...now, ip: null }, (client) =>
        post(client, '/ipaddresses/?op=release', { ip }),
      )
    }
    if (what === 1) {
      return write('delete', { ...now, systemId: null }, (client) =>
        remove(client, `/machines/${systemId}/`),
      )
    }
    const wanted = pick(random, addresses) ?? ''
    return write('reserve', { ...now, ip: wanted }, (client) =>
      post(client, '/ipaddresses/?op=reserve', { ip: wanted, mac }),
    )
  }

  function create(): NameWrite {
    const { name } = now
    const fields = { hostname: labelOf(name), mac_addresses: mac, architecture: 'amd64/generic' }
    return {
      ...{ f: 'create', names: {} },
      run: async (client) => {
        const reply = await post(client, '/machines/', fields)
        const { system_id: systemId } = JSON.parse(reply.text) as { readonly system_id: string }
        now = { systemId, name, ip: null }
        return reply
      },
    }
  }
}

function pick<T>(random: SeededRandom, items: readonly T[]): T | undefined {
  return items[random.integer(items.length || 1)]
}

function labelOf(name: string): string {
  return name.split('.')[0] ?? ''
}

function hex(number: number): string {
  return number.toString(16).padStart(2, '0')
}

function post(client: Client, path: string, form: Fields): Promise<Reply> {
  return client.send({ method: 'POST', path: `${API}${path}`, form })
}

function put(client: Client, path: string, form: Fields): Promise<Reply> {
  return client.send({ method: 'PUT', path: `${API}${path}`, form })
}

function remove(client: Client, path: string): Promise<Reply> {
  return client.send({ method: 'DELETE', path: `${API}${path}` })
}

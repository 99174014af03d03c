// events/?op=query: what happened, newest first, in pages (maas-api §8.1).
import { newestFirst, oldestFirst, type FeedEvent } from '#state/event-feed.ts'
import type { SystemId } from '#model/ids.ts'
import { parseMac } from '#model/mac-address.ts'
import { zoneOf } from '#state/object-query.ts'
import { machineByMac } from '#state/query.ts'
import { domainOfNode } from '#state/query-dns.ts'
import type { RegionState } from '#state/state.ts'
import { json, type Call } from '../call.ts'
import { Rejection } from '../errors.ts'
import { integer, list, text, type Values } from '../params.ts'
import { renderEvent } from '../render/event.ts'
import { API_ROOT } from '../render/names.ts'
import { operation, taking, type Resource } from '../resource.ts'

const LIMIT_DEFAULT = 100
const LIMIT_MAX = 1_000
/** From the least on; AUDIT stands beside them. */
const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const
const LEVEL_DEFAULT = 'INFO'

const ID = { min: 0, max: Number.MAX_SAFE_INTEGER }

const QUERY = {
  limit: integer(`Events of a page, ${LIMIT_MAX} at most; ${LIMIT_DEFAULT} by default.`, {
    ...{ min: 1, max: ID.max },
  }),
  before: integer('Only those before the event with this id.', ID),
  after: integer('Only those after the event with this id.', ID),
  level: text(`The least of ${LEVELS.join(', ')}; or AUDIT, alone. INFO by default.`),
  id: list('System ids of nodes.'),
  mac_address: list('MAC addresses of machines.'),
  zone: list('Zones of nodes.'),
  domain: list('Domains of nodes.'),
  agent_name: list('Agent names of nodes; none has one.'),
  hostname: list('Host names of machines.'),
  owner: list('Names of users.'),
}

type Passes = (event: FeedEvent) => boolean
type Query = {
  readonly limit: number
  readonly before: number | undefined
  readonly after: number | undefined
  readonly passes: Passes
}

async function query(call: Call, values: Values<typeof QUERY>) {
  const state = await call.state()
  const asked = readQuery(call, state, values)
  const events = pageOf(state, asked)
  const first = events[0]?.row.id ?? asked.after
  const last = events.at(-1)?.row.id ?? asked.before
  return json({
    count: events.length,
    events: events.map(renderEvent),
    // Newest first: the next page is the older one.
    next_uri: last === undefined ? null : pageUri(call, 'before', last),
    prev_uri: first === undefined ? null : pageUri(call, 'after', first),
  })
}

function readQuery(call: Call, state: RegionState, values: Values<typeof QUERY>): Query {
  const { limit = LIMIT_DEFAULT, before, after } = values
  if (limit > LIMIT_MAX) {
    const message = `Requested number of events ${limit} is greater than limit: ${LIMIT_MAX}`
    throw new Rejection('BAD_REQUEST', message)
  }
  if (before !== undefined && after !== undefined) {
    const message = 'There is undetermined behaviour when both `after` and `before` are specified.'
    throw new Rejection('BAD_REQUEST', message)
  }
  const tests = [levelTest(call), nodeTest(call, state), nameTest(call, state)]
  return { limit, before, after, passes: (event) => tests.every((passes) => passes(event)) }
}

/** A level and all above it; AUDIT alone, and of others only for administrators. */
function levelTest(call: Call): Passes {
  const { input } = call
  const level = input.text('level') || LEVEL_DEFAULT
  if (level === 'AUDIT') {
    const { isAdmin, user } = call
    return ({ kind, row }) =>
      (kind === 'audit' || row.level === 'AUDIT') && (isAdmin || row.username === user.username)
  }
  const least = (LEVELS as readonly string[]).indexOf(level)
  if (least < 0) {
    throw new Rejection('BAD_REQUEST', `Unrecognised log level: ${level.slice(0, 64)}`)
  }
  return ({ kind, row }) => kind === 'event' && rankOf(row.level) >= least
}

function rankOf(level: string): number {
  return (LEVELS as readonly string[]).indexOf(level)
}

/** `id` and `mac_address` name nodes; `zone`, `domain` and `agent_name` choose among those that there are. */
function nodeTest({ input }: Call, state: RegionState): Passes {
  const named = ['id', 'mac_address'].some((name) => input.has(name))
  const nodes = new Set(input.list('id'))
  for (const given of input.list('mac_address')) {
    const mac = parseMac(given)
    const machine = mac === undefined ? undefined : machineByMac(state, mac)
    if (machine !== undefined) nodes.add(machine.systemId)
  }
  const placed = placeTest(input, state)
  return ({ row: { systemId } }) => {
    if (named && !nodes.has(systemId ?? '')) return false
    return placed === null || (systemId !== null && placed(systemId))
  }
}

/** Null: not asked for. Nodes have their zone and their domain, and none has an agent. */
function placeTest(
  input: Call['input'],
  state: RegionState,
): ((systemId: string) => boolean) | null {
  const asked = ['zone', 'domain', 'agent_name'].filter((name) => input.has(name))
  if (asked.length === 0) return null
  return (given) => {
    const systemId = given as SystemId
    const node =
      state.machines.get(systemId) ?? state.controllers.get(systemId) ?? state.devices.get(systemId)
    if (node === undefined) return false
    const is: Readonly<Record<string, string>> = {
      ...{ zone: zoneOf(state, node).name, domain: domainOfNode(state, node).name },
      agent_name: '',
    }
    return asked.every((name) => input.text(name) === is[name] || isIn(input, name, is[name] ?? ''))
  }
}

function isIn(input: Call['input'], name: string, value: string): boolean {
  return input.list(name).includes(value)
}

function nameTest({ input }: Call, state: RegionState): Passes {
  const owners = new Set(input.list('owner'))
  const hostnames = new Set(
    input.list('hostname').map((name) => name.split('.', 1)[0]?.toLowerCase() ?? ''),
  )
  const ownerless = !input.has('owner')
  const anyHost = !input.has('hostname')
  return ({ row }) =>
    (ownerless || owners.has(row.username)) && (anyHost || hostnames.has(hostnameOf(state, row)))
}

/** As it is called now: a renamed machine keeps its history. */
function hostnameOf(state: RegionState, row: FeedEvent['row']): string {
  const id = row.systemId as never
  const now = row.systemId === null ? undefined : state.machines.get(id)?.hostname
  return (now ?? row.hostname).toLowerCase()
}

function pageOf(state: RegionState, { limit, before, after, passes }: Query) {
  const feed =
    after === undefined
      ? newestFirst(state, before ?? Number.MAX_SAFE_INTEGER)
      : oldestFirst(state, after)
  const found: FeedEvent[] = []
  for (const event of feed) {
    if (!passes(event)) continue
    found.push(event)
    if (found.length >= limit) break
  }
  return after === undefined ? found : found.reverse()
}

function pageUri({ input }: Call, name: 'before' | 'after', id: number): string {
  const parameters = new URLSearchParams({ op: 'query' })
  for (const other of Object.keys(QUERY)) {
    if (['before', 'after'].includes(other)) continue
    for (const value of input.list(other)) parameters.append(other, value)
  }
  parameters.set(name, String(id))
  return `${API_ROOT}events/?${parameters.toString()}`
}

export const EVENTS: readonly Resource[] = [
  {
    name: 'EventsHandler',
    path: 'events/',
    doc: 'Read the event log.',
    actions: [
      taking(
        QUERY,
        (run) => operation('GET', 'query', { doc: 'List events, newest first.' }, run),
        query,
      ),
    ],
  },
]

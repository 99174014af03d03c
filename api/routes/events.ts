// events/?op=query: what happened, newest first, in pages (maas-api §8.1).
import { parseMac } from '#model/mac-address.ts'
import { machineByMac } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import type { Event } from '#state/tables.ts'
import { json, type Call } from '../call.ts'
import { Form } from '../input.ts'
import { API_ROOT, eventTime } from '../render/names.ts'
import { operation, type Resource } from '../resource.ts'

const LIMIT_DEFAULT = 100
const LIMIT_MAX = 1_000
const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL', 'AUDIT'] as const

type Query = {
  readonly limit: number
  readonly before: number | undefined
  readonly after: number | undefined
  readonly passes: (event: Event) => boolean
}

async function query(call: Call) {
  const state = await call.state()
  const asked = readQuery(call, state)
  const events = asked.after === undefined ? newest(state, asked) : following(state, asked)
  const first = events[0]?.id ?? asked.after
  const last = events.at(-1)?.id ?? asked.before
  return json({
    count: events.length,
    events: events.map(renderEvent),
    // Newest first: the next page is the older one.
    next_uri: last === undefined ? null : pageUri(call, 'before', last),
    prev_uri: first === undefined ? null : pageUri(call, 'after', first),
  })
}

function readQuery(call: Call, state: RegionState): Query {
  const { input } = call
  const form = new Form(input)
  const limit = form.integer('limit', { min: 1, max: LIMIT_MAX }) ?? LIMIT_DEFAULT
  const id = { min: 0, max: Number.MAX_SAFE_INTEGER }
  const before = form.integer('before', id)
  const after = form.integer('after', id)
  const level = form.choice('level', LEVELS)
  if (before !== undefined && after !== undefined) {
    form.report('after', 'There is undetermined behaviour when both before and after are given.')
  }
  form.check()
  const least = level === undefined ? 0 : LEVELS.indexOf(level)
  const nodes = nodesOf(state, call)
  const owners = new Set(input.list('owner'))
  const passes = (event: Event): boolean =>
    (level === 'AUDIT' ? event.level === 'AUDIT' : LEVELS.indexOf(event.level) >= least) &&
    (nodes === null || nodes.has(event.systemId ?? '')) &&
    (!input.has('hostname') || input.list('hostname').includes(event.hostname)) &&
    (owners.size === 0 || owners.has(event.username))
  return { limit, before, after, passes }
}

/** System ids that `id` and `mac_address` ask for; null when neither is given. */
function nodesOf(state: RegionState, { input }: Call): ReadonlySet<string> | null {
  if (!input.has('id') && !input.has('mac_address')) return null
  const byMac = input.list('mac_address').flatMap((text) => {
    const mac = parseMac(text)
    return mac === undefined ? [] : (machineByMac(state, mac)?.systemId ?? [])
  })
  return new Set([...input.list('id'), ...byMac])
}

function newest(state: RegionState, { limit, before, passes }: Query): readonly Event[] {
  const found: Event[] = []
  const lastId = state.counters.get('events')?.last ?? 0
  const oldest = state.events.firstKey() ?? lastId + 1
  for (let id = Math.min(lastId, (before ?? lastId + 1) - 1); id >= oldest; id--) {
    const event = state.events.get(id)
    if (event === undefined || !passes(event)) continue
    found.push(event)
    if (found.length >= limit) break
  }
  return found
}

/** The ones right after an id, still newest first. */
function following(state: RegionState, { limit, after, passes }: Query): readonly Event[] {
  const found: Event[] = []
  const lastId = state.counters.get('events')?.last ?? 0
  const oldest = state.events.firstKey() ?? lastId + 1
  for (let id = Math.max(oldest, (after ?? 0) + 1); id <= lastId; id++) {
    const event = state.events.get(id)
    if (event === undefined || !passes(event)) continue
    found.push(event)
    if (found.length >= limit) break
  }
  return found.reverse()
}

function pageUri({ input }: Call, name: 'before' | 'after', id: number): string {
  const parameters = new URLSearchParams({ op: 'query' })
  for (const other of input.names()) {
    if (['op', 'before', 'after', 'consistency'].includes(other)) continue
    for (const value of input.list(other)) parameters.append(other, value)
  }
  parameters.set(name, String(id))
  return `${API_ROOT}events/?${parameters.toString()}`
}

function renderEvent(event: Event) {
  return {
    username: event.username,
    node: event.systemId ?? '',
    hostname: event.hostname,
    id: event.id,
    level: event.level,
    created: eventTime(event.createdWall),
    type: event.type,
    description: event.description,
  }
}

export const EVENTS: readonly Resource[] = [
  {
    name: 'EventsHandler',
    path: 'events/',
    doc: 'Read the event log.',
    actions: [operation('GET', 'query', { doc: 'List events, newest first.' }, query)],
  },
]

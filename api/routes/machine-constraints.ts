// What `machines/?op=allocate` asks for (maas-api §10.2), from texts to ids. A constraint that nobody knows is an
// error: a machine that does not have it would be as good as any.
import type {
  InterfaceTest,
  MachineConstraints,
  NetworkConstraint,
} from '#model/machine-constraints.ts'
import { parseSystemId, type VlanId } from '#model/ids.ts'
import { parseIpv4 } from '#model/ipv4.ts'
import { parseMac } from '#model/mac-address.ts'
import { objectsOf } from '#state/object-query.ts'
import { subnetOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { Form, type Input } from '../input.ts'
import { findFabric, findSpace, findSubnet, findVlan } from '../specifiers.ts'
import { parseStorage } from './storage-constraint.ts'

/** Parameters of allocate that choose nothing. */
const OTHERS = new Set([
  ...['op', 'consistency', 'agent_name', 'comment', 'dry_run', 'verbose'],
  ...['bridge_all', 'bridge_type', 'bridge_stp', 'bridge_fd'],
])
/** In the order in which a refusal names them. */
const CONSTRAINTS = [
  ...['name', 'system_id', 'arch', 'cpu_count', 'mem', 'tags', 'not_tags', 'zone', 'not_in_zone'],
  ...[
    'pool',
    'not_in_pool',
    'pod',
    'not_pod',
    'pod_type',
    'not_pod_type',
    'subnets',
    'not_subnets',
  ],
  ...['vlans', 'not_vlans', 'fabrics', 'not_fabrics', 'fabric_classes', 'not_fabric_classes'],
  ...['storage', 'interfaces', 'devices'],
]
const LABELS_MAX = 64

export type Asked = { readonly constraints: MachineConstraints; readonly asked: string }

/** Throws VALIDATION naming every wrong field. */
export function readConstraints(state: RegionState, input: Input): Asked {
  const form = new Form(input)
  for (const name of input.names()) {
    const isKnown = OTHERS.has(name) || CONSTRAINTS.includes(name) || name.startsWith('oauth_')
    if (!isKnown) form.report(name.slice(0, 64), 'No such constraint.')
  }
  const given = CONSTRAINTS.filter((name) => input.list(name).length > 0)
  const constraints = {
    ...properties(form, given),
    ...places(state, form, given),
    ...networks(state, form, given),
    ...parts(state, form, given),
    ...(['pod', 'pod_type', 'devices'].some((name) => given.includes(name))
      ? { impossible: true }
      : {}),
  }
  form.check()
  const asked = given.map((name) => `${name}=${input.all(name).join(',')}`).join(' ')
  return { constraints, asked: asked.slice(0, 4_096) }
}

function properties(form: Form, given: readonly string[]): MachineConstraints {
  const { input } = form
  const systemId = parseSystemId(input.text('system_id')?.trim() ?? '')
  if (given.includes('system_id') && systemId === undefined) {
    form.report('system_id', 'Enter the system id of a machine.')
  }
  return {
    ...(systemId === undefined ? {} : { systemId }),
    ...(given.includes('name') ? named(input.text('name') ?? '') : {}),
    ...(given.includes('arch') ? { architectures: architectures(form) } : {}),
    ...(given.includes('cpu_count') ? { cpuCount: least(form, 'cpu_count') } : {}),
    ...(given.includes('mem') ? { memoryMib: least(form, 'mem') } : {}),
  }
}

/** A hostname, or one with its domain: then no namesake in another domain will do. */
function named(text: string): MachineConstraints {
  const [hostname = '', ...domain] = text.trim().toLowerCase().split('.')
  return { hostname, ...(domain.length === 0 ? {} : { domainName: domain.join('.') }) }
}

function architectures(form: Form): readonly string[] {
  const values = form.input.list('arch')
  const bad = values.find((value) => !/^[a-z0-9][\w.+-]{0,31}(?:\/[\w.+-]{1,32})?$/i.test(value))
  if (bad !== undefined) form.report('arch', 'Architecture not recognised.')
  return values
}

/** A fraction of a CPU is asked for as a float by some clients. */
function least(form: Form, name: string): number {
  const value = Number(form.input.text(name))
  if (Number.isFinite(value) && value >= 0 && value <= 2 ** 40) return Math.ceil(value)
  form.report(name, 'Enter a number.')
  return 0
}

/** Names of tags, zones and pools; those that nobody has made are a mistake. */
function places(state: RegionState, form: Form, given: readonly string[]): MachineConstraints {
  const idsOf = (name: string, table: 'zones' | 'resourcePools'): readonly number[] | undefined => {
    if (!given.includes(name)) return undefined
    const rows = objectsOf(state, table)
    return form.input.list(name).flatMap((text) => {
      const row = rows.find((each) => each.name === text)
      const what = table === 'zones' ? 'zone' : 'pool'
      if (row === undefined) form.report(name, `No such ${what}: '${text.slice(0, 64)}'.`)
      return row?.id ?? []
    })
  }
  const tagsOf = (name: string): readonly string[] | undefined => {
    if (!given.includes(name)) return undefined
    const tags = form.input.list(name).flatMap((text) => text.split(/\s+/))
    const unknown = tags.filter((tag) => !state.tagsByName.has(tag))
    if (unknown.length > 0) {
      const names = unknown.map((tag) => `'${tag.slice(0, 64)}'`).join(', ')
      form.report(name, `No such tag(s): ${names}.`)
    }
    return tags
  }
  return withoutAbsent({
    tags: tagsOf('tags'),
    notTags: tagsOf('not_tags'),
    zoneIds: idsOf('zone', 'zones'),
    notZoneIds: idsOf('not_in_zone', 'zones'),
    poolIds: idsOf('pool', 'resourcePools'),
    notPoolIds: idsOf('not_in_pool', 'resourcePools'),
  })
}

/** Subnets and VLANs must all be there; of fabrics and classes one. None of what is forbidden may be. */
function networks(state: RegionState, form: Form, given: readonly string[]): MachineConstraints {
  const found: NetworkConstraint[] = []
  for (const name of ['subnets', 'vlans', 'fabrics', 'fabric_classes']) {
    for (const not of [false, true]) {
      const field = not ? `not_${name}` : name
      if (!given.includes(field)) continue
      // A specifier may have commas of its own.
      const texts = form.input.all(field).flatMap((text) => splitSpecifiers(text))
      const sets = texts.map((text) => {
        const vlanIds = vlansNamed(state, name, text)
        if (vlanIds === null) form.report(field, `No matching ${name}: '${text.slice(0, 64)}'.`)
        return vlanIds ?? []
      })
      const isAll = !not && (name === 'subnets' || name === 'vlans')
      if (isAll) found.push(...sets.map((vlanIds) => ({ vlanIds, not })))
      else found.push({ vlanIds: sets.flat(), not })
    }
  }
  return found.length === 0 ? {} : { networks: found }
}

function splitSpecifiers(text: string): readonly string[] {
  return text.includes(':') ? [text.trim()] : text.split(',').map((part) => part.trim())
}

/** Null: nothing is named so. */
function vlansNamed(state: RegionState, kind: string, text: string): readonly VlanId[] | null {
  switch (kind) {
    case 'subnet':
    case 'subnets': {
      const subnet = findSubnet(state, text)
      return subnet === null ? null : [subnet.vlanId]
    }
    case 'subnet_cidr':
      return vlansNamed(state, 'subnet', `cidr:${text}`)
    case 'vlan':
    case 'vlans': {
      const vlan = findVlan(state, text)
      return vlan === null ? null : [vlan.id]
    }
    case 'vid':
      return someOf([...state.vlans.values()].filter(({ vid }) => String(vid) === text))
    case 'fabric':
    case 'fabrics': {
      const fabric = findFabric(state, text)
      return fabric === null ? null : state.vlansByFabric.keys(fabric.id)
    }
    case 'fabric_class':
    case 'fabric_classes': {
      const fabrics = [...state.fabrics.values()].filter(({ classType }) => classType === text)
      const ids = fabrics.flatMap(({ id }) => state.vlansByFabric.keys(id))
      return fabrics.length === 0 ? null : ids
    }
    case 'space': {
      const space = findSpace(state, text)
      const inSpace = [...state.vlans.values()].filter(({ spaceId }) => spaceId === space?.id)
      return space === null ? null : inSpace.map(({ id }) => id)
    }
    case 'ip': {
      const ip = parseIpv4(text)
      const subnet = ip === undefined ? undefined : subnetOf(state, ip)
      return subnet === undefined ? null : [subnet.vlanId]
    }
    default:
      return null
  }
}

function someOf(vlans: readonly { readonly id: VlanId }[]): readonly VlanId[] | null {
  return vlans.length === 0 ? null : vlans.map(({ id }) => id)
}

function parts(state: RegionState, form: Form, given: readonly string[]): MachineConstraints {
  const storage = given.includes('storage') ? parseStorage(form.input.all('storage').join(',')) : []
  if (storage === null) form.report('storage', 'Enter label:size(tag,…),… with sizes in GB.')
  const interfaces = given.includes('interfaces') ? readInterfaces(state, form) : []
  return {
    ...(storage === null || storage.length === 0 ? {} : { storage }),
    ...(interfaces.length === 0 ? {} : { interfaces }),
  }
}

/** `eth0:space=db,mode=auto;eth1:fabric=f` */
function readInterfaces(
  state: RegionState,
  form: Form,
): NonNullable<MachineConstraints['interfaces']> {
  const texts = form.input.all('interfaces').flatMap((text) => text.split(';'))
  const wanted = texts.map((text) => text.trim()).filter((text) => text !== '')
  if (wanted.length > LABELS_MAX) form.report('interfaces', `At most ${LABELS_MAX} labels.`)
  return wanted.slice(0, LABELS_MAX).map((text) => {
    const colon = text.indexOf(':')
    const label = text.slice(0, Math.max(colon, 0)).trim()
    if (!/^[\w.-]{1,64}$/.test(label)) form.report('interfaces', 'Enter label:key=value,…;…')
    const tests = text
      .slice(colon + 1)
      .split(',')
      .flatMap((pair) => {
        const [key = '', ...value] = pair.split('=')
        const test = interfaceTest(state, key.trim(), value.join('=').trim())
        if (test !== null) return [test]
        form.report('interfaces', `'${pair.slice(0, 64)}' is no condition, or names nothing.`)
        return []
      })
    return { label, tests }
  })
}

const LINK_MODES = ['auto', 'dhcp', 'static', 'link_up'] as const
const TYPES = ['physical', 'bond', 'bridge', 'vlan', 'unknown'] as const

function interfaceTest(state: RegionState, key: string, value: string): InterfaceTest | null {
  const { first, last } = { first: key.slice(0, 4), last: key.slice(4) }
  const not = first === 'not_'
  const vlanIds = vlansNamed(state, not ? last : key, value)
  if (vlanIds !== null) return { test: 'vlan', vlanIds, not }
  switch (key) {
    case 'id':
      return /^\d{1,10}$/.test(value) ? { test: 'id', ids: [Number(value) as never] } : null
    case 'mac_address': {
      const mac = parseMac(value)
      return mac === undefined ? null : { test: 'mac', macs: [mac] }
    }
    case 'name':
      return { test: 'name', names: [value] }
    case 'tag':
      return { test: 'tag', tags: [value] }
    case 'type': {
      const type = TYPES.find((each) => each === value)
      return type === undefined ? null : { test: 'type', types: [type] }
    }
    case 'mode': {
      const mode = LINK_MODES.find((each) => each === value)
      return mode === undefined ? null : { test: 'mode', modes: [mode] }
    }
    case 'link_speed':
      return /^\d{1,9}$/.test(value) ? { test: 'speed', least: Number(value) } : null
    default:
      return null
  }
}

function withoutAbsent<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

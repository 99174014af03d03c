// Filters of the node lists (maas-api §9): a filter nobody knows is an error, not ignored.
import { lifeOf } from '#model/life-cycle.ts'
import { parseMac } from '#model/mac-address.ts'
import { MACHINE_STATUS_NAMES, type Machine } from '#model/machine.ts'
import { poolOf, zoneOf } from '#state/object-query.ts'
import { domainOfNode } from '#state/query-dns.ts'
import { interfacesOf, machineByMac } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { Rejection } from '../errors.ts'
import { Form, type Input } from '../input.ts'
import { list, text } from '../params.ts'
import { findFabric, findSubnet, findVlan } from '../specifiers.ts'

export const MACHINE_FILTERS = {
  id: list('Only these: system ids.'),
  hostname: list('Only these: host names.'),
  mac_address: list('Only those with an interface of one of these.'),
  status: list('Only those with one of these statuses: ready, deployed …'),
  domain: list('Only those in these domains.'),
  ...{ zone: list('In one of these zones.'), not_in_zone: list('In none of these zones.') },
  ...{ pool: list('In one of these pools.'), not_in_pool: list('In none of these pools.') },
  agent_name: list('Given to these agents.'),
  cpu_count: text('With as many CPUs at least.', { max: 32 }),
  mem: text('With as much memory at least, MiB.', { max: 32 }),
  ...{ tags: list('With all of these tags.'), not_tags: list('With none of these tags.') },
  ...{ vlans: list('On one of these VLANs.'), not_vlans: list('On none of these VLANs.') },
  ...{ subnets: list('On one of these subnets.'), not_subnets: list('On none of these.') },
  ...{ fabrics: list('On one of these fabrics.'), not_fabrics: list('On none of these.') },
  ...{ pod: list('In one of these hosts.'), not_pod: list('In none of these hosts.') },
  ...{ pod_type: list('In a host of these kinds.'), not_pod_type: list('In no such host.') },
}

type Test = (machine: Machine) => boolean

/** Parameters of every list that are no filters. */
const IGNORED = new Set(['op', 'consistency', 'format'])

/** Rows that pass, in id order; indexes are used where a filter names few machines. */
export function filterMachines(state: RegionState, input: Input): readonly Machine[] {
  const names = input.names().filter((name) => !IGNORED.has(name) && !name.startsWith('oauth_'))
  const tests = names.map((name) => testOf(state, input, name))
  const found: Machine[] = []
  for (const machine of candidates(state, input)) {
    if (tests.every((test) => test(machine))) found.push(machine)
  }
  return found
}

function candidates(state: RegionState, input: Input): Iterable<Machine> {
  const ids = input.list('id')
  if (ids.length > 0) {
    return [...new Set(ids)].flatMap((id) => state.machines.get(id as Machine['systemId']) ?? [])
  }
  const macs = input.list('mac_address').flatMap((given) => parseMac(given) ?? [])
  if (macs.length > 0) {
    return new Set(macs.flatMap((mac) => machineByMac(state, mac) ?? []))
  }
  const names = new Set(input.list('hostname').map(nameIn))
  if (names.size > 0) {
    const rows = [...names].flatMap((name) => state.machinesByHostname.rows(name))
    return rows.toSorted((a, b) => (a.systemId < b.systemId ? -1 : 1))
  }
  return state.machines.values()
}

/** Of a host name or a name with its domain. */
function nameIn(given: string): string {
  return given.split('.', 1)[0]?.toLowerCase() ?? ''
}

function testOf(state: RegionState, input: Input, name: string): Test {
  const values = input.list(name)
  const wanted = new Set(values)
  switch (name) {
    case 'id':
      return ({ systemId }) => wanted.has(systemId)
    case 'hostname': {
      const hostnames = new Set(values.map(nameIn))
      return ({ hostname }) => hostnames.has(hostname)
    }
    case 'mac_address':
      return macTest(state, values)
    case 'status':
      return statusTest(values)
    case 'domain':
      return (machine) => wanted.has(domainOfNode(state, machine).name)
    case 'zone':
      return (machine) => wanted.has(zoneOf(state, machine).name)
    case 'not_in_zone':
      return (machine) => !wanted.has(zoneOf(state, machine).name)
    case 'pool':
      return (machine) => wanted.has(poolOf(state, machine).name)
    case 'not_in_pool':
      return (machine) => !wanted.has(poolOf(state, machine).name)
    case 'agent_name':
      return (machine) =>
        values.length === 0
          ? lifeOf(machine).agentName === ''
          : wanted.has(lifeOf(machine).agentName)
    case 'cpu_count':
      return atLeast(input, name, (machine) => machine.cpuCount)
    case 'mem':
      return atLeast(input, name, (machine) => machine.memoryMib)
    case 'tags':
      return ({ tagNames }) => values.every((tag) => tagNames.includes(tag))
    case 'not_tags':
      return ({ tagNames }) => !values.some((tag) => tagNames.includes(tag))
    case 'pod':
    case 'pod_type':
      return () => false
    case 'not_pod':
    case 'not_pod_type':
      return () => true
    default:
      return networkTest(state, input, name)
  }
}

function macTest(state: RegionState, values: readonly string[]): Test {
  const macs = values.map((given) => {
    const mac = parseMac(given)
    if (mac !== undefined) return mac
    const message = `'${given.slice(0, 32)}' is not a valid MAC address.`
    throw new Rejection('VALIDATION', message, { fields: { mac_address: [message] } })
  })
  return ({ systemId }) => macs.some((mac) => machineByMac(state, mac)?.systemId === systemId)
}

function statusTest(values: readonly string[]): Test {
  const names = MACHINE_STATUS_NAMES.map((name) => name.toLowerCase().replaceAll(' ', '_'))
  const statuses = values.map((given) => {
    const status = names.indexOf(given.toLowerCase())
    if (status >= 0) return status
    const message = `'${given.slice(0, 32)}' is not a valid status.`
    throw new Rejection('VALIDATION', message, { fields: { status: [message] } })
  })
  return ({ status }) => statuses.includes(status)
}

function atLeast(input: Input, name: string, of: (machine: Machine) => number): Test {
  const form = new Form(input)
  const least = Number(input.text(name))
  if (Number.isNaN(least)) form.report(name, 'Enter a number.')
  form.check()
  return (machine) => of(machine) >= least
}

const NETWORK_KINDS = new Set(['vlans', 'subnets', 'fabrics'])

function networkTest(state: RegionState, input: Input, name: string): Test {
  const not = name.startsWith('not_')
  const kind = not ? name.slice(4) : name
  if (!NETWORK_KINDS.has(kind)) throw unknownConstraint(name)
  const vlanIds = vlansOf(state, kind, input.list(name))
  const isOn: Test = ({ systemId }) =>
    interfacesOf(state, systemId).some(({ vlanId }) => vlanId !== null && vlanIds.has(vlanId))
  return not ? (machine) => !isOn(machine) : isOn
}

function vlansOf(state: RegionState, kind: string, values: readonly string[]): ReadonlySet<number> {
  const ids = new Set<number>()
  for (const given of values) {
    if (kind === 'vlans') ids.add(findVlan(state, given)?.id ?? -1)
    else if (kind === 'subnets') ids.add(findSubnet(state, given)?.vlanId ?? -1)
    else {
      const fabric = findFabric(state, given)
      if (fabric !== null) for (const id of state.vlansByFabric.keys(fabric.id)) ids.add(id)
    }
  }
  return ids
}

function unknownConstraint(name: string): Rejection {
  const message = 'No such constraint.'
  return new Rejection('VALIDATION', message, { fields: { [name.slice(0, 64)]: [message] } })
}

// Which machine an allocation gets: pure, by the rows alone, so that every replica chooses the same. Candidates are
// Ready and without an owner; of those that fit the cheapest goes first (MAAS's cost: CPUs and GiB of memory), the
// smaller system id among equals.
import type { SystemId } from '#model/ids.ts'
import type { BlockDevice, Interface, Machine } from '#model/machine.ts'
import type {
  ConstraintsByType,
  InterfaceConstraint,
  InterfaceTest,
  MachineConstraints,
  NetworkConstraint,
  StorageConstraint,
} from '#model/machine-constraints.ts'
import { isFree } from './free-machines.ts'
import { poolOf, zoneOf } from './object-query.ts'
import { interfacesOf } from './query.ts'
import { domainOfNode } from './query-dns.ts'
import type { RegionState } from './state.ts'

export type Choice = { readonly machine: Machine; readonly constraintsByType: ConstraintsByType }

/** Null: nothing that is free fits. */
export function chooseMachine(state: RegionState, constraints: MachineConstraints): Choice | null {
  for (const machine of candidates(state, constraints)) {
    if (!hasProperties(state, machine, constraints)) continue
    const constraintsByType = partsOf(state, machine.systemId, constraints)
    if (constraintsByType !== null) return { machine, constraintsByType }
  }
  return null
}

/** MAAS's three sentences. */
export function nothingFits({ systemId }: MachineConstraints, asked: string): string {
  if (asked === '') return 'No machine available.'
  if (systemId !== undefined && asked === `system_id=${systemId}`) {
    return `No machine with system ID ${systemId} available.`
  }
  return `No available machine matches constraints: ${asked} (resolved to "${asked}")`
}

function candidates(state: RegionState, { systemId }: MachineConstraints): Iterable<Machine> {
  if (systemId === undefined) return state.freeMachines.cheapestFirst()
  const machine = state.machines.get(systemId)
  return machine !== undefined && isFree(machine) ? [machine] : []
}

function hasProperties(state: RegionState, machine: Machine, wanted: MachineConstraints): boolean {
  const { tagNames, hostname } = machine
  return (
    wanted.impossible !== true &&
    (wanted.hostname === undefined || wanted.hostname === hostname.toLowerCase()) &&
    (wanted.domainName === undefined ||
      wanted.domainName === domainOfNode(state, machine).name.toLowerCase()) &&
    (wanted.architectures?.some((each) => isArchitecture(machine, each)) ?? true) &&
    machine.cpuCount >= (wanted.cpuCount ?? 0) &&
    machine.memoryMib >= (wanted.memoryMib ?? 0) &&
    (wanted.tags?.every((tag) => tagNames.includes(tag)) ?? true) &&
    !(wanted.notTags?.some((tag) => tagNames.includes(tag)) ?? false) &&
    (wanted.zoneIds?.includes(zoneOf(state, machine).id) ?? true) &&
    !(wanted.notZoneIds?.includes(zoneOf(state, machine).id) ?? false) &&
    (wanted.poolIds?.includes(poolOf(state, machine).id) ?? true) &&
    !(wanted.notPoolIds?.includes(poolOf(state, machine).id) ?? false) &&
    (wanted.networks?.every((each) => isOn(state, machine.systemId, each)) ?? true)
  )
}

function isArchitecture({ architecture }: Machine, wanted: string): boolean {
  return architecture === wanted || architecture.startsWith(`${wanted}/`)
}

function isOn(state: RegionState, systemId: SystemId, wanted: NetworkConstraint): boolean {
  const found = interfacesOf(state, systemId).some(
    ({ vlanId }) => vlanId !== null && wanted.vlanIds.includes(vlanId),
  )
  return found !== wanted.not
}

/** Null when a label has nothing that fulfils it. */
function partsOf(
  state: RegionState,
  systemId: SystemId,
  wanted: MachineConstraints,
): ConstraintsByType | null {
  const interfaces = interfaceParts(interfacesOf(state, systemId), wanted.interfaces ?? [])
  if (interfaces === null) return null
  const storage = storageParts(state.blockDevicesByMachine.rows(systemId), wanted.storage ?? [])
  return storage === null ? null : { interfaces, storage }
}

function interfaceParts(
  interfaces: readonly Interface[],
  wanted: readonly InterfaceConstraint[],
): ConstraintsByType['interfaces'] | null {
  const found: Record<string, readonly number[]> = {}
  for (const { label, tests } of wanted) {
    const ids = interfaces
      .filter((nic) => tests.every((test) => passes(nic, test)))
      .map(({ id }) => id)
    if (ids.length === 0) return null
    found[label] = ids
  }
  return found
}

function passes(nic: Interface, test: InterfaceTest): boolean {
  switch (test.test) {
    case 'vlan':
      return (nic.vlanId !== null && test.vlanIds.includes(nic.vlanId)) !== test.not
    case 'id':
      return test.ids.includes(nic.id)
    case 'mac':
      return nic.mac !== null && test.macs.includes(nic.mac)
    case 'name':
      return test.names.includes(nic.name)
    case 'type':
      return test.types.includes(nic.type)
    case 'mode':
      return nic.links.some(({ mode }) => test.modes.includes(mode))
    case 'tag':
      return test.tags.some((tag) => nic.tags.includes(tag))
    case 'speed':
      return Math.max(nic.linkSpeedMbps, nic.interfaceSpeedMbps) >= test.least
    default:
      return test satisfies never
  }
}

/** A disk for each, found by augmenting paths: greedy choice would refuse what fits in another order. */
function storageParts(
  devices: readonly BlockDevice[],
  wanted: readonly StorageConstraint[],
): ConstraintsByType['storage'] | null {
  const bySize = devices.toSorted((a, b) => a.sizeBytes - b.sizeBytes || a.id - b.id)
  const suitable = wanted.map(({ bytes, tags }, at) =>
    (at === 0 ? devices.slice(0, 1) : bySize).filter(
      (device) => device.sizeBytes >= bytes && tags.every((tag) => device.tags.includes(tag)),
    ),
  )
  /** Device id → number of the constraint that has it. */
  const taken = new Map<number, number>()
  const place = (at: number, tried: Set<number>): boolean => {
    for (const { id } of suitable[at] ?? []) {
      if (tried.has(id)) continue
      tried.add(id)
      const holder = taken.get(id)
      if (holder !== undefined && !place(holder, tried)) continue
      taken.set(id, at)
      return true
    }
    return false
  }
  if (!wanted.every((_, at) => place(at, new Set()))) return null
  const found: Record<string, readonly number[]> = {}
  for (const [id, at] of [...taken].toSorted(([, a], [, b]) => a - b)) {
    const label = wanted[at]?.label ?? ''
    if (label !== '') found[label] = [id]
  }
  return found
}

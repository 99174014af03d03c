// What somebody asks of a machine when allocating one (maas-api §10.2), with names resolved to ids by whoever
// parsed them. Every field given must hold; the lists say whether one or all of them.
import type { InterfaceId, SystemId, VlanId } from './ids.ts'
import type { MacAddress } from './mac-address.ts'
import type { InterfaceLink, Interface } from './machine.ts'

/** An interface on one of the VLANs, or (`not`) none on any of them. */
export type NetworkConstraint = { readonly vlanIds: readonly VlanId[]; readonly not: boolean }

/** One condition on one interface; any of its values will do. */
export type InterfaceTest =
  | { readonly test: 'vlan'; readonly vlanIds: readonly VlanId[]; readonly not: boolean }
  | { readonly test: 'id'; readonly ids: readonly InterfaceId[] }
  | { readonly test: 'mac'; readonly macs: readonly MacAddress[] }
  | { readonly test: 'name'; readonly names: readonly string[] }
  | { readonly test: 'type'; readonly types: readonly Interface['type'][] }
  | { readonly test: 'mode'; readonly modes: readonly InterfaceLink['mode'][] }
  /** Of the interface. */
  | { readonly test: 'tag'; readonly tags: readonly string[] }
  /** Mbit/s, at least. */
  | { readonly test: 'speed'; readonly least: number }

/** Some interface passes all tests; labels may share one. */
export type InterfaceConstraint = {
  readonly label: string
  readonly tests: readonly InterfaceTest[]
}

/** Disks of their own each; the first one asked for is the boot disk. */
export type StorageConstraint = {
  /** '' when none was given: then no answer names it. */
  readonly label: string
  readonly bytes: number
  /** All of them. */
  readonly tags: readonly string[]
}

export type MachineConstraints = {
  readonly systemId?: SystemId
  readonly hostname?: string
  /** Of its domain, in lower case; absent: any. */
  readonly domainName?: string
  /** One of them; `amd64` is any `amd64/…`. */
  readonly architectures?: readonly string[]
  /** At least. */
  readonly cpuCount?: number
  readonly memoryMib?: number
  readonly tags?: readonly string[]
  readonly notTags?: readonly string[]
  readonly zoneIds?: readonly number[]
  readonly notZoneIds?: readonly number[]
  readonly poolIds?: readonly number[]
  readonly notPoolIds?: readonly number[]
  readonly networks?: readonly NetworkConstraint[]
  readonly interfaces?: readonly InterfaceConstraint[]
  readonly storage?: readonly StorageConstraint[]
  /** Something that no machine has: a pod, a PCI device. */
  readonly impossible?: boolean
}

/** Which parts of the machine fulfil the labels. */
export type ConstraintsByType = {
  readonly interfaces: Readonly<Record<string, readonly number[]>>
  readonly storage: Readonly<Record<string, readonly number[]>>
}

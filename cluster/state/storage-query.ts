// The storage configuration in force of a machine, for everybody who asks: the API, the installer, the edits.
import type { SystemId } from '#model/ids.ts'
import type { Machine } from '#model/machine.ts'
import type { StorageConfig } from '#model/storage.ts'
import type { RegionState } from './state.ts'
import type { Storage } from './storage-parts.ts'

/** Of a machine without a row its bare disks. Disks that are not in use have no entry. */
export function storageOf(state: RegionState, systemId: SystemId): StorageConfig {
  return state.machineStorage.get(systemId) ?? bareStorage(systemId)
}

/** With the disks that it is about, by id. */
export function storageWithDisks(state: RegionState, systemId: SystemId): Storage {
  const config = storageOf(state, systemId)
  return { config, disks: state.blockDevicesByMachine.rows(systemId) }
}

export function bareStorage(systemId: SystemId): StorageConfig {
  return { systemId, devices: [], groups: [], cacheSets: [], special: [], bootDiskId: null }
}

/** What firmware it boots by; arm64 has only one. A machine that never said is one with a BIOS, as in MAAS. */
export function isUefi({ architecture, biosBootMethod }: Machine): boolean {
  return biosBootMethod === 'uefi' || architecture.startsWith('arm64/')
}

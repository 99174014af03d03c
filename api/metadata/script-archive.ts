// The scripts that a machine is to run, as the archives that it fetches.
import type { SystemId } from '#model/ids.ts'
import type { RegionState } from '#state/state.ts'

/** `maas-scripts`: tar, xz-compressed, with `index.json`. Null: nothing is to be run. */
export function scriptArchive(_state: RegionState, _systemId: SystemId): Uint8Array | null {
  return null
}

/** `maas-commissioning-scripts`: tar of `commissioning.d/NNN`. Null: nothing is to be run. */
export function commissioningTar(_state: RegionState, _systemId: SystemId): Uint8Array | null {
  return null
}

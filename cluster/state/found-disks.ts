// Disks that a report saw: the one with the same serial, else the same path, else the same name is the same disk.
import type { BlockDeviceId, SystemId } from '#model/ids.ts'
import type { BlockDevice } from '#model/machine.ts'
import { nextId, type Context } from './context.ts'

export type FoundDisk = Omit<BlockDevice, 'id' | 'systemId'>
const DISKS_MAX = 1_024

/** `keepAll`: none goes, and new ones come as long as there is room. Tags that were given stay. */
export function applyDisks(
  { state }: Context,
  systemId: SystemId,
  { found, keepAll }: { readonly found: readonly FoundDisk[]; readonly keepAll: boolean },
): void {
  const left = new Map(state.blockDevicesByMachine.rows(systemId).map((row) => [row.id, row]))
  const disks = found.slice(0, DISKS_MAX)
  // The surest signs first: a name may have gone over to another disk.
  const matches = new Map<FoundDisk, BlockDevice>()
  for (const isSame of [bySerial, byPath, byName]) {
    for (const disk of disks) {
      const row = [...left.values()].find((each) => !matches.has(disk) && isSame(each, disk))
      if (row === undefined) continue
      matches.set(disk, row)
      left.delete(row.id)
    }
  }
  if (!keepAll) for (const id of left.keys()) state.blockDevices.delete(id)
  for (const disk of disks) {
    const row = matches.get(disk)
    if (row === undefined && state.blockDevicesByMachine.count(systemId) >= DISKS_MAX) continue
    const id = row?.id ?? nextId<BlockDeviceId>(state, 'blockDevices')
    state.blockDevices.put(id, { ...row, id, systemId, ...disk, tags: row?.tags ?? disk.tags })
  }
}

function bySerial(row: BlockDevice, disk: FoundDisk): boolean {
  return disk.serial !== '' && row.serial === disk.serial && row.model === disk.model
}

function byPath(row: BlockDevice, disk: FoundDisk): boolean {
  return disk.idPath !== '' && row.idPath === disk.idPath
}

/** Unless both have a serial, and not the same one. */
function byName(row: BlockDevice, disk: FoundDisk): boolean {
  const isOther = row.serial !== '' && disk.serial !== '' && row.serial !== disk.serial
  return row.name === disk.name && !isOther
}

// A Ready machine with disks, for the tests of its storage.
import type { BlockDeviceId, SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S, type BlockDevice } from '#model/machine.ts'
import type { StorageRef } from '#model/storage.ts'
import type { StorageCommand } from '#state/storage-commands.ts'
import { nameOf } from '#state/storage-parts.ts'
import { storageWithDisks } from '#state/storage-query.ts'
import { addMachine, bring, makeRoom } from './life-cycle.ts'
import { ADMIN, type Lab } from './region-state.ts'

export const GB = 1e9
export const MIB = 1 << 20

export const disk = (name: string, sizeBytes: number, tags: readonly string[] = []) => ({
  ...{ name, model: 'm', serial: name, idPath: '', sizeBytes, blockSizeBytes: 512, tags },
})

/** A Ready machine with bare disks of so many bytes: sda, sdb, … */
export function ready(
  sizes: readonly number[],
  biosBootMethod = '',
): [Lab, SystemId, BlockDeviceId[]] {
  const lab = makeRoom()
  const blockDevices = sizes.map((size, at) => disk(`sd${'abcdefgh'.charAt(at)}`, size))
  const id = addMachine(lab, 1, { blockDevices, biosBootMethod })
  bring(lab, id, S.READY)
  lab.actor = ADMIN
  if (sizes.length > 0) {
    lab.ok({ type: 'storage.setLayout', systemId: id, wish: { layout: 'blank' } })
  }
  return [lab, id, disksOf(lab, id).map((row) => row.id)]
}

export const disksOf = (lab: Lab, id: SystemId): readonly BlockDevice[] =>
  lab.state.blockDevicesByMachine.rows(id)
export const at = (device: number): StorageRef => ({ device: device as BlockDeviceId })
export const refusedBy = (lab: Lab, command: StorageCommand) => {
  const { code, message, fields } = lab.refused(command)
  return fields === undefined ? `${code}: ${message}` : JSON.stringify(fields)
}
export const deviceNamed = (lab: Lab, systemId: SystemId, name: string) => {
  const storage = storageWithDisks(lab.state, systemId)
  const found = storage.config.devices.find(({ id }) => nameOf(storage, id) === name)
  if (found === undefined) throw new Error(`no device ${name}`)
  return found
}

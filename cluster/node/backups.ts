// Online backups of a region: the state of one linearizable moment as a stream, from any node. What was
// acknowledged anywhere before it was asked for is in it.
import { AppError } from '#model/errors.ts'
import type { Clock } from '#model/ports.ts'
import { takeCut } from '#state/cut.ts'
import { type BackupHeader, encodeBackup } from '#storage/backup-file.ts'
import { Pace } from './pace.ts'
import type { Backup, BackupSource, Region } from './region.ts'
import { encodeCut } from './snapshots.ts'

export type BackupsOptions = {
  readonly region: Region
  readonly clock: Clock
  readonly version: string
  readonly sliceMs: number
}

export class Backups implements BackupSource {
  readonly #options: BackupsOptions
  #underWay = false

  constructor(options: BackupsOptions) {
    this.#options = options
  }

  readonly begin = async (): Promise<Backup> => {
    if (this.#underWay) {
      throw new AppError('OVERLOADED', 'This region is making a backup already.')
    }
    this.#underWay = true
    try {
      const { region, clock, version, sliceMs } = this.#options
      const { state } = await region.read('linearizable')
      const cut = takeCut(state)
      const header: BackupHeader = {
        clusterId: state.clusterId,
        revision: cut.revision,
        stamp: cut.stamp,
        featureLevel: state.featureLevel,
        createdWall: clock.wallMs(),
        productVersion: version,
      }
      const bytes = encodeBackup(header, encodeCut(cut, new Pace(clock, sliceMs)))
      return { ...header, bytes, close: () => (this.#underWay = false) }
    } catch (error) {
      this.#underWay = false
      throw error
    }
  }
}

// Composition of what a region does with images: its files, uploads to it, imports, and the care for all of them.
import { join } from 'node:path'
import type { Platform } from '#platform/system.ts'
import type { PeerAddress } from '#protocol/join.ts'
import { makeDiskSpace } from '#storage/disk-space.ts'
import { BootFiles } from '../boot-files.ts'
import { BootUploads } from '../boot-uploads.ts'
import type { Region } from '../region.ts'
import { ImportDuty } from './import-duty.ts'
import { ImageKeeper } from './keeper.ts'

const BOOT_FILE_BYTES_MAX = 16 * 2 ** 30

export type RunningImages = {
  readonly bootFiles: BootFiles
  readonly bootUploads: BootUploads
  readonly close: () => Promise<void>
}

export function startImages(options: {
  /** Of the node. */
  readonly dir: string
  readonly region: Region
  readonly others: () => readonly PeerAddress[]
  readonly platform: Platform
  readonly background: (task: Promise<unknown>, name: string) => void
}): RunningImages {
  const { dir, region, others, platform, background } = options
  const otherRegions = () => others().map(({ apiUrl }) => apiUrl)
  const directory = join(dir, 'files')
  const bytesMax = BOOT_FILE_BYTES_MAX
  const freeBytes = () => makeDiskSpace(dir).freeBytes()
  const files = new BootFiles({ directory, otherRegions, bytesMax, freeBytes })
  const uploads = new BootUploads(region, files)
  const parts = { region, files, uploads, freeBytes, background, ...platform }
  const importing = new ImportDuty(parts)
  const keeper = new ImageKeeper(parts)
  const close = async (): Promise<void> => {
    files.close()
    await importing.close()
    await keeper.close()
  }
  return { bootFiles: files, bootUploads: uploads, close }
}

// The part of the union of commands that is about images: uploads in pieces, the import, who has which file.
import type { BootFile, BootFileKind } from '#model/boot.ts'
import type { BootResourceId, SystemId } from '#model/ids.ts'

export type ImageCommand =
  /** Makes the resource when there is none; takes the place of an upload to it that is under way. */
  | {
      readonly type: 'bootUpload.begin'
      readonly name: string
      readonly architecture: string
      readonly title: string
      readonly kind: BootFileKind
      readonly sha256: string
      readonly sizeBytes: number
      readonly baseImage: string
      /** Sorts after the ones before it. */
      readonly version: string
    }
  /** The first one makes that region the only one that takes pieces. */
  | {
      readonly type: 'bootUpload.report'
      readonly id: number
      readonly regionId: SystemId
      readonly receivedBytes: number
    }
  /** The region has all bytes and they are the right ones. */
  | { readonly type: 'bootUpload.finish'; readonly id: number; readonly regionId: SystemId }
  /** The bytes were wrong. */
  | { readonly type: 'bootUpload.drop'; readonly id: number }
  /** Nothing when one is wanted or under way. */
  | { readonly type: 'imageImport.start' }
  | { readonly type: 'imageImport.stop' }
  /** A wanted one, or one whose region fell silent or began anew. */
  | { readonly type: 'imageImport.claim'; readonly regionId: SystemId }
  | {
      readonly type: 'imageImport.report'
      readonly fence: number
      readonly message: string
      readonly doneBytes: number
      readonly totalBytes: number
    }
  | {
      readonly type: 'imageImport.end'
      readonly fence: number
      readonly result: 'done' | 'failed' | 'stopped'
      readonly message: string
    }
  /** One version of an image of a source, whole: all its files are on the disk of the region that says so. */
  | {
      readonly type: 'bootResource.sync'
      readonly fence: number
      readonly name: string
      readonly architecture: string
      readonly title: string
      readonly subarches: readonly string[]
      readonly version: string
      readonly label: string
      readonly sourceId: number
      readonly files: readonly BootFile[]
    }
  /** Imported ones that no source offers any more go, unless a machine is being deployed with them or runs them. */
  | {
      readonly type: 'bootResource.prune'
      readonly fence: number
      readonly keep: readonly BootResourceId[]
    }
  /** Replaces what the region said before; ascending. */
  | {
      readonly type: 'bootFiles.report'
      readonly nodeId: SystemId
      readonly sha256s: readonly string[]
    }

// The part of the union of commands that is about the small objects, devices and settings.
import type { DomainId, SystemId, UserId } from '#model/ids.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Device, ObjectRows, ObjectTable, StoredFile, VersionedTable } from '#model/objects.ts'
import type { SettingValue } from './tables.ts'

/** What the state gives a row by itself. */
type Given = 'id' | 'history' | 'dismissedBy' | 'createdWall' | 'updatedWall'
/** Fields of a small object as a client sends them; `value` is the newest text of those with versions. */
export type ObjectFields<T extends ObjectTable> = Omit<ObjectRows[T], Given> &
  (T extends VersionedTable ? { readonly value: string; readonly comment: string } : unknown)

type OfTable<Verb extends string, More extends { readonly [T in ObjectTable]: object }> = {
  readonly [T in ObjectTable]: { readonly type: Verb; readonly table: T } & More[T]
}[ObjectTable]

export type ObjectCommand =
  /** The small objects (`model/objects.ts`), all by the same three. A new table needs commands of its own. */
  | OfTable<'object.create', { readonly [T in ObjectTable]: { readonly fields: ObjectFields<T> } }>
  | OfTable<
      'object.update',
      {
        readonly [T in ObjectTable]: {
          readonly id: number
          readonly set: Partial<ObjectFields<T>>
        }
      }
    >
  | { readonly type: 'object.delete'; readonly table: ObjectTable; readonly id: number }
  /** `to`: id of a version, or how many to go back when negative. Newer versions are dropped. */
  | {
      readonly type: 'object.revert'
      readonly table: VersionedTable
      readonly id: number
      readonly to: number
    }
  | { readonly type: 'notification.dismiss'; readonly id: number; readonly userId: UserId }
  /** Replaces the user's file of that name. */
  | ({ readonly type: 'file.put' } & Omit<StoredFile, 'id'>)
  | { readonly type: 'file.delete'; readonly ownerId: UserId; readonly filename: string }
  /** Nodes that nobody knows are passed over. */
  | {
      readonly type: 'tag.assign'
      readonly name: string
      readonly add: readonly SystemId[]
      readonly remove: readonly SystemId[]
    }
  /** All or none. */
  | {
      readonly type: 'node.place'
      readonly systemIds: readonly SystemId[]
      readonly zoneId?: number
      readonly poolId?: number
      readonly domainId?: DomainId
    }
  | {
      readonly type: 'controller.update'
      readonly systemId: SystemId
      readonly set: {
        readonly description?: string
        readonly zoneId?: number
        readonly domainId?: DomainId
      }
    }
  | {
      readonly type: 'device.create'
      readonly systemId: SystemId
      readonly hostname: string
      readonly description: string
      readonly parent: SystemId | null
      readonly ownerId: UserId
      readonly macs: readonly MacAddress[]
      readonly domainId?: DomainId
    }
  | {
      readonly type: 'device.update'
      readonly systemId: SystemId
      readonly set: Partial<
        Pick<Device, 'hostname' | 'description' | 'parent' | 'ownerData' | 'zoneId' | 'domainId'>
      >
    }
  | { readonly type: 'device.delete'; readonly systemId: SystemId }
  /** As `setting.put`, with MAAS's own keys and checks; null restores the default. */
  | { readonly type: 'config.put'; readonly name: string; readonly value: SettingValue }

// The part of the union of commands that configures the network of machines and devices. When and by whom it may be:
// `interface-access.ts`.
import type { LayoutWish } from '#model/storage.ts'
import type { InterfaceId, SubnetId, SystemId, VlanId } from '#model/ids.ts'
import type { InterfaceParams } from '#model/interface.ts'
import type { Ip } from '#model/ip.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { LinkMode } from '#model/machine.ts'

type OfNode<T extends string, More = unknown> = {
  readonly type: T
  readonly systemId: SystemId
} & More
type OfInterface<T extends string, More = unknown> = OfNode<T, { readonly id: InterfaceId } & More>

/** What `interface.update` may set; absent keeps. */
export type InterfaceFields = {
  readonly name?: string
  readonly mac?: MacAddress
  /** Null: it is on no network. */
  readonly vlanId?: VlanId | null
  readonly parents?: readonly InterfaceId[]
  readonly tags?: readonly string[]
  /** Laid over what it has. */
  readonly params?: InterfaceParams
  readonly linkConnected?: boolean
  /** Mbit/s. */
  readonly linkSpeedMbps?: number
  readonly interfaceSpeedMbps?: number
}

export type InterfaceCommand =
  | OfNode<
      'interface.create',
      {
        readonly kind: 'physical' | 'bond' | 'bridge' | 'vlan'
        /** '': made from kind, parent and VID. */
        readonly name: string
        /** Null: that of its first parent; a physical one needs its own. */
        readonly mac: MacAddress | null
        /** Absent: that of its first parent. */
        readonly vlanId?: VlanId | null
        readonly parents: readonly InterfaceId[]
        readonly tags: readonly string[]
        readonly params: InterfaceParams
      }
    >
  | OfInterface<'interface.update', { readonly set: InterfaceFields }>
  /** With what is made of it alone. */
  | OfInterface<'interface.delete'>
  | OfInterface<'interface.tag', { readonly tag: string; readonly isSet: boolean }>
  /** Without links and VLAN. */
  | OfInterface<'interface.disconnect'>
  /** `ip` null: the next free one. `force`: its other links go. */
  | OfInterface<
      'interface.link',
      {
        readonly mode: LinkMode
        readonly subnetId: SubnetId | null
        readonly ip: Ip | null
        readonly force: boolean
        readonly defaultGateway: boolean
      }
    >
  | OfInterface<'interface.unlink', { readonly linkId: number }>
  /** Null: of the only link that has a gateway. */
  | OfInterface<'interface.setGateway', { readonly linkId: number | null }>
  | OfNode<'interface.clearGateways'>
  /** As after commissioning; `layout`: the storage too, by it. */
  | (OfNode<'interface.restore'> & { readonly layout?: LayoutWish })

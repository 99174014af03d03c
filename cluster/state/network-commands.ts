// The commands on fabrics, VLANs, spaces, subnets, ranges and routes: a part of the union in `command.ts`.
import type {
  FabricId,
  IpRangeId,
  SpaceId,
  StaticRouteId,
  SubnetId,
  SystemId,
  UserId,
  VlanId,
} from '#model/ids.ts'
import type { DhcpOptionType, DhcpOptionValue, DhcpTarget } from '#model/dhcp-option.ts'
import type { Cidr, Ipv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Ip, IpCidr } from '#model/ip.ts'
import type { StaticRoute } from '#model/network.ts'

type FabricFields = {
  readonly name: string
  readonly description: string
  readonly classType: string | null
}
type SpaceFields = { readonly name: string; readonly description: string }
type VlanFields = {
  readonly name: string
  readonly vid: number
  readonly mtu: number
  readonly description: string
  readonly spaceId: SpaceId | null
  readonly dhcpOn: boolean
  readonly primaryRack: SystemId | null
  readonly secondaryRack: SystemId | null
  readonly relayVlanId: VlanId | null
  /** A VLAN may move to another fabric. */
  readonly fabricId: FabricId
  /** Absent keeps; from feature level 3 on. */
  readonly furtherRacks?: readonly SystemId[]
}
type SubnetFields = {
  readonly name: string
  readonly description: string
  readonly vlanId: VlanId
  readonly cidr: IpCidr
  readonly gatewayIp: Ip | null
  readonly dnsServers: readonly string[]
  readonly rdnsMode: number
  readonly activeDiscovery: boolean
  readonly allowDns: boolean
  readonly allowProxy: boolean
  readonly managed: boolean
  readonly disabledBootArchitectures: readonly string[]
}
type IpRangeFields = {
  /** `type` of the range's row. */
  readonly rangeType: 'dynamic' | 'reserved'
  readonly subnetId: SubnetId
  readonly start: Ip
  readonly end: Ip
  readonly comment: string
  readonly userId: UserId | null
}

export type NetworkCommand =
  /** '' as name: `fabric-<id>`. The default VLAN `untagged` (vid 0) is made with it. */
  | ({ readonly type: 'fabric.create' } & FabricFields)
  | { readonly type: 'fabric.update'; readonly id: FabricId; readonly set: Partial<FabricFields> }
  | { readonly type: 'fabric.delete'; readonly id: FabricId }
  | ({ readonly type: 'vlan.create'; readonly fabricId: FabricId } & Pick<
      VlanFields,
      'name' | 'vid' | 'mtu' | 'description' | 'spaceId'
    >)
  | { readonly type: 'vlan.update'; readonly id: VlanId; readonly set: Partial<VlanFields> }
  | { readonly type: 'vlan.delete'; readonly id: VlanId }
  | ({ readonly type: 'space.create' } & SpaceFields)
  | { readonly type: 'space.update'; readonly id: SpaceId; readonly set: Partial<SpaceFields> }
  | { readonly type: 'space.delete'; readonly id: SpaceId }
  /** `vlanId` null: the default VLAN of a new fabric… unless `fabricId`/`vid` choose one (MAAS's rules are the API's). */
  | ({ readonly type: 'subnet.create' } & SubnetFields)
  | { readonly type: 'subnet.update'; readonly id: SubnetId; readonly set: Partial<SubnetFields> }
  /** `force` (feature level 3): also while DHCP serves it and addresses, routes or reservations are in it. */
  | { readonly type: 'subnet.delete'; readonly id: SubnetId; readonly force?: boolean }
  | ({ readonly type: 'ipRange.create' } & IpRangeFields)
  | {
      readonly type: 'ipRange.update'
      readonly id: IpRangeId
      readonly set: Partial<Pick<IpRangeFields, 'start' | 'end' | 'comment'>>
    }
  | { readonly type: 'ipRange.delete'; readonly id: IpRangeId }
  | ({ readonly type: 'staticRoute.create' } & Omit<StaticRoute, 'id'>)
  | {
      readonly type: 'staticRoute.update'
      readonly id: StaticRouteId
      readonly set: Partial<Omit<StaticRoute, 'id'>>
    }
  | { readonly type: 'staticRoute.delete'; readonly id: StaticRouteId }
  /** Replaces the option of that code and target. */
  | {
      readonly type: 'dhcpOption.put'
      readonly target: DhcpTarget
      readonly code: number
      readonly valueType: DhcpOptionType
      readonly value: DhcpOptionValue
      readonly force: boolean
    }
  | { readonly type: 'dhcpOption.delete'; readonly target: DhcpTarget; readonly code: number }
  /** A rack heard another DHCP server on the VLAN. */
  | {
      readonly type: 'dhcp.observe'
      readonly rackId: SystemId
      readonly vlanId: VlanId
      readonly ip: Ipv4
    }
  /** What a rack heard on its links since its last report. */
  | {
      readonly type: 'neighbour.report'
      readonly rackId: SystemId
      readonly neighbours: readonly {
        readonly vlanId: VlanId
        readonly ip: Ipv4
        readonly mac: MacAddress
      }[]
    }
  /** Null: all of them. */
  | {
      readonly type: 'neighbour.clear'
      readonly only: { readonly ip: Ipv4; readonly mac: MacAddress } | null
    }
  /** Racks with an interface there look for neighbours; empty: in all their subnets. */
  | { readonly type: 'neighbour.scan'; readonly cidrs: readonly Cidr[] }

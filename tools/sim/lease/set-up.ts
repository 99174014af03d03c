// What the region knows when a simulation begins: a VLAN, its racks, another VLAN
// behind a relay, a range on each.
import { SUPPORTED_LEVELS } from '#model/feature-level.ts'
import type { FabricId, SubnetId, SystemId, UserId, VlanId } from '#model/ids.ts'
import { makeIpv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Command } from '#state/command.ts'
import type { Profile } from './profile.ts'
import type { RackHost } from './rack-host.ts'

export const VLAN = 5001 as VlanId
export const SUBNET = 1 as SubnetId
/** 10.0.0.100: first address of the dynamic range. */
export const SUBNET_START = 0x0a000064
/** The VLAN behind a relay, whose address there is 10.1.0.1; dynamic from 10.1.0.100 on. */
export const RELAY = makeIpv4(0x0a010001)
export const RELAYED_START = 0x0a010064
const RELAYED_VLAN = 5002 as VlanId
const RELAYED_SUBNET = 2 as SubnetId

/** 10.0.0.20: first of a few addresses outside of the range, for links. */
export const LINKED_START = 0x0a000014
export const LINKED_COUNT = 3

export type SetUp = {
  readonly racks: readonly RackHost[]
  readonly macs: readonly MacAddress[]
  readonly profile: Profile
}

export function setUp({ racks, macs, profile }: SetUp): readonly Command[] {
  const [first, second] = racks
  if (first === undefined) throw new Error('no racks')
  return [
    {
      type: 'cluster.initialise',
      clusterId: 'c1',
      admin: { username: 'admin', email: '', isSuperuser: true, passwordHash: '' },
      apiKey: { tokenKey: 't', tokenSecret: 's', consumerKey: 'c', name: 'first' },
      joinTokenDigest: 'd',
      featureLevel: SUPPORTED_LEVELS.max,
    },
    ...racks.map(registerRack),
    ...relayedVlan(),
    ...newRanges(profile.poolSize),
    {
      type: 'vlan.update',
      id: VLAN,
      set: { dhcpOn: true, primaryRack: first.rackId, secondaryRack: second?.rackId ?? null },
    },
    ...macs.map(makeDevice),
    { type: 'setting.put', name: 'dhcp_lease_seconds', value: profile.leaseSeconds },
  ]
}

export function newRanges(poolSize: number): readonly Command[] {
  const starts = [
    [SUBNET, SUBNET_START],
    [RELAYED_SUBNET, RELAYED_START],
  ] as const
  return starts.map(([subnetId, start]) => ({
    ...{ type: 'ipRange.create', rangeType: 'dynamic', subnetId },
    ...{ start: makeIpv4(start), end: makeIpv4(start + poolSize - 1) },
    ...{ comment: '', userId: null },
  }))
}

function relayedVlan(): readonly Command[] {
  const cidr = { network: makeIpv4(0x0a010000), prefix: 24 }
  return [
    {
      ...{ type: 'vlan.create', fabricId: 0 as FabricId, name: '', vid: 20, mtu: 1500 },
      ...{ description: '', spaceId: null },
    },
    {
      ...{ type: 'subnet.create', name: '', description: '', vlanId: RELAYED_VLAN, cidr },
      ...{ gatewayIp: RELAY, dnsServers: [], rdnsMode: 2, activeDiscovery: false },
      ...{ allowDns: true, allowProxy: true, managed: true, disabledBootArchitectures: [] },
    },
    { type: 'vlan.update', id: RELAYED_VLAN, set: { relayVlanId: VLAN } },
  ]
}

/** Who a client is to the inventory: what may have links. */
function makeDevice(mac: MacAddress, at: number): Command {
  return {
    ...{ type: 'device.create', systemId: `dev${at}` as SystemId, hostname: `client-${at}` },
    ...{ description: '', parent: null, ownerId: 1 as UserId, macs: [mac] },
  }
}

function registerRack({ rackId, link }: RackHost, at: number): Command {
  return {
    ...{ type: 'rack.register', systemId: rackId, hostname: `rack-${at}`, version: '0' },
    ...{ architecture: 'amd64/generic', cpuCount: 1, memoryMib: 1, incarnation: 0 },
    interfaces: [
      { name: link.name, mac: link.mac as MacAddress, addresses: [`10.0.0.${at + 2}/24`] },
    ],
  }
}

/** The order of racks on the VLAN. */
export function rackOrder(primaryRack: SystemId, secondaryRack: SystemId | null): Command {
  return { type: 'vlan.update', id: VLAN, set: { primaryRack, secondaryRack } }
}

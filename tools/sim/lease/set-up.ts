// What the region knows when a simulation begins: one VLAN, one subnet, its range, its racks.
import type { SubnetId, SystemId, VlanId } from '#model/ids.ts'
import { makeIpv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Command } from '#state/command.ts'
import type { Profile } from './profile.ts'
import type { RackHost } from './rack-host.ts'

export const VLAN = 5001 as VlanId
export const SUBNET = 1 as SubnetId
/** 10.0.0.100: first address of the dynamic range. */
export const SUBNET_START = 0x0a000064

export function setUp(racks: readonly RackHost[], profile: Profile): readonly Command[] {
  const [first, second] = racks
  if (first === undefined) throw new Error('no racks')
  return [
    {
      type: 'cluster.initialise',
      clusterId: 'c1',
      admin: { username: 'admin', email: '', isSuperuser: true, passwordHash: '' },
      apiKey: { tokenKey: 't', tokenSecret: 's', consumerKey: 'c', name: 'first' },
      joinTokenDigest: 'd',
    },
    ...racks.map(registerRack),
    newRange(profile.poolSize),
    {
      type: 'vlan.update',
      id: VLAN,
      set: { dhcpOn: true, primaryRack: first.rackId, secondaryRack: second?.rackId ?? null },
    },
    { type: 'setting.put', name: 'dhcp_lease_seconds', value: profile.leaseSeconds },
  ]
}

export function newRange(poolSize: number): Command {
  return {
    ...{ type: 'ipRange.create', rangeType: 'dynamic', subnetId: SUBNET },
    ...{ start: makeIpv4(SUBNET_START), end: makeIpv4(SUBNET_START + poolSize - 1) },
    ...{ comment: '', userId: null },
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

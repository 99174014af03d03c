// Views of a rack for tests: rows with every field, named by what matters to the test.
import type { BootFile, BootPurpose, BootResource, MachineBoot } from '#model/boot.ts'
import type { BootResourceId, SubnetId, SystemId, VlanId } from '#model/ids.ts'
import { parseCidr, parseIpv4 } from '#model/ipv4.ts'
import { parseMac } from '#model/mac-address.ts'
import type { Hold, Ipv4Subnet } from '#model/network.ts'
import type { RackSettings, RackVlan, RegionToRack, ViewChange } from '#protocol/rack.ts'
import { RackView } from '#rack/view.ts'
import { makeFakeClock } from './fake-clock.ts'

export function viewReset(revision: number, rows: readonly ViewChange[]): RegionToRack {
  return { type: 'viewReset', revision, stamp: revision * 10, rows }
}

export function viewChanges(revision: number, changes: readonly ViewChange[]): RegionToRack {
  return { type: 'viewChanges', revision, stamp: revision * 10, changes }
}

export function makeView(rows: readonly ViewChange[]): RackView {
  const view = new RackView(makeFakeClock())
  view.apply(viewReset(1, rows))
  return view
}

export function settingsRow(settings: Partial<RackSettings> = {}): ViewChange {
  const row: RackSettings = {
    clusterId: 'cluster',
    regionPeers: [],
    regionApis: [],
    leaseSeconds: 600,
    firmwareLeaseSeconds: 30,
    domainName: 'example.org',
    answerRouterSolicitations: false,
    ...settings,
  }
  return { table: 'settings', key: 'rack', row }
}

export function machineRow(
  systemId: string,
  macs: readonly string[],
  purpose: BootPurpose = 'commissioning',
): ViewChange & { readonly table: 'machineBoots' } {
  const row: MachineBoot = {
    systemId: systemId as SystemId,
    hostname: `host-${systemId}`,
    macs: macs.map((mac) => known(parseMac(mac))),
    architecture: 'amd64/generic',
    purpose,
  }
  return { table: 'machineBoots', key: systemId, row }
}

export function vlanRow(id: number, interfaceNames: readonly string[]): ViewChange {
  const row: RackVlan = {
    id: id as VlanId,
    fabricId: 1 as RackVlan['fabricId'],
    name: 'untagged',
    vid: 0,
    mtu: 1500,
    description: '',
    spaceId: null,
    dhcpOn: true,
    primaryRack: null,
    secondaryRack: null,
    relayVlanId: null,
    externalDhcp: null,
    liveRacks: [],
    interfaceNames,
  }
  return { table: 'vlans', key: id, row }
}

export function subnetRow(id: number, vlanId: number, cidr: string): ViewChange {
  const row: Ipv4Subnet = {
    id: id as SubnetId,
    name: cidr,
    description: '',
    vlanId: vlanId as VlanId,
    cidr: known(parseCidr(cidr)),
    gatewayIp: null,
    dnsServers: [],
    rdnsMode: 0,
    activeDiscovery: false,
    allowDns: false,
    allowProxy: false,
    managed: true,
    disabledBootArchitectures: [],
  }
  return { table: 'subnets', key: id, row }
}

export function holdRow(ip: string, mac: string): ViewChange & { readonly table: 'holds' } {
  const parsed = known(parseMac(mac))
  const row: Hold = {
    ip: known(parseIpv4(ip)),
    client: `1-${parsed.replaceAll(':', '')}`,
    mac: parsed,
    until: 1_000_000,
    boundAt: 0,
    leaseSeconds: 600,
    boundWall: 0,
    released: false,
    hostname: '',
    rackId: 'abc346' as SystemId,
  }
  return { table: 'holds', key: row.ip, row }
}

export function resourceRow(
  files: readonly BootFile[],
  name = 'enlist/agent',
  architecture = 'amd64/generic',
  id = 1,
): ViewChange {
  const row: BootResource = {
    id: id as BootResourceId,
    name,
    architecture,
    title: '',
    type: 'Uploaded',
    files,
    updatedWall: 0,
  }
  return { table: 'bootResources', key: id, row }
}

export function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('malformed in the test itself')
  return value
}

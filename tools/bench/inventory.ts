// Many machines as commissioning leaves them: two interfaces, two disks with the default layout, NUMA nodes, PCI devices, the
// results of the built-in scripts; as many as wished are deployed, with their addresses. Run as a program it writes a backup.
import { SUPPORTED_LEVELS } from '#model/feature-level.ts'
import { DEVICE_BUS, type FoundHardware } from '#model/found-hardware.ts'
import type { SystemId } from '#model/ids.ts'
import { makeIpv4 } from '#model/ipv4.ts'
import { parseMac, type MacAddress } from '#model/mac-address.ts'
import { DEFAULT_PROBE, type DeployOptions } from '#model/machine-work.ts'
import { SCRIPT_STATUS } from '#model/script-result.ts'
import { RESULT_TYPE } from '#model/script-result.ts'
import type { CommandOf } from '#state/command.ts'
import { currentResults } from '#state/script-query.ts'
import { ADMIN, MadeState } from './made-state.ts'

export type Inventory = {
  readonly machines: number
  /** Of these machines, the last ones. */
  readonly deployed: number
}

/** Of 510 addresses each, on VLANs of their own. */
const SUBNETS = 40
const GIB = 2 ** 30

const DEPLOY: DeployOptions = {
  ...{ osSystem: 'debian', distroSeries: 'bookworm', hweKernel: '', userData: '' },
  ...{ installRackd: false, installKvm: false, registerVmhost: false, ephemeralDeploy: false },
  ...{ enableKernelCrashDump: false, vcenterRegistration: false, enableHwSync: false },
  licenseKey: '',
}

export function fillInventory({ machines, deployed }: Inventory): MadeState {
  const made = new MadeState()
  made.send({ type: 'cluster.raiseLevel', level: SUPPORTED_LEVELS.max })
  made.send(image())
  for (let at = 0; at < SUBNETS; at++) addNetwork(made, at)
  for (let i = 0; i < machines; i++) {
    addReady(made, i)
    if (i >= machines - deployed) deploy(made, idOf(i))
  }
  return made
}

export const idOf = (i: number): SystemId => (36 ** 5 + i).toString(36) as SystemId

function macOf(i: number, nic: number): MacAddress {
  const mac = parseMac(`5254${nic.toString(16).padStart(2, '0')}${i.toString(16).padStart(6, '0')}`)
  if (mac === undefined) throw new Error(`no MAC for machine ${i}`)
  return mac
}

function addNetwork(made: MadeState, at: number): void {
  const [fabric] = made.state.fabrics.values()
  if (fabric === undefined) throw new Error('a cluster begins with a fabric')
  const vlan = made.send({
    ...{ type: 'vlan.create', fabricId: fabric.id, vid: 100 + at, name: `room-${at}` },
    ...{ description: '', mtu: 1_500, spaceId: null },
  } as CommandOf<'vlan.create'>)
  const network = networkOf(at)
  made.send({
    ...{ type: 'subnet.create', name: `room-${at}`, description: '', vlanId: vlan.id },
    ...{
      cidr: { network: makeIpv4(network), prefix: 23 },
      gatewayIp: makeIpv4(network + 1),
      dnsServers: [],
    },
    ...{ rdnsMode: 2, activeDiscovery: false, allowDns: true, allowProxy: true, managed: true },
    disabledBootArchitectures: [],
  } as CommandOf<'subnet.create'>)
}

function networkOf(at: number): number {
  return 0x0a400000 + at * 512
}

function image(): CommandOf<'bootResource.put'> {
  const kinds = ['boot-kernel', 'boot-initrd', 'squashfs'] as const
  const files = kinds.map((kind, at) => ({
    ...{ kind, filename: kind, sha256: String(at).repeat(64), sizeBytes: 9 },
  }))
  const name = 'debian/bookworm'
  return { type: 'bootResource.put', name, architecture: 'amd64/generic', title: name, files }
}

/** The way of a machine that an administrator adds. */
function addReady(made: MadeState, i: number): void {
  const systemId = idOf(i)
  const nic = { name: 'ens3', linkConnected: true, linkSpeedMbps: 1_000, vendor: null }
  const power = { power_address: '192.0.2.1', power_user: 'admin', power_pass: 'secret' }
  made.send({
    ...{ type: 'machine.create', systemId, hostname: `machine-${i}`, description: '' },
    ...{ architecture: 'amd64/generic', powerType: 'manual', powerParameters: power },
    ...{ powerState: 'unknown', hardware: null, hardwareUuid: null, blockDevices: [] },
    interfaces: [{ ...nic, product: null, mac: macOf(i, 0), ip: null }],
    ...{ cpuCount: 8, cpuSpeedMhz: 2_400, memoryMib: 65_536, biosBootMethod: 'uefi' },
  } as CommandOf<'machine.create'>)
  const probe = { type: 'machine.commission', systemId, comment: '' } as const
  made.send({ ...probe, options: { ...DEFAULT_PROBE, testingScripts: [] } }, ADMIN)
  made.send({ type: 'machine.facts', systemId, facts: factsOf(i) })
  for (const { id } of currentResults(made.state, systemId, RESULT_TYPE.COMMISSIONING)) {
    made.send({
      ...{ type: 'scriptResult.report', systemId, resultId: id, status: SCRIPT_STATUS.PASSED },
      ...{ exitStatus: 0, runtimeMs: 1_500, output: '', stdout: `machine ${i}\n`, stderr: '' },
      result: '',
    } as CommandOf<'scriptResult.report'>)
  }
  made.send({ type: 'machine.signal', systemId, status: 'OK', error: '' })
}

/** Sizes and tags differ, so that constraints have something to choose by. */
function factsOf(i: number): FoundHardware {
  const ip = makeIpv4(networkOf(i % SUBNETS) + 2 + (Math.trunc(i / SUBNETS) % 500))
  const nic = { linkConnected: true, linkSpeedMbps: 10_000, interfaceSpeedMbps: 10_000 }
  const maker = { vendor: 'Intel', product: '82599ES', firmwareVersion: '1.2' }
  const disk = { model: 'QEMU HARDDISK', blockSizeBytes: 512, tags: ['ssd'] }
  return {
    ...{ architecture: 'amd64/generic', hardwareUuid: null, cpuCount: 4 + (i % 61) },
    ...{ cpuSpeedMhz: 2_400, memoryMib: 8_192 * (1 + (i % 31)), biosBootMethod: 'uefi' },
    hardware: {
      ...{ cpuModel: 'Xeon', systemVendor: 'Example', systemProduct: 'R1' },
      ...{ systemSerial: `S${i}`, systemVersion: '', mainboardVendor: 'Example' },
      ...{ mainboardProduct: 'B1', firmwareVendor: 'EDK', firmwareVersion: '1' },
      firmwareDate: '2026-01-01',
    },
    bootMac: macOf(i, 0),
    interfaces: [
      { name: 'ens3', mac: macOf(i, 0), ip, ...nic, ...maker },
      { name: 'ens4', mac: macOf(i, 1), ip: null, ...nic, ...maker },
    ],
    disks: [
      {
        name: 'sda',
        serial: `A${i}`,
        idPath: `/dev/disk/by-id/a${i}`,
        sizeBytes: 40 * GIB,
        ...disk,
      },
      {
        ...{ name: 'sdb', serial: `B${i}`, idPath: `/dev/disk/by-id/b${i}`, ...disk },
        sizeBytes: (100 + (i % 17) * 100) * GIB,
      },
    ],
    devices: Array.from({ length: 4 }, (_, at) => ({
      ...{ bus: DEVICE_BUS.PCI, hardwareType: 0, numaNode: 0, vendorId: '8086', productId: '10fb' },
      ...{ vendorName: 'Intel', productName: 'Device', driver: 'ixgbe', busNumber: at },
      ...{ deviceNumber: 0, pciAddress: `0000:0${at}:00.0` },
    })),
    details: {
      numaNodes: [{ index: 0, cores: [0, 1, 2, 3, 4, 5, 6, 7], memoryMib: 65_536, hugepages: [] }],
      ...{ bmc: null, virtuality: 'none', chassisSerial: `C${i}`, mainboardSerial: `M${i}` },
      lldp: [],
    },
  }
}

function deploy(made: MadeState, systemId: SystemId): void {
  const verb = { systemId, comment: '' }
  const allocate = { constraints: { systemId }, asked: 'x', agentName: 'bench', comment: '' }
  made.send({ type: 'machine.allocate', ...allocate }, ADMIN)
  made.send({ type: 'machine.deploy', ...verb, options: DEPLOY }, ADMIN)
  made.send({ type: 'machine.booted', systemId })
}

if (import.meta.main) {
  const [file = '', content = ''] = process.argv.slice(2)
  await fillInventory(JSON.parse(content) as Inventory).write(file)
}

// A hardware report as the golden commands have it.

export const foundHardware = ({
  mac,
  ip,
  facts,
  disk,
}: {
  readonly mac: string
  readonly ip: number
  readonly facts: object
  readonly disk: object
}) => ({
  ...{ architecture: 'amd64/generic', hardwareUuid: null, cpuCount: 2, cpuSpeedMhz: 2000 },
  ...{ memoryMib: 2048, biosBootMethod: 'uefi', bootMac: mac },
  hardware: { cpuModel: 'c', systemVendor: 'v', systemProduct: '', systemSerial: '1' },
  interfaces: [{ ...facts, mac, ip, interfaceSpeedMbps: 1000, firmwareVersion: null }],
  disks: [disk],
  devices: [
    {
      ...{ bus: 1, hardwareType: 4, numaNode: 0, vendorId: '1af4', productId: '1000', driver: 'd' },
      ...{ vendorName: 'v', productName: 'p', busNumber: 0, deviceNumber: 3 },
      pciAddress: '0000:00:03.0',
    },
  ],
  details: {
    numaNodes: [{ index: 0, cores: [0, 1], memoryMib: 2048, hugepages: [] }],
    ...{ bmc: { kind: 'ipmi', address: '192.0.2.7', mac }, virtuality: 'kvm' },
    ...{ chassisSerial: '', mainboardSerial: '' },
    lldp: [{ interface: 'eth0', chassis: 'switch', port: '1' }],
  },
})

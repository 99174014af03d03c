// The commissioning script's report is hostile input: what is strange is left out, everything is bounded.
import t from 'tap'
import { parseFoundHardware } from '#api/hardware-details.ts'

const parse = (value: unknown) => parseFoundHardware(JSON.stringify(value))

t.test('a whole report', async (t) => {
  const found = parse({
    ...{ architecture: 'amd64/generic', virtuality: 'kvm', boot_mac: '52:54:00:00:00:01' },
    ...{ firmware: 'uefi', cpu: { count: 4, mhz: 2_000 }, memory_mib: 1_024 },
    dmi: { chassis_serial: 'c1', board_serial: 'b1' },
    nics: [{ name: 'ens1', mac: '52:54:00:00:00:01', vendor: 'v', max_speed: 10_000, carrier: 1 }],
    disks: [{ name: 'sda', size_bytes: 9, id_path: '/dev/disk/by-id/wwn-0x5000' }],
    numa: [{ index: 1, cpus: '0-2,8', memory_mib: 512, hugepages: [{ kib: 2048, total: 3 }] }],
    pci: [{ address: '0000:00:1F.2', class: '0x020000', vendor_id: '0x8086', product_id: '10d3' }],
    usb: [{ bus: 1, device: 2, vendor_id: '046d', product_id: 'c52b', product: 'Receiver' }],
    bmc: { type: 'ipmi', address: '192.0.2.9', mac: '52:54:00:00:00:09' },
    lldp: [{ interface: 'ens1', chassis: 'switch', port: '1' }],
  })!
  t.match(found, {
    ...{ architecture: 'amd64/generic', bootMac: '52:54:00:00:00:01', biosBootMethod: 'uefi' },
    interfaces: [{ vendor: 'v', interfaceSpeedMbps: 10_000 }],
    disks: [{ idPath: '/dev/disk/by-id/wwn-0x5000' }],
    devices: [
      { bus: 1, hardwareType: 4, vendorId: '8086', pciAddress: '0000:00:1f.2', deviceNumber: 31 },
      { bus: 2, busNumber: 1, deviceNumber: 2, pciAddress: null, productName: 'Receiver' },
    ],
  })
  t.same(found.details, {
    numaNodes: [
      {
        ...{ index: 1, cores: [0, 1, 2, 8], memoryMib: 512 },
        hugepages: [{ pageSizeKib: 2_048, total: 3 }],
      },
    ],
    bmc: { kind: 'ipmi', address: '192.0.2.9', mac: '52:54:00:00:00:09' },
    ...{ virtuality: 'kvm', chassisSerial: 'c1', mainboardSerial: 'b1' },
    lldp: [{ interface: 'ens1', chassis: 'switch', port: '1' }],
  })
})

t.test('strange parts are left out', async (t) => {
  const found = parse({
    ...{ architecture: 'vax', virtuality: '<b>', boot_mac: 7, numa: 'x', bmc: [], lldp: [{}] },
    pci: [{}, { address: '../..', vendor_id: '8086', product_id: '1' }, null, 4],
    usb: [{ vendor_id: 'zzzz', product_id: '0001' }],
    disks: [{ name: 'sda', size_bytes: 9, id_path: '/dev/disk/by-id/../../../etc/passwd' }],
  })!
  t.match(found, { architecture: '', bootMac: null, devices: [], disks: [{ idPath: '' }] })
  t.match(found.details, { numaNodes: [], bmc: null, virtuality: '', lldp: [] })
  t.equal(parseFoundHardware('[]'), undefined)
  t.equal(parseFoundHardware('{'), undefined)
})

t.test('everything is bounded', async (t) => {
  const many = <T>(one: T): T[] => Array.from({ length: 5_000 }, () => one)
  const found = parse({
    pci: many({ address: '0000:00:00.0', vendor_id: '8086', product_id: '0001' }),
    numa: many({ index: 0, cpus: '0-99999,'.repeat(20) }),
    lldp: many({ interface: 'eth0', chassis: 'x'.repeat(9_999) }),
  })!
  t.equal(found.devices.length, 256)
  t.equal(found.details.numaNodes.length, 256)
  t.equal(found.details.numaNodes[0]?.cores.length, 4_096)
  t.equal(found.details.lldp.length, 64)
  t.equal(found.details.lldp[0]?.chassis.length, 256)
})

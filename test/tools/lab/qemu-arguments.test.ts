import t from 'tap'
import { type MachineHardware, qemuArguments } from '#tools/lab/qemu-arguments.ts'

const MACHINE: MachineHardware = {
  ...{ mac: '52:54:00:00:00:01', firmware: 'bios', serial: 'm1', tap: 'tap1' },
  ...{ disk: '/m/disk', variables: '/m/vars', console: '/m/log' },
  ...{ accelerator: 'tcg', memoryMib: 512, cpuCount: 3, bootFirst: 'network' },
}
const line = (more: Partial<MachineHardware>): string =>
  qemuArguments({ ...MACHINE, ...more }).join(' ')

t.test('the network comes first, the disk after it, unless told otherwise', async (t) => {
  t.match(line({}), /virtio-blk-pci\S*bootindex=2.*virtio-net-pci\S*bootindex=1/)
  t.match(line({ bootFirst: 'disk' }), /virtio-blk-pci\S*bootindex=1.*virtio-net-pci\S*bootindex=2/)
})

t.test('as many CPUs and as much memory as asked for', async (t) => {
  t.match(line({}), /-m 512 -smp 3 /)
})

t.test('emulation unless KVM is asked for', async (t) => {
  t.match(line({}), /-accel tcg\S* -cpu max/)
  t.notMatch(line({}), /kvm/)
  t.match(line({ accelerator: 'kvm' }), /-accel kvm -cpu host/)
})

t.test('BIOS boots by the ROM of its NIC, UEFI by its own PXE', async (t) => {
  t.match(line({}), /smm=off/)
  t.notMatch(line({}), /pflash|romfile/)
  t.match(line({ firmware: 'uefi' }), /romfile=.*readonly=on.*file=\/m\/vars/)
})

// The arguments of QEMU for one machine: a NIC on a tap, a disk, a serial console to a file. Measured facts: SeaBIOS
// under TCG reads its own disk only with `smm=off`; the NIC's iPXE ROM asks on BIOS machines, without the ROM it is
// OVMF's own PXE (architecture 7). Pure.
import type { Accelerator, Firmware } from './plan.ts'

export const OVMF_CODE = '/usr/share/OVMF/OVMF_CODE_4M.fd'
export const OVMF_VARIABLES = '/usr/share/OVMF/OVMF_VARS_4M.fd'

export type MachineHardware = {
  readonly mac: string
  readonly firmware: Firmware
  /** Of machine and disk. */
  readonly serial: string
  readonly uuid?: string
  readonly tap: string
  /** A qcow2 file. */
  readonly disk: string
  /** A copy of OVMF's, of this machine alone; UEFI only. */
  readonly variables: string
  readonly console: string
  readonly accelerator: Accelerator
  readonly memoryMib: number
  readonly cpuCount: number
  /** The other one comes after it. */
  readonly bootFirst: 'network' | 'disk'
}

export function qemuArguments(machine: MachineHardware): readonly string[] {
  const { serial, uuid, tap, disk, console, accelerator, memoryMib, cpuCount, bootFirst } = machine
  const indexes = bootFirst === 'network' ? { network: 1, disk: 2 } : { network: 2, disk: 1 }
  const cpu = accelerator === 'kvm' ? 'host' : 'max'
  return [
    ...['-accel', accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi', '-cpu', cpu],
    ...['-m', String(memoryMib), '-smp', String(cpuCount)],
    ...['-display', 'none', '-vga', 'none', '-nodefaults', '-no-user-config'],
    ...['-serial', `file:${console}`, '-rtc', 'base=utc'],
    ...(uuid === undefined ? [] : ['-uuid', uuid]),
    ...['-smbios', `type=1,manufacturer=Ironraft,product=Lab,serial=${serial}`],
    ...['-device', 'virtio-rng-pci'],
    ...['-netdev', `tap,id=net0,ifname=${tap},script=no,downscript=no`],
    ...['-drive', `file=${disk},if=none,id=disk0,format=qcow2,cache=unsafe`],
    ...['-device', `virtio-blk-pci,drive=disk0,serial=${serial},bootindex=${indexes.disk}`],
    ...firmwareArguments(machine, indexes.network),
  ]
}

function firmwareArguments(machine: MachineHardware, bootIndex: number): readonly string[] {
  const nic = `virtio-net-pci,netdev=net0,mac=${machine.mac},bootindex=${bootIndex}`
  if (machine.firmware === 'bios') return ['-machine', 'pc,smm=off,graphics=off', '-device', nic]
  return [
    ...['-machine', 'q35', '-device', `${nic},romfile=`],
    // Nobody answers there, and the firmware waits a minute for it before it tries its disk.
    ...['-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'],
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${OVMF_CODE}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${machine.variables}`],
  ]
}

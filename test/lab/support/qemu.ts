// One virtual machine with an empty disk that boots from the network, under emulation (never KVM).
import { spawn } from 'node:child_process'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command, endProcess } from './process.ts'

export type Firmware = 'bios' | 'uefi'
export type VirtualMachine = {
  readonly mac: string
  readonly serialLog: () => Promise<string>
  readonly exited: Promise<number | null>
  readonly kill: () => Promise<void>
}

/** Straight into this kernel, without any boot from the network. */
type DirectBoot = {
  readonly kernel: string
  readonly initrd: string
  readonly options: readonly string[]
}

const DISK_GIB = 4

export async function bootMachine(options: {
  readonly namespace: string
  readonly directory: string
  readonly tap: string
  readonly mac: string
  readonly firmware: Firmware
  readonly serial: string
  readonly direct?: DirectBoot
}): Promise<VirtualMachine> {
  const { namespace, directory, mac, firmware } = options
  const disk = join(directory, `${options.serial}.qcow2`)
  await command('qemu-img', ['create', '-q', '-f', 'qcow2', disk, `${DISK_GIB}G`])
  const log = join(directory, `${options.serial}.console.log`)
  await writeFile(log, '')
  const machine = await firmwareArguments(firmware, directory, options.serial)
  const args = [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-m', '1024', '-smp', '2'],
    ...['-display', 'none', '-vga', 'none', '-nodefaults', '-no-user-config'],
    ...['-serial', `file:${log}`, '-rtc', 'base=utc'],
    ...['-smbios', `type=1,manufacturer=Ironraft,product=Lab,serial=${options.serial}`],
    ...['-device', 'virtio-rng-pci'],
    ...['-netdev', `tap,id=net0,ifname=${options.tap},script=no,downscript=no`],
    ...['-drive', `file=${disk},if=none,id=disk0,format=qcow2,cache=unsafe`],
    ...['-device', `virtio-blk-pci,drive=disk0,serial=${options.serial},bootindex=2`],
    ...machine(mac),
  ]
  const { direct } = options
  const kernel =
    direct === undefined
      ? []
      : ['-kernel', direct.kernel, '-initrd', direct.initrd, '-append', direct.options.join(' ')]
  const inside = ['netns', 'exec', namespace, 'qemu-system-x86_64', ...args, ...kernel]
  const qemu = spawn('ip', inside, { stdio: ['ignore', 'ignore', 'pipe'] })
  return {
    mac,
    serialLog: () => readFile(log, 'utf8'),
    exited: new Promise((resolve) => qemu.once('exit', resolve)),
    kill: () => endProcess(qemu),
  }
}

/** BIOS: the NIC's own iPXE ROM asks. UEFI: no ROM, so the firmware's PXE asks (architecture 7). */
async function firmwareArguments(
  firmware: Firmware,
  directory: string,
  serial: string,
): Promise<(mac: string) => readonly string[]> {
  const nic = (mac: string, more: string): string =>
    `virtio-net-pci,netdev=net0,mac=${mac},bootindex=1${more}`
  if (firmware === 'bios') {
    return (mac) => ['-machine', 'pc,smm=off,graphics=off', '-device', nic(mac, '')]
  }
  const variables = join(directory, `${serial}.vars.fd`)
  await copyFile('/usr/share/OVMF/OVMF_VARS_4M.fd', variables)
  const code = '/usr/share/OVMF/OVMF_CODE_4M.fd'
  return (mac) => [
    ...['-machine', 'q35', '-device', nic(mac, ',romfile=')],
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${code}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
  ]
}

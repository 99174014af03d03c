// QEMU as the installer sees it: disks with serial numbers behind user-mode networking, once with the ephemeral system
// and once from its own disks. Emulated (TCG), never KVM.
import { spawn } from 'node:child_process'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Firmware } from '#tools/lab/plan.ts'
import type { InstallRoot } from './install-root.ts'
import { command, endProcess } from './process.ts'

const MAC = '52:54:00:77:01:01'

export type LabMachine = {
  readonly console: () => Promise<string>
  readonly exited: Promise<number | null>
  readonly kill: () => Promise<void>
}

export async function makeDisk(directory: string, serial: string): Promise<string> {
  const file = join(directory, `${serial}.qcow2`)
  await command('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4G'])
  return file
}

/** The ephemeral system runs the script of `scriptUrl` and ends the machine. */
export function bootEphemeral(options: {
  readonly directory: string
  readonly disks: readonly string[]
  readonly root: InstallRoot
  readonly scriptUrl: string
  readonly firmware: Firmware
  readonly memoryMib: number
}): Promise<LabMachine> {
  const { kernel, initrd, squashfs } = options.root
  const append = `console=ttyS0 quiet panic=5 boot=lab init=/lab-init lab.script=${options.scriptUrl}`
  return start(options, 'install', [
    ...['-kernel', kernel, '-initrd', initrd, '-append', append],
    ...['-drive', `file=${squashfs},if=none,id=image,format=raw,readonly=on`],
    ...['-device', 'virtio-blk-pci,drive=image,serial=IMAGE'],
  ])
}

export function bootDisks(options: {
  readonly directory: string
  readonly disks: readonly string[]
  readonly firmware: Firmware
}): Promise<LabMachine> {
  return start({ ...options, memoryMib: 1024 }, `boot-${options.firmware}`, [])
}

async function start(
  options: {
    readonly directory: string
    readonly disks: readonly string[]
    readonly firmware: Firmware
    readonly memoryMib: number
  },
  name: string,
  more: readonly string[],
): Promise<LabMachine> {
  const { directory, disks, memoryMib } = options
  const log = join(directory, `${name}.log`)
  await writeFile(log, '')
  const args = [
    ...['-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'max', '-smp', '2'],
    ...['-m', String(memoryMib), '-display', 'none', '-vga', 'none', '-nodefaults'],
    ...['-no-user-config', '-no-reboot', '-serial', `file:${log}`, '-rtc', 'base=utc'],
    ...['-device', 'virtio-rng-pci', '-netdev', 'user,id=net0'],
    ...['-device', `virtio-net-pci,netdev=net0,mac=${MAC},romfile=`],
    ...(await firmwareArguments(options.firmware, directory, name)),
    ...disks.flatMap((file, index) => [
      ...['-drive', `file=${file},if=none,id=disk${index},format=qcow2,cache=unsafe,discard=unmap`],
      ...[
        '-device',
        `virtio-blk-pci,drive=disk${index},serial=${serialOf(file)},bootindex=${index + 1}`,
      ],
    ]),
    ...more,
  ]
  const qemu = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  return {
    console: () => readFile(log, 'utf8'),
    exited: new Promise((resolve) => qemu.once('exit', resolve)),
    kill: () => endProcess(qemu),
  }
}

function serialOf(file: string): string {
  return file.replace(/^.*\//, '').replace(/\..*$/, '')
}

async function firmwareArguments(firmware: Firmware, directory: string, name: string) {
  if (firmware === 'bios') return ['-machine', 'pc,smm=off,graphics=off']
  const variables = join(directory, `${name}.vars.fd`)
  await copyFile('/usr/share/OVMF/OVMF_VARS_4M.fd', variables)
  return [
    ...['-machine', 'q35'],
    ...['-drive', 'if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd'],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
  ]
}

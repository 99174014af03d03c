// One virtual machine with an empty disk that boots from the network, under emulation (never KVM).
import { spawn } from 'node:child_process'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Firmware } from '#tools/lab/plan.ts'
import { OVMF_VARIABLES, qemuArguments } from '#tools/lab/qemu-arguments.ts'
import { command, endProcess } from './process.ts'

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
  const variables = join(directory, `${options.serial}.vars.fd`)
  if (firmware === 'uefi') await copyFile(OVMF_VARIABLES, variables)
  const args = qemuArguments({
    ...{ mac, firmware, serial: options.serial, tap: options.tap, disk, variables, console: log },
    ...{ accelerator: 'tcg', memoryMib: 1_024, cpuCount: 2, bootFirst: 'network' },
  })
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

// `ironraft lab up`: checks what was asked for, makes the lab, says what to do with it.
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { bringUp } from '../lab/bring-up.ts'
import type { Firmware, LabWishes } from '../lab/plan.ts'
import { nextSteps, reportOf } from '../lab/report.ts'

const MACHINES_MAX = 16
const RACKS_MAX = 8
const CPUS_MAX = 64
const MEMORY_MIB = { min: 256, max: 65_536 }
/** It ends up in shell scripts, in QEMU's commas and in the configuration of `ipmi_sim`. */
const PATH = /^[\w./+@-]+$/

export async function runLabUp(args: Arguments, io: Io): Promise<number> {
  const stopped = io.stopped()
  const wishes = wishesOf(args, io)
  const images = args.list('image').map((directory) => resolve(io.cwd, directory))
  const lab = await bringUp(wishes, { io, stopped, images })
  const report = await reportOf(lab)
  const isDefault = lab.directory === resolve(io.cwd, 'ironraft-lab')
  io.out(args.flag('json') ? JSON.stringify(report) : nextSteps(lab, report, isDefault))
  return EXIT.ok
}

export function wishesOf(args: Arguments, io: Pick<Io, 'cwd'>): LabWishes {
  const directory = resolve(io.cwd, args.text('dir') ?? '')
  if (!PATH.test(directory)) {
    throw new UsageError(`--dir may hold letters, digits and ./+@_- only, not '${directory}'`)
  }
  const memoryMib = args.number('memory') ?? MEMORY_MIB.min
  if (memoryMib < MEMORY_MIB.min || memoryMib > MEMORY_MIB.max) {
    throw new UsageError(`--memory must be ${MEMORY_MIB.min} to ${MEMORY_MIB.max}`)
  }
  const profile = args.text('profile') ?? ''
  if (!/^[\w.-]{1,64}$/.test(profile)) {
    throw new UsageError('--profile may hold letters, digits, dots, dashes and underscores')
  }
  return {
    ...{ directory, memoryMib, profile },
    cpuCount: Math.max(1, atMost(args, 'cpus', CPUS_MAX)),
    regionCount: args.number('regions') ?? 1,
    rackCount: atMost(args, 'racks', RACKS_MAX),
    machineCount: atMost(args, 'machines', MACHINES_MAX),
    firmware: firmwareOf(args),
    accelerator: args.flag('kvm') ? 'kvm' : 'tcg',
    apiPort: args.number('api-port') ?? 0,
    // An IPMI 1.5 password has 16 bytes at most.
    bmcPassword: randomBytes(7).toString('hex'),
  }
}

function atMost(args: Arguments, name: string, max: number): number {
  const number = args.number(name) ?? 0
  if (number > max) throw new UsageError(`--${name} must be at most ${max}`)
  return number
}

function firmwareOf(args: Arguments): readonly Firmware[] {
  const firmware = args.list('firmware').map((name) => {
    if (name !== 'bios' && name !== 'uefi') {
      throw new UsageError('--firmware must be of bios and uefi')
    }
    return name
  })
  if (firmware.length === 0) throw new UsageError('--firmware must be bios, uefi or both')
  return firmware
}

// The processes of a lab by name: racks, regions, BMCs and the door to the API. They outlive the command that starts
// them; a pid file that also holds when each began says which are ours.
import { spawn } from 'node:child_process'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '#model/errors.ts'
import { readCluster } from '../cluster-directory.ts'
import { pidFile, readPid, recordPid, stopProcess } from '../node-process.ts'
import { makeIpmiBmc } from './ipmi-bmc.ts'
import { startDoor } from './open-door.ts'
import { BMC_USER, type Lab, type LabMachine, regionDirectory } from './plan.ts'
import { buttonOf } from './power-button.ts'

const MAIN = join(import.meta.dirname, '..', 'main.ts')
const REDFISH = join(import.meta.dirname, 'redfish', 'main.ts')
const CLAIM_LOOK_MS = 25
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'] as const

export type LabProcess = {
  readonly name: string
  readonly kind: 'region' | 'rack' | 'bmc' | 'door'
  /** In its namespace. */
  readonly address: string
  readonly pidFile: string
  readonly log: string
  /** Resolves when it runs, not when it serves. */
  readonly start: () => Promise<void>
}

/** In the order in which they are to be started. */
export function processesOf(lab: Lab): readonly LabProcess[] {
  return [...regionsOf(lab), doorOf(lab), ...racksOf(lab), ...bmcsOf(lab)]
}

export async function pidOf(wanted: LabProcess): Promise<number | null> {
  return readPid(wanted.pidFile)
}

/** As a power cut ends it, or in good order. False: it did not run. */
export async function endProcess(wanted: LabProcess, isKilled: boolean): Promise<boolean> {
  const pid = await pidOf(wanted)
  if (pid === null) return false
  await stopProcess(pid, isKilled)
  return true
}

function regionsOf(lab: Lab): readonly LabProcess[] {
  return lab.regions.map(({ name, directory, url }) => {
    const path = join(regionDirectory(lab), directory)
    const log = join(path, 'log.jsonl')
    const words = [...NODE, MAIN, 'region', 'run', '--dir', path]
    const file = pidFile(path)
    return {
      ...{ name, kind: 'region', address: url, log, pidFile: file },
      start: async () => {
        // The node writes its pid file itself.
        const ended = await start({ namespace: lab.regionNamespace, words, log, pidFile: null })
        await untilClaimed({ file, name, ended })
      },
    }
  })
}

function racksOf(lab: Lab): readonly LabProcess[] {
  return lab.racks.map(({ name, namespace, machineAddress }) => {
    const files = filesOf(lab, name)
    return {
      ...{ name, kind: 'rack', address: machineAddress, ...files },
      start: async () => {
        const cluster = await readCluster(regionDirectory(lab))
        const token = cluster?.rackToken ?? ''
        const words = [
          ...[...NODE, MAIN, 'rack', 'start', '--json', '--dir', join(lab.directory, name)],
          // Clocks of namespaces are those of the host: nobody stops them apart.
          ...['--interface', 'eth0', '--endurance', 'on', '--token', token],
        ]
        await start({ namespace, words, ...files })
      },
    }
  })
}

function bmcsOf(lab: Lab): readonly LabProcess[] {
  return lab.machines.map((machine) => {
    const { bmcName: name, bmc } = machine
    const files = filesOf(lab, name)
    return {
      ...{ name, kind: 'bmc', address: `${bmc.address}:${bmc.port}`, ...files },
      start: async () => {
        const words = await bmcWords(lab, machine)
        const environment = { IRONRAFT_BMC_PASSWORD: lab.bmcPassword }
        await start({ namespace: lab.switchNamespace, words, environment, ...files })
      },
    }
  })
}

async function bmcWords(lab: Lab, machine: LabMachine): Promise<readonly string[]> {
  const { type, address, port } = machine.bmc
  const button = buttonOf(lab, machine)
  if (type === 'redfish') return [...NODE, REDFISH, address, String(port), button]
  const directory = join(lab.directory, 'bmcs', machine.bmcName)
  const access = { user: BMC_USER, password: lab.bmcPassword }
  return ['ipmi_sim', ...(await makeIpmiBmc({ directory, address, port, button, ...access }))]
}

function doorOf(lab: Lab): LabProcess {
  const files = filesOf(lab, 'door')
  return {
    ...{
      name: 'door',
      kind: 'door',
      address: [lab.regions.at(0), lab.regions.at(-1)].map((each) => each?.url).join(' … '),
      ...files,
    },
    start: () => startDoor(lab, files),
  }
}

function filesOf(lab: Lab, name: string): { readonly pidFile: string; readonly log: string } {
  const base = join(lab.directory, 'run', name)
  return { pidFile: `${base}.pid`, log: `${base}.log` }
}

/** The signal is aborted when it ends. */
async function start(process_: {
  readonly namespace: string
  readonly words: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly log: string
  readonly pidFile: string | null
}): Promise<AbortSignal> {
  const { namespace, words, environment = {}, log: path } = process_
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const log = await open(path, 'a', 0o600)
  // `ip netns exec` becomes the program: the pid is the same.
  const child = spawn('ip', ['netns', 'exec', namespace, ...words], {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, ...environment },
  })
  const failed = new Promise<Error>((resolve) => child.once('error', resolve))
  await log.close()
  child.unref()
  if (child.pid === undefined) {
    throw new AppError('INTERNAL', `${words[0]} cannot be started: ${(await failed).message}`)
  }
  const ended = new AbortController()
  child.once('exit', () => ended.abort())
  if (process_.pidFile !== null) await recordPid(process_.pidFile, child.pid)
  return ended.signal
}

async function untilClaimed(node: {
  readonly file: string
  readonly name: string
  readonly ended: AbortSignal
}): Promise<void> {
  const { file, name, ended } = node
  while ((await readPid(file)) === null) {
    if (ended.aborted) throw new AppError('INTERNAL', `${name} ended at its start; see its log.`)
    await new Promise((resolve) => setTimeout(resolve, CLAIM_LOOK_MS))
  }
}

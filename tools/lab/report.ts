// How a lab is: which of its processes run, which machines are on and what the regions say of them; and the words that
// tell a user what to do next.
import { runCommand } from './run-command.ts'
import { Client } from '../client.ts'
import { readCluster } from '../cluster-directory.ts'
import { formatTable } from '../output.ts'
import {
  bmcAddress,
  createWords,
  type Lab,
  type LabMachine,
  machineDirectory,
  regionDirectory,
} from './plan.ts'
import { leaderOf } from './leader.ts'
import { buttonOf } from './power-button.ts'
import { pidOf, processesOf } from './processes.ts'

export type LabReport = {
  readonly directory: string
  readonly ready: boolean
  readonly profile: string
  readonly api_urls: readonly string[]
  readonly processes: readonly {
    readonly name: string
    readonly state: 'running' | 'stopped'
    /** Of a region: it leads. */
    readonly role: 'leader' | null
    readonly pid: number | null
    readonly address: string
    readonly log: string
  }[]
  readonly machines: readonly MachineReport[]
}
type MachineReport = {
  readonly name: string
  readonly power: 'on' | 'off'
  readonly firmware: string
  readonly mac_address: string
  readonly power_type: string
  readonly power_address: string
  readonly directory: string
  /** As the regions list it; null: they do not know it, or none answers. */
  readonly system_id: string | null
  readonly status_name: string | null
  /** Adds it with its BMC. */
  readonly create: string
}
type Known = {
  readonly system_id: string
  readonly status_name: string
  readonly interface_set: readonly { readonly mac_address: string }[]
}

const ASK_MS = 3_000

export async function reportOf(lab: Lab): Promise<LabReport> {
  const leader = await leaderOf(lab)
  const processes = await Promise.all(
    processesOf(lab).map(async (each) => {
      const pid = await pidOf(each)
      const state = pid === null ? ('stopped' as const) : ('running' as const)
      const role = each.name === leader?.name ? ('leader' as const) : null
      return { name: each.name, state, role, pid, address: each.address, log: each.log }
    }),
  )
  const known = await knownMachines(lab)
  return {
    ...{ directory: lab.directory, ready: lab.ready, profile: lab.profile },
    api_urls: lab.regions.map(({ url }) => url),
    processes,
    machines: await Promise.all(lab.machines.map((machine) => machineReport(lab, machine, known))),
  }
}

/** Nothing when no region answers soon. */
async function knownMachines(lab: Lab): Promise<readonly Known[]> {
  const cluster = await readCluster(regionDirectory(lab)).catch(() => null)
  const apiKey = cluster?.admin?.apiKey ?? null
  const urls = lab.regions.map(({ url }) => url)
  const client = new Client({ urls, apiKey, timeoutMs: ASK_MS, tryTimeoutMs: ASK_MS })
  return client.get<readonly Known[]>('/MAAS/api/2.0/machines/').catch(() => [])
}

async function machineReport(
  lab: Lab,
  machine: LabMachine,
  known: readonly Known[],
): Promise<MachineReport> {
  const { name, firmware, mac, bmc } = machine
  const pressed = await runCommand(buttonOf(lab, machine), ['status']).catch(() => null)
  const found = known.find((each) => each.interface_set.some((nic) => nic.mac_address === mac))
  return {
    ...{ name, power: pressed?.stdout.trim() === 'on' ? 'on' : 'off', firmware, mac_address: mac },
    ...{ power_type: bmc.type, power_address: bmcAddress(machine) },
    directory: machineDirectory(lab, machine),
    system_id: found?.system_id ?? null,
    status_name: found?.status_name ?? null,
    create: `ironraft ${createWords(lab, machine).join(' ')}`,
  }
}

export function formatReport(report: LabReport): string {
  const { directory, ready, processes, machines } = report
  const lines = [
    ...(ready ? [] : [`The lab in ${directory} is not finished: \`ironraft lab down\` clears it.`]),
    formatTable(processes, ['name', 'state', 'role', 'pid', 'address', 'log']),
  ]
  if (machines.length > 0) {
    const columns = ['name', 'power', 'firmware', 'mac:mac_address', 'bmc:power_type']
    const more = ['bmc_address:power_address', 'system_id', 'status:status_name']
    lines.push('', formatTable(machines, [...columns, ...more]))
  }
  return lines.join('\n')
}

/** After `lab up`. `isDefault`: commands find the lab without `--dir`. */
export function nextSteps(lab: Lab, report: LabReport, isDefault: boolean): string {
  const [machine] = report.machines
  const inside = `ip netns exec ${lab.switchNamespace} bash`
  const where = isDefault ? '' : ` --dir ${lab.directory}`
  const say = (words: string): string => `  npx ironraft lab ${words}${where}`
  return [
    `The lab is up; its regions answer at ${report.api_urls.join(', ')}, --profile ${lab.profile}.`,
    '',
    formatReport(report),
    '',
    ...(machine === undefined
      ? []
      : [
          'Switch a machine on, so that it enlists itself, and watch it:',
          say(`power ${machine.name} on`),
          say(`console ${machine.name} --follow`),
          'Or add machines with their BMCs; the region then switches them on and commissions them:',
          ...report.machines.map(({ create }) => `  npx ${create}`),
        ]),
    `A shell on the machines' network: ${inside}`,
    'Break it, mend it, look at it, end it:',
    ...['kill rack-1', 'start rack-1', 'status', 'down'].map(say),
  ].join('\n')
}

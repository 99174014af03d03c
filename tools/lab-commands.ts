// `ironraft lab …`: a machine room of virtual machines in network namespaces, for everybody without hardware.
import type { Command, Option } from './command-line.ts'

const DIRECTORY: Option = {
  name: 'dir',
  value: 'DIR',
  default: './ironraft-lab',
  help: 'where the lab is (default ./ironraft-lab)',
}
const JSON_OPTION: Option = { name: 'json', help: 'print JSON, one line, last on standard output' }

const UP: readonly Option[] = [
  {
    ...{ name: 'machines', value: 'N', kind: 'whole', default: '3' },
    help: 'virtual machines, at most 16 (default 3)',
  },
  {
    ...{ name: 'racks', value: 'N', kind: 'count', default: '2' },
    help: 'racks, at most 8 (default 2)',
  },
  {
    ...{ name: 'regions', value: 'N', kind: 'count', choices: ['1', '3', '5'], default: '3' },
    help: '1, 3 or 5 region nodes (default 3)',
  },
  {
    ...{ name: 'firmware', value: 'F[,F]', default: 'bios,uefi' },
    help: 'of the machines in turn: bios behind IPMI, uefi behind Redfish (default bios,uefi)',
  },
  {
    ...{ name: 'memory', value: 'MIB', kind: 'count', default: '1024' },
    help: 'of each machine (default 1024)',
  },
  {
    ...{ name: 'cpus', value: 'N', kind: 'count', default: '1' },
    help: "of each machine; more than the host's only slow it down (default 1)",
  },
  { name: 'kvm', help: "use the host's virtualisation, much quicker (default: emulation)" },
  {
    ...{ name: 'image', value: 'DIR[,DIR]' },
    help: 'built images to register (default: build the enlistment agent)',
  },
  {
    ...{ name: 'api-port', value: 'PORT', kind: 'port', default: '5240' },
    help: 'of the first region on this host, likewise (default 5240)',
  },
  {
    ...{ name: 'profile', value: 'PROFILE', default: 'lab' },
    help: 'login to keep it as (default lab)',
  },
  DIRECTORY,
  JSON_OPTION,
]

const NAMES = { name: 'NAME[,NAME]' }

export const LAB_COMMANDS: readonly Command[] = [
  {
    path: ['lab', 'up'],
    summary: 'make a machine room of virtual machines, racks and regions; needs root',
    options: UP,
    load: async () => (await import('./commands/lab-up.ts')).runLabUp,
  },
  {
    path: ['lab', 'status'],
    summary: 'what runs of a lab; exit 1 when something does not',
    options: [DIRECTORY, JSON_OPTION],
    load: async () => (await import('./commands/lab-status.ts')).runLabStatus,
  },
  {
    path: ['lab', 'power'],
    summary: 'press the power button of a machine: on, off or status',
    positionals: [{ name: 'NAME' }, { name: 'on|off|status' }],
    options: [DIRECTORY],
    load: async () => (await import('./commands/lab-power.ts')).runLabPower,
  },
  {
    path: ['lab', 'console'],
    summary: 'what a machine printed on its serial console',
    positionals: [{ name: 'NAME' }],
    options: [
      { ...{ name: 'lines', value: 'N', kind: 'count', default: '40' }, help: 'last so many (40)' },
      { name: 'follow', short: 'f', help: 'go on, also over restarts; Ctrl-C ends it' },
      DIRECTORY,
    ],
    load: async () => (await import('./commands/lab-console.ts')).runLabConsole,
  },
  {
    path: ['lab', 'kill'],
    summary: 'end rack-1, region-2, leader, machine-1 or bmc-1 as a power cut does',
    positionals: [NAMES],
    options: [DIRECTORY],
    load: async () => (await import('./commands/lab-kill.ts')).runLabKill,
  },
  {
    path: ['lab', 'start'],
    summary: 'start again what was killed or has ended',
    positionals: [NAMES],
    options: [DIRECTORY],
    load: async () => (await import('./commands/lab-start.ts')).runLabStart,
  },
  {
    path: ['lab', 'down'],
    summary: 'remove every process, namespace and file of a lab',
    options: [DIRECTORY],
    load: async () => (await import('./commands/lab-down.ts')).runLabDown,
  },
]

// `ironraft explain …` and `ironraft dhcp-options …`: what of /api/v1 has words of its own on the command line.
import type { Command, Option } from './command-line.ts'
import { OUTPUT } from './noun-commands.ts'

const DHCP: readonly Option[] = [
  { name: 'vlan', value: 'ID', help: 'where the client is' },
  { name: 'subnet', value: 'ID', help: 'likewise: id or CIDR' },
  { name: 'giaddr', value: 'ADDRESS', help: 'address of the relay that it is behind' },
  { name: 'rack', value: 'SYSTEM_ID', help: 'ask that rack (default: who answers first)' },
  {
    ...{ name: 'message', value: 'KIND', default: 'discover' },
    choices: ['discover', 'selecting', 'init-reboot', 'renewing', 'rebinding', 'inform'],
    help: 'discover, selecting, init-reboot, renewing, rebinding or inform (default discover)',
  },
  { name: 'ip', value: 'ADDRESS', help: 'the address that it asks for or has' },
  { name: 'server', value: 'ADDRESS', help: 'the server that it names (option 54)' },
  {
    ...{ name: 'client', value: 'KIND', choices: ['none', 'pxe', 'http', 'ipxe'] },
    help: 'how it boots: none, pxe, http or ipxe (default none)',
  },
  { name: 'architecture', value: 'N', kind: 'whole', help: 'option 93, such as 7 for x64 UEFI' },
  { name: 'vendor-class', value: 'TEXT', help: 'option 60' },
  { name: 'user-class', value: 'TEXT', help: 'option 77' },
  {
    name: 'asks',
    value: 'CODE[,CODE]',
    help: 'option 55, by number or name (default: usual ones)',
  },
]

export const EXPLAIN_COMMANDS: readonly Command[] = [
  {
    path: ['explain', 'address'],
    summary: 'who has an address by what right, and whether it would be given',
    positionals: [{ name: 'ADDRESS' }],
    options: OUTPUT,
    load: async () => (await import('./commands/explain.ts')).runExplainAddress,
  },
  {
    path: ['explain', 'name'],
    summary: 'what DNS would answer for a name, and from which rows',
    positionals: [{ name: 'NAME' }],
    options: [
      { name: 'type', value: 'TYPE', default: 'A', help: 'record type (default A)' },
      ...OUTPUT,
    ],
    load: async () => (await import('./commands/explain.ts')).runExplainName,
  },
  {
    path: ['explain', 'dhcp'],
    summary: 'what a rack would answer to a DHCP packet, and why',
    positionals: [{ name: 'MAC' }],
    options: [...DHCP, ...OUTPUT],
    load: async () => (await import('./commands/explain.ts')).runExplainDhcp,
  },
  {
    path: ['dhcp-options', 'list'],
    summary: 'list DHCP options that are set',
    options: [
      { name: 'scope', value: 'SCOPE', help: 'only those of global, vlan, subnet:3, host:MAC …' },
      ...OUTPUT,
    ],
    load: async () => (await import('./commands/dhcp-options.ts')).runListOptions,
  },
  {
    path: ['dhcp-options', 'set'],
    summary: 'set a DHCP option for global, vlan:ID, subnet:ID, range:ID or host:MAC',
    positionals: [{ name: 'SCOPE' }, { name: 'OPTION' }, { name: 'VALUE' }],
    options: [
      { name: 'type', value: 'TYPE', help: 'of an option without a type of its own, such as hex' },
      { name: 'force', help: 'also to clients that do not ask for it' },
      ...OUTPUT,
    ],
    load: async () => (await import('./commands/dhcp-options.ts')).runSetOption,
  },
  {
    path: ['dhcp-options', 'delete'],
    summary: 'set a DHCP option no more',
    positionals: [{ name: 'SCOPE' }, { name: 'OPTION' }],
    options: OUTPUT,
    load: async () => (await import('./commands/dhcp-options.ts')).runDeleteOption,
  },
]

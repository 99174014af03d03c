// Every command of `ironraft`, in the order that help shows. Loads nothing: a command's code is imported when
// it runs, so that `--help` stays quick.
import type { Command, Option } from './command-line.ts'
import { EXPLAIN_COMMANDS } from './explain-commands.ts'
import { IMAGE_COMMANDS } from './image-commands.ts'
import { IMAGE_BUILD_COMMANDS } from './image-build-commands.ts'
import { LAB_COMMANDS } from './lab-commands.ts'
import { NOUN_COMMANDS } from './noun-commands.ts'

const JSON_OPTION: Option = { name: 'json', help: 'print JSON, one line, last on standard output' }
const DIRECTORY: Option = {
  name: 'dir',
  value: 'DIR',
  default: './ironraft-data',
  help: 'data directory (default ./ironraft-data)',
}
const API_PORT: Option = {
  name: 'api-port',
  value: 'PORT',
  kind: 'port',
  default: '5240',
  help: 'API port, of the first node when there are more (default 5240)',
}
const PEER_PORT: Option = {
  name: 'peer-port',
  value: 'PORT',
  kind: 'port',
  default: '5250',
  help: 'port for regions and racks, likewise (default 5250)',
}
const ADVERTISE: Option = {
  name: 'advertise',
  value: 'HOST:PORT',
  help: 'where others reach the (first) peer port, behind NAT (default: where it listens)',
}
const CERTIFICATE_LIFETIME: Option = {
  name: 'certificate-lifetime',
  value: 'TIME',
  help: 'of the certificates of nodes and racks, such as 365d, 12h or 30m (default 365d)',
}
const HOST: Option = {
  name: 'host',
  value: 'ADDRESS',
  help: 'address of this host that others reach',
}
const DNS: Option = {
  name: 'dns',
  value: 'HOST[:PORT]',
  help: 'answer DNS there, further processes on the ports after it (default: nowhere)',
}
const LISTEN_HOST: Option = { ...HOST, default: '127.0.0.1', help: 'address to listen on' }

/** Where a node that is made on this host lives and listens. */
const placed = (host: Option, detach: string, ...more: readonly Option[]): readonly Option[] => [
  ...[DIRECTORY, host, API_PORT, PEER_PORT, DNS, ...more],
  { name: 'detach', help: `return when ${detach}, leave it running` },
  JSON_OPTION,
]
const RACK_PORTS: readonly Option[] = [
  { name: 'http-port', value: 'PORT', kind: 'port', help: 'HTTP boot (default 5248)' },
  { name: 'tftp-port', value: 'PORT', kind: 'port', help: 'TFTP (default 69)' },
  { name: 'dhcp-port', value: 'PORT', kind: 'port', help: 'DHCP (default 67)' },
  { name: 'boot-files', value: 'DIR', help: 'boot loaders (default: those of the ipxe package)' },
]
const ENDURANCE: Option = {
  name: 'endurance',
  value: 'WHEN',
  choices: ['auto', 'on', 'off'],
  default: 'auto',
  help: 'DHCP without a region (auto: not on virtual machines)',
}
const LOG_LEVEL: Option = {
  name: 'log-level',
  value: 'LEVEL',
  choices: ['debug', 'info', 'warn', 'error'],
  default: 'info',
  help: 'debug, info, warn or error (default info)',
}

const ACCEPT_DUPLICATES: Option = {
  name: 'accept-duplicate-addresses',
  help: 'give addresses at once, though leases of the old cluster may still run',
}
const CLUSTER_OPTIONS: readonly Option[] = [
  { name: 'dir', value: 'DIR', help: 'ask the regions of this data directory' },
  { name: 'url', value: 'URL[,URL]', help: 'ask these regions' },
  { name: 'profile', value: 'PROFILE', help: 'ask the regions of this login' },
  JSON_OPTION,
]

const REGION_COMMANDS: readonly Command[] = [
  {
    path: ['region', 'bootstrap'],
    summary: 'start a whole region cluster on this host; safe to run again',
    options: [
      {
        name: 'nodes',
        value: 'N',
        kind: 'count',
        choices: ['1', '3', '5'],
        default: '3',
        help: '1, 3 or 5 region nodes (default 3)',
      },
      ...placed(LISTEN_HOST, 'the cluster is ready', ADVERTISE, CERTIFICATE_LIFETIME),
    ],
    load: async () => (await import('./commands/region-bootstrap.ts')).runBootstrap,
  },
  {
    path: ['region', 'init'],
    summary: 'prepare and run the first node of a cluster on this host',
    options: placed(HOST, 'the node is ready', ADVERTISE, CERTIFICATE_LIFETIME),
    load: async () => (await import('./commands/region-init.ts')).runInit,
  },
  {
    path: ['region', 'token'],
    summary: 'make a one-time token with which a region node joins',
    options: [
      { name: 'rack', help: 'for a rack instead' },
      { name: 'list', help: 'show the tokens that there are, without their secrets' },
      { name: 'revoke', value: 'ID', help: 'put an end to the token of that id' },
      {
        name: 'minutes',
        value: 'N',
        kind: 'count',
        default: '60',
        help: 'how long it is good (default 60)',
      },
      ...CLUSTER_OPTIONS,
    ],
    load: async () => (await import('./commands/region-token.ts')).runToken,
  },
  {
    path: ['region', 'join'],
    summary: 'run one more region node on this host; TOKEN is needed the first time',
    positionals: [{ name: 'TOKEN', optional: true }],
    options: placed(HOST, 'the node is a voter', ADVERTISE),
    load: async () => (await import('./commands/region-join.ts')).runJoin,
  },
  {
    path: ['region', 'leave'],
    summary: 'take the node of this host out of its cluster for good',
    options: [
      DIRECTORY,
      { name: 'node', value: 'ID', help: 'which one, when the directory holds several' },
      JSON_OPTION,
    ],
    load: async () => (await import('./commands/region-leave.ts')).runLeave,
  },
  {
    path: ['region', 'remove'],
    summary: 'take a node out of the cluster for good, also a dead one',
    positionals: [{ name: 'ID' }],
    options: CLUSTER_OPTIONS,
    load: async () => (await import('./commands/region-remove.ts')).runRemove,
  },
  {
    path: ['region', 'transfer'],
    summary: 'hand leadership to a node, or to the most up-to-date one',
    positionals: [{ name: 'ID', optional: true }],
    options: CLUSTER_OPTIONS,
    load: async () => (await import('./commands/region-transfer.ts')).runTransfer,
  },
  {
    path: ['region', 'status'],
    summary: 'who leads, who follows and how far; exit 7 without a healthy quorum',
    options: CLUSTER_OPTIONS,
    load: async () => (await import('./commands/region-status.ts')).runStatus,
  },
  {
    path: ['region', 'stop'],
    summary: 'stop the region nodes of a data directory gracefully',
    options: [DIRECTORY, JSON_OPTION],
    load: async () => (await import('./commands/region-stop.ts')).runStop,
  },
  {
    path: ['region', 'backup'],
    summary: 'write the whole state of this moment to a file, from any region',
    positionals: [{ name: 'FILE' }],
    options: CLUSTER_OPTIONS,
    load: async () => (await import('./commands/region-backup.ts')).runBackup,
  },
  {
    path: ['region', 'restore'],
    summary: 'make and run a new cluster of one node from a backup',
    positionals: [{ name: 'FILE' }],
    options: placed(LISTEN_HOST, 'the node is ready', ACCEPT_DUPLICATES),
    load: async () => (await import('./commands/region-restore.ts')).runRestore,
  },
  {
    path: ['region', 'recover'],
    summary: 'last resort: a new cluster from one node of a cluster that lost its majority',
    options: [
      DIRECTORY,
      { name: 'node', value: 'ID', help: 'the surviving node, when the directory holds several' },
      { name: 'accept-data-loss', help: 'do it; without it only what would happen is said' },
      ACCEPT_DUPLICATES,
      { name: 'detach', help: 'return when the node is ready, leave it running' },
      JSON_OPTION,
    ],
    load: async () => (await import('./commands/region-recover.ts')).runRecover,
  },
  {
    path: ['region', 'renew'],
    summary: 'make a new certificate for the stopped node of this host, by the CA key it holds',
    options: [
      DIRECTORY,
      { name: 'node', value: 'ID', help: 'which one, when the directory holds several' },
      CERTIFICATE_LIFETIME,
      JSON_OPTION,
    ],
    load: async () => (await import('./commands/region-renew.ts')).runRenew,
  },
  {
    path: ['region', 'run'],
    summary: 'run one prepared region node in the foreground',
    hidden: true,
    options: [{ ...DIRECTORY, help: 'directory of the node' }, DNS, LOG_LEVEL],
    load: async () => (await import('./commands/region-run.ts')).runRegion,
  },
]

const RACK_COMMANDS: readonly Command[] = [
  {
    path: ['rack', 'start'],
    summary: 'run a rack in the foreground; the token is needed the first time',
    options: [
      { name: 'token', value: 'TOKEN', help: 'rack_token of the bootstrap' },
      { name: 'region', value: 'URL[,URL]', help: 'peer addresses of regions, instead of a token' },
      { name: 'secret', value: 'SECRET', help: 'secret that goes with --region' },
      { name: 'dir', value: 'DIR', default: './ironraft-rack', help: "the rack's own directory" },
      {
        name: 'interface',
        value: 'IF[,IF]',
        help: 'interfaces that may serve DHCP (default none)',
      },
      ...RACK_PORTS,
      DNS,
      ENDURANCE,
      LOG_LEVEL,
      JSON_OPTION,
    ],
    load: async () => (await import('./commands/rack-start.ts')).runRack,
  },
]

const OTHER_COMMANDS: readonly Command[] = [
  {
    path: ['start'],
    summary: 'three regions and a rack on this host, without DHCP; Ctrl-C stops all',
    options: [DIRECTORY, API_PORT, PEER_PORT, DNS],
    load: async () => (await import('./commands/start.ts')).runStart,
  },
  {
    path: ['login'],
    summary: 'keep the URLs and the key of a cluster as a profile',
    positionals: [{ name: 'PROFILE' }, { name: 'URL[,URL]' }, { name: 'API_KEY' }],
    options: [],
    load: async () => (await import('./commands/login.ts')).runLogin,
  },
  {
    path: ['api'],
    summary: 'one call of the API: METHOD PATH [field=value …]; prints what it answers',
    positionals: [{ name: 'METHOD' }, { name: 'PATH' }],
    fields: true,
    options: [
      { name: 'op', value: 'NAME', help: "operation, for MAAS's API" },
      { name: 'json-body', help: 'send the fields as JSON, not as a form' },
      { name: 'profile', value: 'PROFILE', help: 'login to use' },
      { name: 'url', value: 'URL[,URL]', help: 'regions to ask (default IRONRAFT_ENDPOINT)' },
    ],
    load: async () => (await import('./commands/api.ts')).runApi,
  },
  {
    path: ['sim', 'lease'],
    summary: 'simulate leases of regions, racks and clients; exit 0 pass, 1 fail, 9 could not tell',
    options: [
      { name: 'seed', value: 'N', kind: 'count', help: 'repeat this one seed' },
      { name: 'seeds', value: 'N', kind: 'count', help: 'seeds 0 to N-1 (default 40)' },
      { name: 'mutants', help: 'run every naive variant of the protocol; each must be caught' },
      JSON_OPTION,
    ],
    load: async () => (await import('./commands/sim-lease.ts')).runSimLease,
  },
  {
    path: ['chaos'],
    summary:
      'real processes, real faults, checked histories; exit 0 pass, 1 fail, 9 could not tell',
    options: [
      {
        name: 'nodes',
        value: 'N',
        kind: 'count',
        choices: ['3', '5'],
        default: '3',
        help: '3 or 5 region nodes (default 3)',
      },
      {
        name: 'seconds',
        value: 'N',
        kind: 'count',
        default: '60',
        help: 'how long faults happen (default 60)',
      },
      {
        name: 'workload',
        value: 'W[,W]',
        default: 'register,append,bank,event-stream',
        help: 'what clients do, or all (default register,append,bank,event-stream)',
      },
      {
        name: 'nemesis',
        value: 'N[,N]',
        default: 'kill,pause,partition',
        help: 'which faults happen, or all (default kill,pause,partition)',
      },
      { name: 'seed', value: 'N', kind: 'count', help: 'repeats the plan of a run' },
      {
        name: 'report',
        value: 'DIR',
        default: './chaos-report',
        help: 'where to leave report and histories (default ./chaos-report)',
      },
      JSON_OPTION,
    ],
    load: async () => (await import('./commands/chaos.ts')).runChaosCommand,
  },
  {
    path: ['sim'],
    summary: 'simulate whole regions under faults; exit 0 pass, 1 fail, 9 could not tell',
    options: [
      { name: 'seed', value: 'N', kind: 'whole', help: 'repeat this one seed' },
      { name: 'seeds', value: 'N', kind: 'count', help: 'seeds 0 to N-1 (default 100)' },
      {
        name: 'nodes',
        value: 'N',
        choices: ['3', '5'],
        help: '3 or 5 nodes (default 3, and 5 for every third seed)',
      },
      { name: 'ticks', value: 'N', kind: 'count', help: 'ticks of 50 ms a seed (default 2000)' },
      { name: 'mutants', help: 'run every deliberate bug; each must be caught' },
      JSON_OPTION,
    ],
    load: async () => (await import('./commands/sim.ts')).runSim,
  },
  {
    path: ['completion'],
    summary: 'print the completion script of bash, zsh or fish',
    positionals: [{ name: 'SHELL' }],
    options: [],
    load: async () => {
      const { runCompletion } = await import('./completion.ts')
      return (args, io) => runCompletion(COMMANDS, args, io)
    },
  },
]

export const COMMANDS: readonly Command[] = [
  ...REGION_COMMANDS,
  ...RACK_COMMANDS,
  ...IMAGE_BUILD_COMMANDS,
  ...NOUN_COMMANDS,
  ...EXPLAIN_COMMANDS,
  ...IMAGE_COMMANDS,
  ...LAB_COMMANDS,
  ...OTHER_COMMANDS,
]

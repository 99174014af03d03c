// Machines and devices.
import { STORAGE_VERBS } from './machine-storage.ts'
import { field, fields, flag, removal, type Noun, type Verb } from './noun.ts'

const MACS = fields('mac-addresses', 'MAC', 'of one interface; may be repeated')
const HOSTNAME = field('hostname', 'NAME', 'made from the system id when absent')
const COMMENT = field('comment', 'TEXT', 'why, for the event list')
const SSH = flag('enable-ssh', 'stay on afterwards, reachable by SSH')
const TESTS = fields('testing-scripts', 'NAME', 'tests to run; may be repeated')
const USER_DATA = field('user-data', 'BASE64', 'what cloud-init is given')

const BRIDGES = [
  flag('bridge-all', 'a bridge over every configured interface, until it is released'),
  field('bridge-type', 'TYPE', 'of these bridges: standard or ovs'),
  flag('bridge-stp', 'spanning tree on these bridges'),
  field('bridge-fd', 'SECONDS', 'forward delay of these bridges'),
]

/** An operation that is its name with underscores. */
function act(verb: string, summary: string, more: Partial<Verb> = {}): Verb {
  return { verb, op: verb.replaceAll('-', '_'), summary, options: [COMMENT], ...more }
}

const LIFE: readonly Verb[] = [
  act('commission', 'find out what it is made of', {
    waitsFor: ['Ready', 'New'],
    options: [
      ...[SSH, TESTS, fields('commissioning-scripts', 'NAME', 'scripts to run; may be repeated')],
      flag('skip-networking', 'leave its interfaces as they are'),
      flag('skip-storage', 'leave its disks as they are'),
      flag('skip-bmc-config', 'leave its BMC as it is'),
    ],
  }),
  act('allocate', 'get one that fits', {
    on: 'collection',
    options: [
      field('name', 'NAME', 'hostname of the machine'),
      field('system-id', 'SYSTEM_ID', 'that very one'),
      field('arch', 'ARCH', 'for instance amd64'),
      field('cpu-count', 'N', 'CPUs at least'),
      field('mem', 'MIB', 'memory at least'),
      fields('tags', 'TAG', 'that it has; may be repeated'),
      fields('not-tags', 'TAG', 'that it has not; may be repeated'),
      field('zone', 'NAME', 'zone it is in'),
      field('pool', 'NAME', 'pool it is in'),
      fields('subnets', 'SUBNET', 'that it is on; may be repeated'),
      field('storage', 'DISKS', 'label:size(tag,…),… in GB'),
      field('interfaces', 'INTERFACES', 'label:key=value,…;…'),
      ...[field('agent-name', 'NAME', 'what it is for'), COMMENT, ...BRIDGES],
      flag('dry-run', 'say which it would be'),
    ],
  }),
  act('deploy', 'install an operating system', {
    waitsFor: ['Deployed'],
    options: [
      field('distro-series', 'RELEASE', 'such as debian/bookworm; default by the settings'),
      field('hwe-kernel', 'KERNEL', 'kernel to install'),
      flag('ephemeral-deploy', 'run from memory'),
      ...[USER_DATA, COMMENT, ...BRIDGES],
    ],
  }),
  act('release', 'give it back', {
    waitsFor: ['Ready'],
    options: [
      ...[flag('erase', 'erase its disks'), flag('quick-erase', 'only beginning and end of them')],
      ...[flag('secure-erase', 'by the means of the disk'), COMMENT],
    ],
  }),
  act('clone', 'configure others like one, all or none', {
    on: 'collection',
    options: [
      field('source', 'SYSTEM_ID', 'the one to be like'),
      fields('destinations', 'SYSTEM_ID', 'those that become like it; may be repeated'),
      flag('storage', 'how its disks are laid out'),
      flag('interfaces', 'its network; static addresses are new ones'),
    ],
  }),
  act('abort', 'break off what is under way'),
  act('test', 'test its hardware', {
    waitsFor: ['Ready', 'New', 'Allocated', 'Deployed', 'Rescue mode'],
    options: [SSH, TESTS],
  }),
  act('override-failed-testing', 'use it though a test failed'),
  act('mark-broken', 'say that it is broken'),
  act('mark-fixed', 'say that it is no longer broken'),
  act('rescue-mode', 'boot it into rescue mode', { waitsFor: ['Rescue mode'] }),
  act('exit-rescue-mode', 'end rescue mode'),
  act('lock', 'keep it from being changed'),
  act('unlock', 'let it be changed again'),
  act('power-on', 'switch it on', { options: [USER_DATA, COMMENT] }),
  act('power-off', 'switch it off', {
    options: [field('stop-mode', 'HOW', 'hard or soft'), COMMENT],
  }),
  act('restore-networking-configuration', 'configure its network as commissioning does', {
    options: [],
  }),
  act('restore-default-configuration', 'configure it as commissioning does', { options: [] }),
  act('clear-default-gateways', 'forget which default gateways were chosen', { options: [] }),
  act('query-power-state', 'show whether it is on', { method: 'GET', columns: ['state'] }),
  act('set-workload-annotations', 'set key=value pairs; an empty value takes one away', {
    options: [],
  }),
]

const SEVERAL = fields('machines', 'SYSTEM_ID', 'which; may be repeated')

/** Of several at once, and what is no step of a life. */
const MANY: readonly Verb[] = [
  act('accept', 'commission new machines, all or none', { on: 'collection', options: [SEVERAL] }),
  act('accept-all', 'commission every new machine', { on: 'collection', options: [] }),
  {
    ...{ verb: 'release-all', op: 'release', on: 'collection' },
    ...{ summary: 'give several back, all or none', options: [SEVERAL, COMMENT] },
  },
  act('set-owner-data', 'set key=value pairs of its owner; an empty value takes one away', {
    options: [],
  }),
]

export const MACHINE_NOUNS: readonly Noun[] = [
  {
    ...{ noun: 'machines', summary: 'machines', path: 'machines' },
    ...{ id: 'SYSTEM_ID', key: 'system_id' },
    columns: ['system_id', 'hostname', 'status:status_name', 'architecture', 'cpus:cpu_count'],
    wide: ['memory', 'mac:boot_interface.mac_address', 'addresses:ip_addresses', 'power_state'],
    tables: ['machines', 'interfaces', 'block_devices', 'machine_storage'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a machine by hand' },
        options: [
          MACS,
          field('architecture', 'ARCH', 'for instance amd64/generic'),
          HOSTNAME,
          field('power-type', 'TYPE', 'how it is powered'),
        ],
      },
      {
        ...{ verb: 'update', summary: 'change a machine' },
        options: [
          field('hostname', 'NAME', 'what it is called'),
          field('description', 'TEXT', 'what it is for'),
          ...[field('zone', 'NAME', 'zone it moves to'), field('pool', 'NAME', 'pool it moves to')],
          field(
            'power-type',
            'TYPE',
            'how it is powered; its settings are power_parameters_NAME=…',
          ),
        ],
      },
      ...MANY,
      ...LIFE,
      ...STORAGE_VERBS,
      removal('forget a machine'),
    ],
  },
  {
    ...{ noun: 'devices', summary: 'devices that are not deployed', path: 'devices' },
    ...{ id: 'SYSTEM_ID', key: 'system_id' },
    columns: ['system_id', 'hostname', 'owner', 'addresses:ip_addresses', 'parent'],
    tables: ['devices', 'interfaces'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a device' },
        options: [MACS, HOSTNAME, field('parent', 'SYSTEM_ID', 'machine it belongs to')],
      },
      {
        ...{ verb: 'update', summary: 'change a device' },
        options: [
          HOSTNAME,
          field('zone', 'NAME', 'zone it moves to'),
          field('parent', 'SYSTEM_ID', 'machine it belongs to'),
          field('description', 'TEXT', 'what it is'),
        ],
      },
      {
        ...{ verb: 'annotate', op: 'set_workload_annotations' },
        summary: 'set key=value …; an empty value deletes the key',
      },
      removal('forget a device'),
    ],
  },
]

// Machines and devices.
import { field, fields, removal, type Noun } from './noun.ts'

const MACS = fields('mac-addresses', 'MAC', 'of one interface; may be repeated')
const HOSTNAME = field('hostname', 'NAME', 'made from the system id when absent')

export const MACHINE_NOUNS: readonly Noun[] = [
  {
    ...{ noun: 'machines', summary: 'machines', path: 'machines' },
    ...{ id: 'SYSTEM_ID', key: 'system_id' },
    columns: ['system_id', 'hostname', 'status:status_name', 'architecture', 'cpus:cpu_count'],
    wide: ['memory', 'mac:boot_interface.mac_address', 'addresses:ip_addresses', 'power_state'],
    tables: ['machines', 'interfaces', 'block_devices'],
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

// Ways to turn a machine on and off, and the parameters that each needs, in MAAS's names (maas-features §13): clients
// build their forms from it, a driver reads its parameters by it. Facts only; a type that is listed is not thereby driven.

export type PowerField = {
  readonly name: string
  readonly label: string
  readonly type: 'string' | 'password' | 'choice' | 'multiple_choice' | 'mac_address'
  /** Value and label; empty for fields that are no choice. */
  readonly choices: readonly (readonly [value: string, label: string])[]
  /** What is used when nothing is given; '' when nothing is. */
  readonly default: string
  readonly required: boolean
  /** `bmc`: the same for all machines behind one controller; `node`: of one machine. */
  readonly scope: 'bmc' | 'node'
  /** Not shown to those who may not see credentials. */
  readonly secret: boolean
}

export type PowerType = {
  /** The `power_type` of machines. */
  readonly name: string
  readonly description: string
  /** One controller has many machines and can list them. */
  readonly isChassis: boolean
  /** The state can be asked for. */
  readonly isQueryable: boolean
  readonly fields: readonly PowerField[]
}

type More = Partial<Omit<PowerField, 'name' | 'label'>>

function field(name: string, label: string, more: More = {}): PowerField {
  const plain = { type: 'string', choices: [], default: '', required: false } as const
  return { ...{ name, label, ...plain, scope: 'bmc', secret: false }, ...more }
}

function choice(
  name: string,
  label: string,
  choices: PowerField['choices'],
  more: More = {},
): PowerField {
  return field(name, label, { type: 'choice', choices, ...more })
}

const NEEDED = { required: true } as const
const OF_NODE = { required: true, scope: 'node' } as const

const address = field('power_address', 'Address', NEEDED)
const user = field('power_user', 'User')
const password = field('power_pass', 'Password', { type: 'password', secret: true })
const credentials = [address, user, password] as const
const verifySsl = choice(
  'power_verify_ssl',
  'Verify TLS certificates',
  [
    ['n', 'No'],
    ['y', 'Yes'],
  ],
  { default: 'n', required: true },
)
const outlet = field('node_outlet', 'Outlet', { ...OF_NODE, default: '1' })
const delay = field('power_on_delay', 'Seconds between off and on', { default: '5' })

const DRIVERS: PowerField['choices'] = [
  ['LAN', 'IPMI 1.5'],
  ['LAN_2_0', 'IPMI 2.0'],
]
const BOOT_TYPES: PowerField['choices'] = [
  ['auto', 'Automatic'],
  ['legacy', 'Legacy'],
  ['efi', 'EFI'],
]
const CIPHER_SUITES: PowerField['choices'] = [
  ['17', '17: HMAC-SHA256, AES-CBC-128'],
  ['3', '3: HMAC-SHA1, AES-CBC-128'],
  ['', 'What the tool takes'],
  ['8', '8: HMAC-MD5, AES-CBC-128'],
  ['12', '12: HMAC-MD5, MD5-128, AES-CBC-128'],
]
const PRIVILEGES: PowerField['choices'] = [
  ['USER', 'User'],
  ['OPERATOR', 'Operator'],
  ['ADMIN', 'Administrator'],
]
const WORKAROUNDS: PowerField['choices'] = [
  'opensesspriv authcap idzero unexpectedauth forcepermsg endianseq intel20 supermicro20 sun20',
  'nochecksumcheck integritycheckvalue ipmiping',
].flatMap((line) => line.split(' ').map((flag) => [flag, flag] as const))
const OFF_MODES: PowerField['choices'] = [
  ['hard', 'At once'],
  ['soft', 'Ask the system to shut down'],
]

type Kind = Partial<Pick<PowerType, 'isChassis' | 'isQueryable'>>

function type(
  [name, description]: readonly [string, string],
  fields: readonly PowerField[],
  { isChassis = false, isQueryable = true }: Kind = {},
): PowerType {
  return { name, description, isChassis, isQueryable, fields }
}

const CHASSIS = { isChassis: true } as const

/** In the order in which they are offered. */
export const POWER_TYPES: readonly PowerType[] = [
  type(['manual', 'By hand'], [], { isQueryable: false }),
  type(
    ['ipmi', 'IPMI'],
    [
      choice('power_driver', 'Protocol', DRIVERS, { default: 'LAN_2_0', required: true }),
      choice('power_boot_type', 'Boot type', BOOT_TYPES, { default: 'auto', scope: 'node' }),
      ...credentials,
      field('k_g', 'K_g key of the BMC', { type: 'password', secret: true }),
      choice('cipher_suite_id', 'Cipher suite', CIPHER_SUITES, { default: '3' }),
      choice('privilege_level', 'Privilege level', PRIVILEGES, { default: 'OPERATOR' }),
      choice('workaround_flags', 'Workarounds', WORKAROUNDS, {
        ...{ type: 'multiple_choice', default: 'opensesspriv' },
      }),
      field('mac_address', 'MAC address of the BMC', { type: 'mac_address', scope: 'node' }),
      choice('power_off_mode', 'Way to turn off', OFF_MODES, { default: 'hard', scope: 'node' }),
    ],
  ),
  type(
    ['redfish', 'Redfish'],
    [
      ...[address, { ...user, ...NEEDED }, { ...password, ...NEEDED }],
      field('node_id', 'System id', { scope: 'node' }),
    ],
  ),
  type(
    ['virsh', 'libvirt (virsh)'],
    [address, password, field('power_id', 'Domain', OF_NODE)],
    CHASSIS,
  ),
  type(
    ['lxd', 'LXD'],
    [
      ...[address, field('instance_name', 'Instance', OF_NODE)],
      field('project', 'Project', { default: 'default' }),
      field('certificate', 'Client certificate, PEM'),
      field('key', 'Key of the certificate, PEM', { type: 'password', secret: true }),
    ],
    CHASSIS,
  ),
  type(
    ['webhook', 'Webhook'],
    [
      field('power_on_uri', 'URI that turns on', OF_NODE),
      field('power_off_uri', 'URI that turns off', OF_NODE),
      field('power_query_uri', 'URI that tells the state', OF_NODE),
      field('power_on_regex', 'Answer when on', {
        ...{ default: String.raw`status.*\:.*running`, ...OF_NODE },
      }),
      field('power_off_regex', 'Answer when off', {
        ...{ default: String.raw`status.*\:.*stopped`, ...OF_NODE },
      }),
      ...[user, password],
      field('power_token', 'Bearer token', { type: 'password', secret: true }),
      verifySsl,
    ],
  ),
  type(
    ['proxmox', 'Proxmox'],
    [
      ...[address, { ...user, ...NEEDED }, password],
      field('power_token_name', 'Name of the API token'),
      field('power_token_secret', 'API token', { type: 'password', secret: true }),
      field('power_vm_name', 'Virtual machine', OF_NODE),
      verifySsl,
    ],
    CHASSIS,
  ),
  type(['amt', 'Intel AMT'], [...credentials, field('port', 'Port')]),
  type(
    ['vmware', 'VMware'],
    [
      field('power_vm_name', 'Virtual machine', { scope: 'node' }),
      field('power_uuid', 'UUID of the virtual machine', { scope: 'node' }),
      ...[address, { ...user, ...NEEDED }, { ...password, ...NEEDED }],
      ...[field('power_port', 'Port'), field('power_protocol', 'Protocol')],
    ],
    CHASSIS,
  ),
  type(
    ['hmc', 'IBM HMC (Power)'],
    [
      ...[address, user, password, field('server_name', 'Managed system', OF_NODE)],
      field('lpar', 'Logical partition', OF_NODE),
    ],
    CHASSIS,
  ),
  type(
    ['hmcz', 'IBM HMC (Z)'],
    [
      ...[address, { ...user, ...NEEDED }, { ...password, ...NEEDED }],
      field('power_partition_name', 'Partition', OF_NODE),
      verifySsl,
    ],
    CHASSIS,
  ),
  type(['openbmc', 'OpenBMC'], [address, { ...user, ...NEEDED }, { ...password, ...NEEDED }]),
  type(['wedge', 'Facebook Wedge'], credentials),
  type(
    ['apc', 'APC PDU'],
    [
      ...[address, outlet, delay],
      choice('pdu_type', 'Kind of PDU', [
        ['RPDU', 'rPDU'],
        ['MASTERSWITCH', 'masterswitch'],
      ]),
    ],
  ),
  type(['dli', 'Digital Loggers PDU'], [field('outlet_id', 'Outlet', OF_NODE), ...credentials]),
  type(['eaton', 'Eaton PDU'], [address, outlet, delay]),
  type(['raritan', 'Raritan PDU'], [address, outlet, delay]),
  type(
    ['moonshot', 'HP Moonshot (iLO)'],
    [...credentials, field('power_hwaddress', 'Hardware address', OF_NODE)],
    CHASSIS,
  ),
  type(
    ['mscm', 'HP Moonshot (chassis manager)'],
    [...credentials, field('node_id', 'Node, CcNnn', OF_NODE)],
    CHASSIS,
  ),
  type(
    ['msftocs', 'Microsoft OCS'],
    [...credentials, field('power_port', 'Port'), field('blade_id', 'Blade', OF_NODE)],
    CHASSIS,
  ),
  type(
    ['sm15k', 'SeaMicro 15000'],
    [
      ...[field('system_id', 'System', OF_NODE), ...credentials],
      choice(
        'power_control',
        'Way to control',
        [
          ['ipmi', 'IPMI'],
          ['restapi', 'REST 0.9'],
          ['restapi2', 'REST 2.0'],
        ],
        { default: 'ipmi', required: true },
      ),
    ],
    CHASSIS,
  ),
  type(
    ['ucsm', 'Cisco UCS Manager'],
    [field('uuid', 'UUID of the server', OF_NODE), ...credentials],
    CHASSIS,
  ),
  type(
    ['recs_box', 'Christmann RECS|Box'],
    [field('node_id', 'Node', OF_NODE), address, field('power_port', 'Port'), user, password],
    CHASSIS,
  ),
]

/** What a BMC is found as from inside of its machine; the others name URIs, hypervisors and outlets of the site. */
export const IN_BAND_POWER_TYPES: ReadonlySet<string> = new Set([
  ...['ipmi', 'redfish', 'openbmc', 'wedge', 'moonshot'],
])

/** What a machine, or who is no administrator, may say that a machine is powered by: those, and nothing. */
export const FOUND_POWER_TYPES: ReadonlySet<string> = new Set([
  ...['', 'manual', ...IN_BAND_POWER_TYPES],
])

// The preseed of a boot: the cloud-config that `cloud-config-url` of the kernel command line names (maas-boot §5). It
// says where the metadata is and with which token, and leaves out what an environment in RAM has no use for, which
// halves the time to the first script (lab.md §5).
import type { MachineToken } from '#model/machine-token.ts'
import type { BootKind } from './boot-kind.ts'

type Secrets = Pick<MachineToken, 'consumerKey' | 'tokenKey' | 'tokenSecret'>

export type PreseedParts = {
  readonly kind: Exclude<BootKind, 'off'>
  readonly systemId: string
  /** Ends in a slash. */
  readonly metadataUrl: string
  readonly token: Secrets
  readonly sshOn: boolean
}

/** How long cloud-init looks for the metadata, seconds: a region may be electing. */
const MAX_WAIT_SECONDS = 300
/**
 * cloud-init posts its events to one host, and each of its four processes waits at its end until they are told or three
 * in a row have failed. Without a time-out one to a host that is gone takes as long as the kernel tries to connect, two
 * minutes.
 */
const WEBHOOK = { timeout: 5, retries: 0 } as const
const HEAD = '#cloud-config\n'
/** Whoever is logged in, or what failed, may want the machine to stay on. */
const UNLESS_BLOCKED = 'test ! -e /tmp/block-poweroff'

export function preseedOf(parts: PreseedParts): string {
  const { kind, systemId, metadataUrl, token, sshOn } = parts
  const url = kind === 'install' ? `${metadataUrl}curtin` : metadataUrl
  const keys = keysOf(token)
  const endpoint = `${metadataUrl}status/${systemId}`
  return [
    HEAD.trimEnd(),
    'datasource_list: [MAAS]',
    ...datasource(url, keys),
    // No `level`: cloud-init 22.4.2 ends with an exception on it.
    `reporting: ${JSON.stringify({ maas: { type: 'webhook', endpoint, ...WEBHOOK, ...keys } })}`,
    ...(kind === 'memory' ? OWN_SYSTEM : [...environment(sshOn), ...powerState(kind, sshOn)]),
    '',
  ].join('\n')
}

/**
 * It is the owner's, as an installed one: cloud-init's own modules in their own order, and it stays on. Only what is about
 * the disk of a root filesystem is off, and locales, which the image cannot make; what user data says of these wins.
 */
const OWN_SYSTEM: readonly string[] = [
  'manage_etc_hosts: true',
  'growpart: {"mode":"off"}',
  'resize_rootfs: false',
  'grub_dpkg: {"enabled":false}',
  'locale: false',
]

/** Of a machine that nobody knows: no secrets. */
export function enlistPreseed(metadataUrl: string): string {
  return [
    HEAD.trimEnd(),
    'datasource_list: [MAAS]',
    ...datasource(`${metadataUrl}enlist`, {}),
    ...environment(false),
    ...powerState('scripts', false),
    '',
  ].join('\n')
}

/** Of a machine that has nothing to do in what it booted. */
export function poweroffPreseed(): string {
  return [
    HEAD.trimEnd(),
    'datasource_list: [None]',
    ...environment(false),
    ...powerState('scripts', false),
    '',
  ].join('\n')
}

function keysOf({ consumerKey, tokenKey, tokenSecret }: Secrets): Readonly<Record<string, string>> {
  return { consumer_key: consumerKey, token_key: tokenKey, token_secret: tokenSecret }
}

/** A line for each key, so that a script can read them without knowing YAML. */
function datasource(url: string, keys: Readonly<Record<string, string>>): readonly string[] {
  const entries = Object.entries({ metadata_url: url, ...keys })
  return [
    'datasource:',
    '  MAAS:',
    ...entries.map(([name, value]) => `    ${name}: ${JSON.stringify(value)}`),
    `    max_wait: ${MAX_WAIT_SECONDS}`,
    '    timeout: 30',
  ]
}

function environment(sshOn: boolean): readonly string[] {
  const quiet = [['systemctl', '--no-block', 'stop', 'ssh.service', 'ssh.socket']]
  const modules = sshOn
    ? ['set_hostname', 'update_etc_hosts', 'users-groups', 'ssh']
    : ['bootcmd', 'set_hostname', 'update_etc_hosts']
  return [
    'manage_etc_hosts: true',
    ...(sshOn ? [] : [`bootcmd: ${JSON.stringify(quiet)}`]),
    `cloud_init_modules: ${JSON.stringify(modules)}`,
    'cloud_config_modules: []',
    'cloud_final_modules: ["scripts-user","power-state-change"]',
  ]
}

function powerState(kind: PreseedParts['kind'], sshOn: boolean): readonly string[] {
  if (kind !== 'install' && sshOn) return []
  const mode = kind === 'install' ? 'reboot' : 'poweroff'
  const state = { delay: 'now', mode, timeout: 120, condition: UNLESS_BLOCKED }
  return [`power_state: ${JSON.stringify(state)}`]
}

// The settings of MAAS (`maas/?op=set_config`) with their defaults and what each may hold, and our own. What
// acts on a setting reads it where it is needed; the README of the API says which do nothing here.
import { parseIpv4 } from '#model/ipv4.ts'
import { POWER_QUERY_SECONDS } from '#model/power-poll.ts'
import { DONE, invalid, type Handler } from './context.ts'
import type { RegionState } from './state.ts'
import type { SettingValue } from './tables.ts'

export type ConfigKey = {
  readonly standard: SettingValue
  /** JSON type; a nullable one is cleared by an empty text. */
  readonly kind: 'text' | 'integer' | 'flag'
  /** Why the value is refused; null when it is fine. The type was checked before. */
  readonly check: (value: SettingValue) => string | null
}

const TEXT_MAX = 4_096
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?$/i
const IPV6 = /^[0-9a-f:.]*:[0-9a-f:.]*$/i
const URL_TEXT = /^https?:\/\/[^\s/?#]+(?:[/?#]\S*)?$/i
const INTERVAL = /^(?:\d+\s*(?:s|m|h|d|w|second|minute|hour|day|week)s?\s*)+$/

const text = (standard: string | null, check: (value: string) => string | null = fine) => ({
  ...{ standard, kind: 'text' as const },
  check: (value: SettingValue) => {
    if (typeof value !== 'string' || value === '') return null
    return value.length > TEXT_MAX
      ? `Ensure this value has at most ${TEXT_MAX} characters.`
      : check(value)
  },
})
const flag = (standard: boolean): ConfigKey => ({ standard, kind: 'flag', check: () => null })
const integer = (standard: number, min: number, max: number): ConfigKey => ({
  ...{ standard, kind: 'integer' },
  check: (value) =>
    typeof value === 'number' && value >= min && value <= max
      ? null
      : `Enter a number from ${min} to ${max}.`,
})
const choice = (standard: string, ...choices: readonly string[]): ConfigKey => ({
  ...{ standard, kind: 'text' },
  check: (value) =>
    choices.includes(String(value))
      ? null
      : `${String(value).slice(0, 64)} is not a valid choice: ${choices.join(', ')}.`,
})
const matching = (standard: string | null, pattern: RegExp, message: string): ConfigKey =>
  text(standard, (value) => (pattern.test(value) ? null : message))
/** Hosts or addresses between commas and spaces. */
const hosts = (standard: string | null): ConfigKey =>
  text(standard, (value) => firstBad(value, (part) => isAddress(part) || HOST.test(part)))
const addresses = (standard: string | null): ConfigKey =>
  text(standard, (value) => firstBad(value, isAddress))
const networks = (standard: string | null): ConfigKey =>
  text(standard, (value) =>
    firstBad(value, (part) => {
      const [address = '', prefix = '32', ...more] = part.split('/')
      const isPrefix =
        /^\d{1,3}$/.test(prefix) && Number(prefix) <= (address.includes(':') ? 128 : 32)
      return more.length === 0 && isPrefix && (isAddress(address) || HOST.test(address))
    }),
  )
const SYSTEM = /^[\w-]{1,64}$/
const SERIES = /^[a-z][a-z0-9.-]{0,63}$/i
const aSeries = (standard: string) => matching(standard, SERIES, 'Enter the name of a release.')
const aUrl = (standard: string | null) => matching(standard, URL_TEXT, 'Enter a valid URL.')

export const CONFIG_KEYS: Readonly<Record<string, ConfigKey>> = {
  active_discovery_interval: integer(10_800, 0, 604_800),
  allow_only_trusted_transfers: flag(true),
  auto_vlan_creation: flag(true),
  boot_images_auto_import: flag(true),
  boot_images_no_proxy: flag(false),
  commissioning_distro_series: aSeries('jammy'),
  commissioning_osystem: matching('ubuntu', SYSTEM, 'Enter the name of an operating system.'),
  completed_intro: flag(true),
  curtin_verbose: flag(true),
  default_boot_interface_link_type: choice('auto', 'auto', 'static', 'dhcp', 'link_up'),
  default_distro_series: aSeries('jammy'),
  default_dns_ttl: integer(30, 1, 2 ** 31 - 1),
  default_domain: matching('maas', HOST, 'Enter a domain name.'),
  default_min_hwe_kernel: matching('', /^[\w.-]{1,64}$/, 'Enter the name of a kernel.'),
  default_osystem: matching('ubuntu', SYSTEM, 'Enter the name of an operating system.'),
  default_storage_layout: choice(
    'flat',
    ...['bcache', 'blank', 'custom', 'flat', 'lvm', 'vmfs6', 'vmfs7'],
  ),
  disk_erase_with_quick_erase: flag(false),
  disk_erase_with_secure_erase: flag(true),
  dns_trusted_acl: networks(null),
  dnssec_validation: choice('auto', 'auto', 'yes', 'no'),
  enable_analytics: flag(false),
  enable_disk_erasing_on_release: flag(false),
  enable_http_proxy: flag(true),
  enable_kernel_crash_dump: flag(false),
  enable_third_party_drivers: flag(true),
  enlist_commissioning: flag(true),
  force_v1_network_yaml: flag(false),
  hardware_sync_interval: matching('15m', INTERVAL, 'Enter a time such as 15m or 1h30m.'),
  http_proxy: aUrl(null),
  kernel_opts: text(null),
  maas_auto_ipmi_cipher_suite_id: choice('3', '', '3', '8', '12', '17'),
  maas_auto_ipmi_k_g_bmc_key: text(''),
  maas_auto_ipmi_user: matching('maas', /^[\w.-]{1,20}$/, 'Enter a user name of a BMC.'),
  maas_auto_ipmi_user_privilege_level: choice('ADMIN', 'ADMIN', 'OPERATOR', 'USER'),
  maas_auto_ipmi_workaround_flags: text(null),
  maas_internal_domain: matching('maas-internal', HOST, 'Enter a domain name.'),
  maas_name: matching('Ironraft', /^\S(?:.*\S)?$/, 'Enter a name.'),
  maas_proxy_port: integer(8_000, 1, 65_535),
  maas_syslog_port: integer(5_247, 1, 65_535),
  max_node_commissioning_results: integer(10, 1, 1_000),
  max_node_installation_results: integer(3, 1, 1_000),
  max_node_release_results: integer(3, 1, 1_000),
  max_node_testing_results: integer(10, 1, 1_000),
  network_discovery: choice('enabled', 'enabled', 'disabled'),
  node_timeout: integer(30, 1, 10_080),
  ntp_external_only: flag(false),
  ntp_servers: hosts(''),
  prefer_v4_proxy: flag(false),
  prometheus_enabled: flag(true),
  prometheus_push_gateway: text(null),
  prometheus_push_interval: integer(60, 1, 86_400),
  promtail_enabled: flag(false),
  promtail_port: integer(5_238, 1, 65_535),
  release_notifications: flag(false),
  remote_syslog: matching(null, /^\[?[\w.:-]+\]?(?::\d{1,5})?$/, 'Enter a host or host:port.'),
  session_length: integer(1_209_600, 10, 1_209_600),
  subnet_ip_exhaustion_threshold_count: integer(16, 1, 2 ** 31 - 1),
  theme: matching('', /^[\w-]{1,64}$/, 'Enter the name of a theme.'),
  tls_cert_expiration_notification_enabled: flag(false),
  tls_cert_expiration_notification_interval: integer(30, 1, 90),
  upstream_dns: addresses(null),
  use_peer_proxy: flag(false),
  use_rack_proxy: flag(true),
  vcenter_datacenter: text(''),
  vcenter_password: text(''),
  vcenter_server: text(''),
  vcenter_username: text(''),
  windows_kms_host: matching(null, HOST, 'Enter a host name or address.'),
  // Not MAAS's: whether machines with addresses that are none of ours may ask for what they boot with.
  metadata_unknown_addresses: flag(true),
  // Not MAAS's: seconds of option 51, and whether racks answer router solicitations.
  dhcp_lease_seconds: integer(600, 10, 86_400),
  dhcp_firmware_lease_seconds: integer(30, 10, 86_400),
  // Between two looks of a rack for foreign DHCP servers; 0 never. A sighting lasts 900 s, so it may be missed twice.
  dhcp_probe_seconds: integer(300, 0, 300),
  answer_router_solicitations: flag(false),
  // Between two questions of a rack to the BMC of a machine; 0 never.
  power_query_seconds: integer(POWER_QUERY_SECONDS, 0, 86_400),
}

/** Older names of MAAS, still accepted. */
export const RENAMED_CONFIG: Readonly<Record<string, string>> = { ntp_server: 'ntp_servers' }

export const putConfig: Handler<'config.put'> = ({ state }, { name, value }) => {
  const key = Object.hasOwn(CONFIG_KEYS, name) ? CONFIG_KEYS[name] : undefined
  if (key === undefined) return invalid('name', `${name.slice(0, 64)} is not a known setting.`)
  if (value === null && key.standard !== null) {
    state.settings.delete(name)
    return DONE
  }
  if (!hasKind(key, value)) return invalid(name, `The value has the wrong type for ${name}.`)
  const message = key.check(value)
  if (message !== null) return invalid(name, message)
  state.settings.put(name, { name, value })
  return DONE
}

export function configOf(state: RegionState, name: string): SettingValue {
  return state.settings.get(name)?.value ?? CONFIG_KEYS[name]?.standard ?? null
}

function hasKind({ kind, standard }: ConfigKey, value: SettingValue): boolean {
  if (kind === 'flag') return typeof value === 'boolean'
  if (kind === 'integer') return Number.isSafeInteger(value)
  return typeof value === 'string' || (value === null && standard === null)
}

function fine(): null {
  return null
}

function isAddress(part: string): boolean {
  return parseIpv4(part) !== undefined || IPV6.test(part)
}

function firstBad(value: string, isGood: (part: string) => boolean): string | null {
  const bad = value.split(/[\s,]+/).find((part) => part !== '' && !isGood(part))
  return bad === undefined ? null : `${bad.slice(0, 64)} is not a valid address.`
}

// Cluster-wide settings: MAAS's names and defaults, and our own. A name not listed here is refused.
import { DONE, invalid, refuse, type Handler } from './context.ts'
import type { SettingValue } from './tables.ts'

export const SETTING_DEFAULTS: Readonly<Record<string, SettingValue>> = {
  active_discovery_interval: 10_800,
  boot_images_auto_import: true,
  commissioning_distro_series: 'jammy',
  completed_intro: true,
  default_distro_series: 'jammy',
  default_dns_ttl: 30,
  default_domain: 'maas',
  default_min_hwe_kernel: '',
  default_osystem: 'ubuntu',
  default_storage_layout: 'flat',
  dns_trusted_acl: null,
  dnssec_validation: 'auto',
  enable_disk_erasing_on_release: false,
  enable_http_proxy: true,
  enable_third_party_drivers: true,
  enlist_commissioning: true,
  http_proxy: null,
  kernel_opts: null,
  maas_name: 'Ironraft',
  network_discovery: 'enabled',
  node_timeout: 30,
  ntp_external_only: false,
  ntp_servers: '',
  remote_syslog: null,
  upstream_dns: null,
  windows_kms_host: null,
  // Not MAAS's: whether machines with addresses that are none of ours may ask for what they boot with.
  metadata_unknown_addresses: true,
  // Not MAAS's: what racks tell DHCP clients (option 51, seconds), and whether they answer router
  // solicitations on the links they serve.
  dhcp_lease_seconds: 600,
  dhcp_firmware_lease_seconds: 30,
  answer_router_solicitations: false,
}

/** Names of a site's own, for its tools, benchmarks and fault tests: any short text. */
const FREE_NAME = /^(bench|custom)\/[\w.-]{1,64}$/
const FREE_VALUE_LENGTH_MAX = 4_096
const SETTINGS_MAX = 20_000

/** The type of a setting is that of its default; where that is null, text or null. */
export const putSetting: Handler<'setting.put'> = ({ state }, { name, value }) => {
  if (FREE_NAME.test(name)) {
    if (typeof value !== 'string' || value.length > FREE_VALUE_LENGTH_MAX) {
      return invalid('value', `A free setting holds text of at most ${FREE_VALUE_LENGTH_MAX}.`)
    }
    if (state.settings.get(name) === undefined && state.settings.size >= SETTINGS_MAX) {
      return refuse('OVERLOADED', `At most ${SETTINGS_MAX} settings are kept.`)
    }
    state.settings.put(name, { name, value })
    return DONE
  }
  if (!Object.hasOwn(SETTING_DEFAULTS, name)) {
    return invalid('name', `${name.slice(0, 64)} is not a known setting.`)
  }
  const standard = SETTING_DEFAULTS[name]
  const fits =
    standard === null
      ? value === null || typeof value === 'string'
      : typeof value === typeof standard
  if (!fits) return invalid(name, `The value has the wrong type for ${name}.`)
  if (name.endsWith('_seconds') && !isLeaseTime(value)) {
    return invalid(name, 'A lease lasts between 10 seconds and one day.')
  }
  state.settings.put(name, { name, value })
  return DONE
}

function isLeaseTime(value: SettingValue): boolean {
  return Number.isInteger(value) && Number(value) >= 10 && Number(value) <= 86_400
}

// version/ and maas/: what this is, and its settings.
import { CONFIG_KEYS, configOf, RENAMED_CONFIG } from '#state/config-keys.ts'
import type { SettingValue } from '#state/tables.ts'
import { json, text, type Call } from '../call.ts'
import { fieldError, forbidden } from '../errors.ts'
import { custom, mandatory } from '../params.ts'
import { operation, read, taking, type Resource } from '../resource.ts'

/** The level of the API that clients test for. */
const MAAS_VERSION = '2.9.0'

const CAPABILITIES = [
  'networks-management',
  'static-ipaddresses',
  'ipv6-deployment-ubuntu',
  'devices-management',
  'storage-deployment-ubuntu',
  'network-deployment-ubuntu',
  'bridging-interface-ubuntu',
  'bridging-automatic-ubuntu',
  'authenticate-api',
]

/** Kept for administrators: whoever reads them can sign in elsewhere. */
const SECRETS = new Set(['vcenter_password', 'maas_auto_ipmi_k_g_bmc_key'])

async function getConfig(call: Call) {
  const name = knownSetting(call.input.mandatory('name'))
  if (SECRETS.has(name) && !call.isAdmin) throw forbidden()
  return json(configOf(await call.state(), name))
}

async function setConfig(call: Call) {
  const name = knownSetting(call.input.mandatory('name'))
  const value = parseValue(name, call.input.mandatory('value'))
  await call.propose({ type: 'config.put', name, value })
  return text('OK')
}

function knownSetting(given: string): string {
  const name = (Object.hasOwn(RENAMED_CONFIG, given) ? RENAMED_CONFIG[given] : given) ?? given
  if (Object.hasOwn(CONFIG_KEYS, name)) return name
  throw fieldError(given.slice(0, 64), `${given.slice(0, 64)} is not a valid config setting.`)
}

/** A form has only texts: the kind of the setting says what the text means. Empty clears it. */
function parseValue(name: string, given: string): SettingValue {
  const kind = CONFIG_KEYS[name]?.kind
  if (kind === 'flag') {
    if (/^(?:true|1|on|yes|y|t)$/i.test(given)) return true
    if (/^(?:false|0|off|no|n|f|)$/i.test(given)) return false
    throw fieldError(name, 'Enter true or false.')
  }
  if (kind === 'integer') {
    if (given.trim() === '') return null
    if (/^-?\d{1,12}$/.test(given.trim())) return Number(given)
    throw fieldError(name, 'Enter a whole number.')
  }
  return given === '' && CONFIG_KEYS[name]?.standard === null ? null : given
}

export function versionResource(subversion: string): Resource {
  return {
    name: 'VersionHandler',
    anonName: 'VersionHandler',
    isKeyless: true,
    path: 'version/',
    doc: 'Version and capabilities of this API.',
    actions: [
      read('anyone', 'Show version and capabilities.', () =>
        json({ version: MAAS_VERSION, subversion, capabilities: CAPABILITIES }),
      ),
    ],
  }
}

const NAMES = [...Object.keys(CONFIG_KEYS), ...Object.keys(RENAMED_CONFIG)]

/** What is wrong with a setting is told under the setting's own name. */
const SETTING_NAME = mandatory(
  custom<string>('Name of the setting.', { type: 'string', enum: NAMES }, (form, name) => {
    return form.input.text(name)
  }),
)
const VALUE = mandatory(
  custom<string>(
    'New value; empty clears the setting.',
    { type: 'string', maxLength: 4_096 },
    (form, name) => form.input.text(name),
  ),
)

export const SETTINGS: readonly Resource[] = [
  {
    name: 'MaasHandler',
    path: 'maas/',
    doc: 'Settings of this region.',
    actions: [
      taking(
        { name: SETTING_NAME },
        (run) => operation('GET', 'get_config', { doc: 'Show the value of a setting.' }, run),
        getConfig,
      ),
      taking(
        { name: SETTING_NAME, value: VALUE },
        (run) => {
          const doc = 'Change a setting.'
          return operation('POST', 'set_config', { access: 'admin', doc }, run)
        },
        setConfig,
      ),
    ],
  },
]

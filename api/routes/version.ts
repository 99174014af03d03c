// version/ and maas/: what this is, and its settings.
import { SETTING_DEFAULTS } from '#state/settings.ts'
import type { SettingValue } from '#state/tables.ts'
import { json, text, type Call } from '../call.ts'
import { fieldError, Rejection } from '../errors.ts'
import { operation, read, type Resource } from '../resource.ts'

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

async function getConfig(call: Call) {
  const name = knownSetting(call.input.mandatory('name'))
  const { settings } = await call.state()
  return json(settings.get(name)?.value ?? SETTING_DEFAULTS[name] ?? null)
}

async function setConfig(call: Call) {
  const name = knownSetting(call.input.mandatory('name'))
  const value = parseValue(name, call.input.mandatory('value'))
  await call.propose({ type: 'setting.put', name, value })
  return text('OK')
}

function knownSetting(name: string): string {
  if (Object.hasOwn(SETTING_DEFAULTS, name)) return name
  const message = `${name.slice(0, 64)} is not a valid config setting.`
  throw fieldError('name', message)
}

/** A form has only texts: the type of the default says what the text means. */
function parseValue(name: string, given: string): SettingValue {
  const standard = SETTING_DEFAULTS[name]
  if (typeof standard === 'boolean') {
    if (/^(?:true|1|on|yes|y|t)$/i.test(given)) return true
    if (/^(?:false|0|off|no|n|f|)$/i.test(given)) return false
    throw fieldError(name, 'Enter true or false.')
  }
  if (typeof standard === 'number') {
    if (/^-?\d{1,12}$/.test(given.trim())) return Number(given)
    throw fieldError(name, 'Enter a whole number.')
  }
  if (given === '' && typeof standard !== 'string') return null
  return checkLength(given)
}

const VALUE_CHARACTERS_MAX = 4_096

function checkLength(value: string): string {
  if (value.length <= VALUE_CHARACTERS_MAX) return value
  throw new Rejection('BAD_REQUEST', `A setting holds ${VALUE_CHARACTERS_MAX} characters at most.`)
}

export function versionResource(subversion: string): Resource {
  return {
    name: 'VersionHandler',
    path: 'version/',
    doc: 'Version and capabilities of this API.',
    actions: [
      read('anyone', 'Show version and capabilities.', () =>
        json({ version: MAAS_VERSION, subversion, capabilities: CAPABILITIES }),
      ),
    ],
  }
}

export const SETTINGS: readonly Resource[] = [
  {
    name: 'MaasHandler',
    path: 'maas/',
    doc: 'Settings of this region.',
    actions: [
      operation('GET', 'get_config', { doc: 'Show the value of a setting.' }, getConfig),
      operation('POST', 'set_config', { access: 'admin', doc: 'Change a setting.' }, setConfig),
    ],
  },
]

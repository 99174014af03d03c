// Which controller a machine's power parameters name, and which of the machines behind it: what tells whether two machines
// would be switched by one button. People write one address in many ways (`power_address`: host, port, URL).
import { formatIp, parseIp } from './ip.ts'
import { isByHand } from './power.ts'

export type Bmc = {
  /** Lower case; an address in its one form. Of a webhook the URI that turns off. */
  readonly host: string
  /** Null: the protocol's own. */
  readonly port: number | null
  /** '': the controller has one machine, or does not say which. */
  readonly unit: string
}

/** Parameters that name one of a controller's machines (maas-features §13). */
const UNITS = [
  ...['power_id', 'node_id', 'instance_name', 'power_vm_name', 'power_uuid', 'server_name', 'lpar'],
  ...['power_partition_name', 'node_outlet', 'outlet_id', 'power_hwaddress', 'blade_id'],
  ...['system_id', 'uuid'],
]

/** Null: the machine is switched by hand, or its parameters name nothing. */
export function bmcOf(powerType: string, parameters: Readonly<Record<string, string>>): Bmc | null {
  if (isByHand(powerType)) return null
  const text = parameters['power_address'] || parameters['power_off_uri'] || ''
  if (text === '') return null
  const unit = UNITS.flatMap((name) => parameters[name] ?? []).join(' ')
  if (powerType === 'webhook') return { host: text.trim(), port: null, unit }
  return { ...placeOf(text), unit }
}

/** One may be the other: where a port or a unit is left out, any is meant. */
export function isSameBmc(a: Bmc, b: Bmc): boolean {
  if (a.host !== b.host) return false
  const isOtherPort = a.port !== null && b.port !== null && a.port !== b.port
  const isOtherUnit = a.unit !== '' && b.unit !== '' && a.unit !== b.unit
  return !isOtherPort && !isOtherUnit
}

function placeOf(text: string): Pick<Bmc, 'host' | 'port'> {
  const bare = text.trim().toLowerCase()
  const authority = bare.replace(/^[a-z][a-z0-9+.-]*:\/\//, '').replace(/[/?#].*$/, '')
  const place = authority.replace(/^.*@/, '')
  const whole = parseIp(place)
  if (whole !== undefined) return { host: hostOf(place), port: null }
  const match = /^(?:\[(?<v6>[^\]]*)\]|(?<name>[^:]*))(?::(?<port>\d{1,5}))?$/.exec(place)
  if (match === null) return { host: place, port: null }
  const { v6, name = '', port } = match.groups ?? {}
  return { host: hostOf(v6 ?? name), port: port === undefined ? null : Number(port) }
}

/** An IPv4 address inside of an IPv6 one is that IPv4 address (RFC 4291 §2.5.5.2). */
function hostOf(text: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1]
  const ip = parseIp(mapped ?? text)
  return ip === undefined ? text.replace(/\.$/, '') : formatIp(ip)
}

// `power_address` as people write it: a host name, an IPv4 address, an IPv6 address with or without brackets, each
// with an optional port, or for web interfaces a whole URL.
import { isIPv6 } from 'node:net'
import { PowerFailure } from './driver.ts'

export type BmcAddress = { readonly host: string; readonly port: number | null }

/** Host names and addresses as they may follow `-H`: nothing that a tool could take for an option. */
const HOST = /^[A-Za-z0-9]([A-Za-z0-9._:%-]*[A-Za-z0-9])?$/

/** `bmc1`, `192.0.2.1:9001`, `2001:db8::1`, `[2001:db8::1]:623`. Throws `settings`. */
export function parseBmcAddress(text: string): BmcAddress {
  const trimmed = text.trim()
  if (isIPv6(trimmed)) return { host: trimmed, port: null }
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]+))(?::(?<port>\d{1,5}))?$/.exec(trimmed)
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'] ?? ''
  const port = match?.groups?.['port'] === undefined ? null : Number(match.groups['port'])
  const isBracketed = match?.groups?.['v6'] !== undefined
  if (!HOST.test(host) || isBracketed !== isIPv6(host) || port === 0 || (port ?? 1) > 65_535) {
    throw new PowerFailure('settings', 'the power parameter power_address is no host or address')
  }
  return { host, port }
}

/** The root of a BMC's web interface, without a slash at its end. `fallbackPort` null: the scheme's. Throws `settings`. */
export function parseBmcUrl(text: string, fallbackPort: number | null = null): URL {
  const trimmed = text.trim()
  if (/^https?:\/\//i.test(trimmed)) {
    const url = URL.parse(trimmed)
    if (url === null || url.username !== '' || url.password !== '') {
      throw new PowerFailure('settings', 'the power parameter power_address is no usable URL')
    }
    return url
  }
  const { host, port } = parseBmcAddress(trimmed)
  const shown = isIPv6(host) ? `[${host}]` : host
  const number = port ?? fallbackPort
  const url = URL.parse(`https://${shown}${number === null ? '' : `:${number}`}`)
  if (url !== null) return url
  // An IPv6 address with a zone: `fe80::1%eth0`.
  throw new PowerFailure('settings', 'the power parameter power_address cannot be a part of a URL')
}

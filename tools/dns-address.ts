// `--dns HOST[:PORT]`: where DNS is answered. Off unless it is given: port 53 needs rights, and is often taken.
import { formatIpv4, parseIpv4, type Ipv4 } from '#model/ipv4.ts'
import { UsageError } from './exit-codes.ts'

export type DnsAddress = { readonly address: Ipv4; readonly port: number }

const STANDARD_PORT = 53

/** The option again, `offset` ports further. */
export function formatDns({ address, port }: DnsAddress, offset: number): string {
  return `${formatIpv4(address)}:${port === 0 ? 0 : port + offset}`
}

/** Null when the option is absent. `offset`: further processes of one command take the ports after it. */
export function dnsAddressOf(text: string | undefined, offset = 0): DnsAddress | null {
  if (text === undefined) return null
  const [host = '', portText, more] = text.split(':')
  const address = parseIpv4(host)
  const port = portText === undefined ? STANDARD_PORT : Number(portText)
  const isPort = Number.isInteger(port) && port >= 0 && port + offset <= 65_535 && portText !== ''
  if (address === undefined || !isPort || more !== undefined) {
    throw new UsageError(
      `--dns takes an IPv4 address and a port, as in 127.0.0.1:5353; got '${text}'`,
    )
  }
  return { address, port: port === 0 ? 0 : port + offset }
}

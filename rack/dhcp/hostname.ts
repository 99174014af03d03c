// The name a client gives itself, made fit for a host name (RFC 952, RFC 1123 §2.1). Pure.
import { OPTION, readText } from './options.ts'
import type { DhcpPacket } from './packet.ts'

/** Lower case, one label, at most 63 characters; '' when the client sent none that can be used. */
export function clientHostname(packet: DhcpPacket): string {
  const label = readText(packet.options, OPTION.HOST_NAME).split('.')[0] ?? ''
  return label
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '')
}

// How long a lease a rack asks a region for. Pure. The region's own limits and the time that rights last come after.
import type { Ipv4 } from '#model/ipv4.ts'
import { LEASE_SECONDS_MAX } from '#model/lease-time.ts'
import { bootClientOf, isFirmware } from './boot-files.ts'
import type { DhcpPacket, ClientIdentity } from './packet.ts'
import type { Pool, ViewIndex } from './view-index.ts'

/** As for the setting `dhcp_lease_seconds`: what is shorter would be renewed all the time. */
const LEASE_SECONDS_MIN = 10

export type Lessee = {
  readonly packet: DhcpPacket
  readonly client: ClientIdentity
  readonly pool: Pool
  /** Undefined while it is not chosen: what is set for its subnet or range is not known then. */
  readonly ip: Ipv4 | undefined
}

/**
 * Firmware keeps its address for seconds, so that a pool serves more boots than it has addresses. A snippet's
 * `default-lease-time` is for everything else, its `max-lease-time` for all.
 */
export function leaseSecondsFor(index: ViewIndex, lessee: Lessee): number {
  const { packet, client, pool, ip } = lessee
  const site = index.view.settings()
  const set = index.settingsFor(pool, { ip, mac: client.mac })
  const wanted = isFirmware(bootClientOf(packet.options))
    ? (site?.firmwareLeaseSeconds ?? 30)
    : (set.defaultLease?.value ?? site?.leaseSeconds ?? 600)
  const seconds = Math.min(wanted, set.maxLease?.value ?? wanted, LEASE_SECONDS_MAX)
  return set.defaultLease === undefined && set.maxLease === undefined
    ? wanted
    : Math.max(seconds, LEASE_SECONDS_MIN)
}

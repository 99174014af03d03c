// DNS of a region process: answered from its own copy of the state, at whatever revision it has applied (D9).
import type { Platform } from '#platform/system.ts'
import { describeError } from '#platform/system.ts'
import { dnsChanges, dnsView } from '#node/rack-view.ts'
import type { Region } from '#node/region.ts'
import { type DnsServer, startDns, type ZoneFeed } from '#rack/dns/server.ts'
import { openSockets, parseSocketBackend, SOCKETS_VARIABLE } from '#rack/net/sockets.ts'
import type { DnsAddress } from './dns-address.ts'

/** A port that cannot be had is said, and the region goes on without DNS; null when it is not asked for. */
export async function serveRegionDns(
  region: Region,
  listen: DnsAddress | null,
  platform: Platform,
): Promise<DnsServer | null> {
  if (listen === null) return null
  const { logger } = platform
  const only = parseSocketBackend(process.env[SOCKETS_VARIABLE] ?? '')
  const { openUdp } = await openSockets({ only, logger })
  try {
    const dns = await startDns({ listen, openUdp, feed: regionFeed(region), ...platform })
    logger.info('region.dns_served', { port: dns.port })
    return dns
  } catch (error) {
    logger.error('region.dns_not_served', { port: listen.port, error: describeError(error) })
    return null
  }
}

function regionFeed(region: Region): ZoneFeed {
  return ({ onWhole, onChanges }) => {
    const whole = (): void => {
      const { state, revision } = region.local()
      onWhole(revision, dnsView(state))
    }
    whole()
    return region.watch(region.local().revision, {
      onBatch: ({ revision, changes }) =>
        onChanges(revision, dnsChanges(region.local().state, changes)),
      onReset: whole,
    })
  }
}

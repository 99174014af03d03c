// DNS on one address: UDP and TCP on the same port, one responder, one forwarder. The data comes from whoever has
// it: a rack's view or a region's state.
import type { Ipv4 } from '#model/ipv4.ts'
import { formatIpv4 } from '#model/ipv4.ts'
import type { Clock, Logger, Metrics, Random } from '#model/ports.ts'
import type { ViewChange } from '#protocol/rack.ts'
import type { UdpOptions, UdpSocket } from '#rack/net/udp-socket.ts'
import { batchedCounts } from './batched-counts.ts'
import { Cookies } from './cookie.ts'
import { Forwarder } from './forwarder.ts'
import { type Reaction, Responder } from './responder.ts'
import { renderError } from './response.ts'
import { QUERY_OCTETS_MAX, startTcp, type TcpLimits, type TcpServer } from './tcp-server.ts'
import { answerFor } from './upstream-message.ts'
import { RCODE } from './wire.ts'
import { ZoneData } from './zone-data.ts'

/** Gives whole data at once and changes afterwards; returns what ends it. */
export type ZoneFeed = (sink: {
  readonly onWhole: (revision: number, rows: Iterable<ViewChange>) => void
  readonly onChanges: (revision: number, rows: Iterable<ViewChange>) => void
}) => () => void

export type DnsOptions = {
  /** Port 0: any free one, the same for both. */
  readonly listen: { readonly address: Ipv4; readonly port: number }
  readonly openUdp: (options: UdpOptions) => Promise<UdpSocket>
  readonly feed: ZoneFeed
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  readonly tcpLimits?: TcpLimits
  /** Port of upstream servers that name none; default 53. */
  readonly upstreamPort?: number
}

export interface DnsServer {
  readonly port: number
  /** Of the data that answers. */
  readonly revision: () => number
  readonly close: () => Promise<void>
}

const RECEIVE_BUFFER_BYTES = 1 << 20
/** Two sockets must get one port: with port 0 the kernel's choice may be taken for the other. */
const PORT_TRIES = 10

/** Rejects with the error of the socket that could not be had. */
export async function startDns(options: DnsOptions): Promise<DnsServer> {
  const { clock, random, metrics, feed } = options
  const cookies = new Cookies(random.bytes(32))
  const count = batchedCounts(metrics, setImmediate)
  const responder = new Responder({ data: new ZoneData(), cookies, clock, metrics: { count } })
  const port = options.upstreamPort
  const forwarder = new Forwarder({
    ...{ clock, metrics, random: () => random.integer(256) },
    ...(port === undefined ? {} : { port }),
  })
  const stop = feed({
    onWhole: (revision, rows) => {
      const data = new ZoneData()
      data.apply(revision, rows)
      responder.data = data
    },
    onChanges: (revision, rows) => responder.data.apply(revision, rows),
  })
  const { udp, tcp } = await openBoth(options, { responder, forwarder })
  serveUdp(udp, { responder, forwarder, logger: options.logger })
  return {
    port: udp.port,
    revision: () => responder.data.revision,
    close: async () => {
      stop()
      await Promise.all([udp.close(), tcp.close()])
    },
  }
}

type Parts = { readonly responder: Responder; readonly forwarder: Forwarder }

async function openBoth(
  options: DnsOptions,
  parts: Parts,
): Promise<{ readonly udp: UdpSocket; readonly tcp: TcpServer }> {
  const { listen, openUdp, logger, metrics, tcpLimits } = options
  for (let tries = 1; ; tries++) {
    const udp = await openUdp({
      ...listen,
      slotBytes: QUERY_OCTETS_MAX,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
      onError: (error) => logger.error('dns.receive_failed', { error: String(error) }),
    })
    try {
      const tcp = await startTcp({
        host: formatIpv4(listen.address),
        port: udp.port,
        metrics,
        ...(tcpLimits === undefined ? {} : { limits: tcpLimits }),
        answer: (message, address) => {
          const reaction = parts.responder.react(message, { address, transport: 'tcp' })
          return reaction.kind === 'forward' ? ask(reaction, parts.forwarder) : bytesOf(reaction)
        },
      })
      return { udp, tcp }
    } catch (error) {
      await udp.close()
      if (listen.port !== 0 || tries >= PORT_TRIES) throw error
    }
  }
}

function serveUdp(
  udp: UdpSocket,
  { responder, forwarder, logger }: Parts & { readonly logger: Logger },
): void {
  udp.onDatagram(({ bytes, address, port }) => {
    // Nobody waits for an answer on port 0.
    if (port === 0) return
    const to = { address, port }
    const reaction = responder.react(bytes, { address, transport: 'udp' })
    if (reaction.kind === 'reply') udp.send(reaction.bytes, to)
    if (reaction.kind !== 'forward') return
    ask(reaction, forwarder).then(
      (answer) => {
        udp.send(answer, to)
        udp.flush()
      },
      (error: unknown) => logger.error('dns.forward_failed', { error: String(error) }),
    )
  })
}

async function ask(
  { query, servers, rendering }: Extract<Reaction, { kind: 'forward' }>,
  forwarder: Forwarder,
): Promise<Uint8Array> {
  const forwarded = await forwarder.ask(query, servers)
  if (forwarded === undefined) return renderError(query, RCODE.SERVFAIL, rendering)
  return answerFor(query, forwarded.answer, { ageSeconds: forwarded.ageSeconds, rendering })
}

function bytesOf(reaction: Reaction): Uint8Array | undefined {
  return reaction.kind === 'reply' ? reaction.bytes : undefined
}

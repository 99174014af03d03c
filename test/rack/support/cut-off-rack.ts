// A rack with its real code from packet to journal port, a region that is the real `apply`, and a link that a
// test cuts. Everything settles within a turn of the event loop.
import { fullView } from '#node/rack-view.ts'
import { parseIpv4 } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import type { JournalRecord } from '#rack/dhcp/ledger.ts'
import { Ledger } from '#rack/dhcp/ledger.ts'
import { decodePacket } from '#rack/dhcp/decode.ts'
import type { DhcpPacket, MessageName } from '#rack/dhcp/packet.ts'
import { OPTION } from '#rack/dhcp/options.ts'
import { Responder } from '#rack/dhcp/responder.ts'
import { ViewIndex } from '#rack/dhcp/view-index.ts'
import { Endurance } from '#rack/endurance.ts'
import { RackView } from '#rack/view.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { makeServedLab, RACK } from '#test/support/region-state.ts'
import { seededRandom } from '#tools/sim/seeded-random.ts'
import {
  arrival,
  link as testLink,
  recordingLogger,
  recordingMetrics,
  requestBytes,
  type RequestFields,
} from '#test/rack/dhcp/world.ts'

export type Answer = {
  readonly type: MessageName
  readonly ip: DhcpPacket['yiaddr']
  readonly leaseSeconds: number | undefined
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function makeCutOffRack(
  records: JournalRecord[] = [],
  bootId = 'boot-1',
  lab = makeServedLab(),
  hasView = true,
) {
  const clock = makeFakeClock(50_000)
  const view = new RackView(clock)
  const index = new ViewIndex(view)
  const metrics = recordingMetrics()
  const sent: Answer[] = []
  const asked: RackCommand[] = []
  let isConnected = true
  /** Resolves the syncs of the journal; a test may hold them back. */
  const disk = { isStuck: false, waiting: [] as (() => void)[], records }
  /** Answers of the region; a test may hold them back. */
  const wire = { isSlow: false, waiting: [] as (() => void)[] }
  const push = (): void => {
    lab.stamp = Math.max(lab.stamp, clock.monotonicMs())
    const rows = fullView(lab.state, RACK)
    const { revision, stamp } = lab.state
    view.apply({ type: 'viewReset', revision, stamp, rows })
  }
  const request = async (command: RackCommand): Promise<RackToRegionReply> => {
    asked.push(command)
    if (!isConnected) return { ok: false, reason: 'noQuorum' }
    const { outcome } = lab.run(command, Math.max(0, clock.monotonicMs() - lab.stamp))
    const { revision } = lab.state
    push()
    if (wire.isSlow) await new Promise<void>((resolve) => wire.waiting.push(resolve))
    return { ok: true, outcome, revision }
  }
  const ledger = new Ledger()
  for (const record of records) ledger.apply(record)
  const opened = { type: 'opened', bootId, incarnation: 1 } as const
  ledger.apply(opened)
  records.push(opened)
  const journal = {
    get sequence() {
      return disk.records.length
    },
    append: (more: readonly JournalRecord[]): Promise<void> =>
      new Promise((resolve) => {
        disk.records.push(...more)
        if (disk.isStuck) disk.waiting.push(resolve)
        else resolve()
      }),
  }
  if (hasView) push()
  const endurance = new Endurance({
    ...{ rackId: RACK, incarnation: 1, ledger, journal, index, request, clock, metrics },
    bootTime: { bootMs: clock.monotonicMs, wallMs: clock.wallMs },
    isConnected: () => isConnected,
    random: seededRandom(1),
    logger: recordingLogger(),
  })
  const ip = parseIpv4('10.0.0.2')
  if (ip === undefined) throw new Error('no address')
  const link = { ...testLink, vlanId: 5001 as never, addresses: [{ ip, prefix: 24 }] }
  const responder = new Responder({
    ...{ rackId: RACK, index, request, clock, metrics, httpPort: 5248, offline: endurance },
    links: () => [link],
    logger: recordingLogger(),
    transmit: (reply) => {
      const decoded = decodePacket(reply.bytes)
      if (!decoded.ok) throw new Error(decoded.reason)
      const { messageType: type, yiaddr, options } = decoded.packet
      const time = options.get(OPTION.LEASE_TIME)
      const leaseSeconds = time === undefined ? undefined : Buffer.from(time).readUInt32BE()
      sent.push({ type, ip: yiaddr, leaseSeconds })
    },
  })
  return {
    ...{ lab, clock, view, ledger, endurance, disk, wire, metrics, asked, push },
    cutOff: () => void (isConnected = false),
    reconnect: () => {
      isConnected = true
      push()
    },
    /** Ticks until nothing is asked any more. */
    settle: async (): Promise<void> => {
      for (let round = 0; round < 20; round++) {
        clock.advance(1_000)
        endurance.tick()
        await turn()
        await turn()
      }
    },
    /** What the client got for its message. */
    exchange: async (type: MessageName, mac: MacAddress, fields: RequestFields = {}) => {
      sent.length = 0
      const how = { link, receivedAtMs: clock.monotonicMs() }
      responder.receive(requestBytes(type, { mac, ...fields }), arrival(how))
      await turn()
      await turn()
      return sent[0]
    },
  }
}

// Who answers for an address, and that nothing waits where nobody can be asked.
import t from 'tap'
import type { Ipv4 } from '#model/ipv4.ts'
import { Prober } from '#rack/dhcp/prober.ts'
import type { ArpOptions, ArpSocket } from '#rack/net/arp-socket.ts'
import { ip, link, OTHER_CLIENT, recordingLogger } from './world.ts'

const ADDRESS = ip('192.0.2.100')

function segment(open: (options: ArpOptions) => ArpSocket | undefined) {
  const logger = recordingLogger()
  return { logger, prober: new Prober({ backend: 'ffi', openArp: open }, logger) }
}

/** `answers`: what is heard after each probe. */
function answering(answers: (target: Ipv4) => Ipv4 | undefined) {
  const closed: number[] = []
  const of = segment(({ interfaceIndex, onSender }) => ({
    probe: (target) => {
      const heard = answers(target)
      if (heard !== undefined) setImmediate(() => onSender({ ip: heard, mac: OTHER_CLIENT }))
      return true
    },
    close: async () => void closed.push(interfaceIndex),
  }))
  return { ...of, closed }
}

t.test('whoever claims the address is told; claims of others are nothing', async (t) => {
  const busy = answering((target) => target)
  t.equal(await busy.prober.probe(link, ADDRESS), OTHER_CLIENT)
  const other = answering(() => ip('192.0.2.101'))
  t.equal(await other.prober.probe(link, ADDRESS), undefined)
})

t.test('one socket per interface, closed when it went', async (t) => {
  const { prober, closed } = answering((target) => target)
  await prober.probe(link, ADDRESS)
  prober.follow([link])
  t.strictSame(closed, [])
  prober.follow([{ ...link, interfaceIndex: 4 }])
  t.strictSame(closed, [3])
  await prober.probe({ ...link, interfaceIndex: 4 }, ADDRESS)
  await prober.close()
  t.strictSame(closed, [3, 4])
})

t.test('closing lets whoever waits go on', async (t) => {
  const { prober } = answering(() => undefined)
  const waiting = prober.probe(link, ADDRESS)
  await prober.close()
  t.equal(await waiting, undefined)
})

const cannot = [
  { name: 'without FFI', open: () => undefined },
  {
    name: 'without the right',
    open: () => {
      throw new Error('EPERM')
    },
  },
]
for (const { name, open } of cannot) {
  t.test(`${name} nobody is asked, which is said once`, async (t) => {
    const { prober, logger } = segment(open)
    t.equal(await prober.probe(link, ADDRESS), undefined)
    t.equal(await prober.probe(link, ADDRESS), undefined)
    t.strictSame(logger.events, ['dhcp.probe_off'])
  })
}

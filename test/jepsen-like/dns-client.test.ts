// The reading of DNS that judges ours: against our servers on real sockets, honest ones and one with a planted bug.
import type { Ip } from '#model/ip.ts'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { checkNames } from '#chaos/checkers/dns-names.ts'
import { askByUdp, DnsConnection } from '#chaos/dns-client.ts'
import { History, operationsOf } from '#chaos/history.ts'
import { Worker } from '#chaos/worker.ts'
import { askGroup } from '#chaos/workloads/dns-coherent.ts'
import { makeIpv4 } from '#model/ipv4.ts'
import { dnsView } from '#node/rack-view.ts'
import { systemRandom } from '#platform/system.ts'
import { Names } from '#rack/dns/names.ts'
import { startDns, type ZoneFeed } from '#rack/dns/server.ts'
import { openDgramUdp } from '#rack/net/dgram-udp-socket.ts'
import { makeCountingMetrics, makeLogRecorder } from '#test/support/counting-metrics.ts'
import { DnsStage } from '#test/support/dns-stage.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'

const GROUP = {
  key: 'g',
  names: ['a.maas', 'b.maas'],
  addresses: ['10.0.0.9', '10.0.0.8'],
}

type Serving = { readonly port: number; readonly tell: () => void }

async function serve(t: Test, stage: DnsStage): Promise<Serving> {
  let tell = (): void => {}
  const feed: ZoneFeed = ({ onWhole }) => {
    tell = () => onWhole(stage.lab.state.revision, dnsView(stage.lab.state))
    tell()
    return () => {}
  }
  const server = await startDns({
    ...{ listen: { address: makeIpv4(0x7f000001), port: 0 }, openUdp: openDgramUdp, feed },
    ...{ clock: makeFakeClock(), random: systemRandom, metrics: makeCountingMetrics() },
    logger: makeLogRecorder().logger,
  })
  t.teardown(() => server.close())
  return { port: server.port, tell: () => tell() }
}

/** A name is given, renamed, and asked for both times; what the checker says. */
async function renameAndJudge(t: Test): Promise<string> {
  const stage = new DnsStage()
  const { port, tell } = await serve(t, stage)
  const connection = new DnsConnection(port, 'c')
  t.teardown(() => connection.close())
  let now = 0
  const history = new History(() => ++now)
  const worker = new Worker(history, 1)
  const write = async (name: string, run: () => void) => {
    await worker.perform({
      ...{ f: 'write', key: 'g', input: { names: { [name]: ['10.0.0.9'] } } },
      run: async () => {
        run()
        tell()
        return { revision: stage.lab.state.revision }
      },
    })
  }
  const ask = async (f: string) => {
    for (const [name, by] of [['c', connection.ask] as const, [null, askByUdp(port)] as const]) {
      const input = { server: 'node-1', connection: name }
      const run = () => askGroup(by, GROUP)
      await worker.perform({ ...{ f, key: 'g', input, readOnly: true }, run })
    }
  }
  let id = 0
  await write('a.maas', () => {
    id = stage.host('a', '10.0.0.9')
  })
  await ask('ask')
  const set = { name: 'b' }
  await write('b.maas', () => {
    stage.do({ type: 'dnsResource.update', id: id as never, userId: 1 as never, set })
  })
  await ask('last')
  return checkNames(operationsOf(history.events)).summary
}

t.test('both directions are read by UDP and TCP', async (t) => {
  t.match(await renameAndJudge(t), /^4 answers of 1 servers at 2 revisions, all coherent/)
})

t.test('a server with a reverse row of yesterday is found out', async (t) => {
  const namesOf = Reflect.get(Names.prototype, 'namesOf') as Names['namesOf']
  const kept = new Map<Ip, readonly string[]>()
  t.teardown(() => {
    Names.prototype.namesOf = namesOf
  })
  Names.prototype.namesOf = function (ip) {
    const names = kept.get(ip) ?? namesOf.call(this, ip)
    if (names.length > 0) kept.set(ip, names)
    return names
  }
  t.match(await renameAndJudge(t), /node-1 says that b\.maas is 10\.0\.0\.9, and .* has no PTR/)
})

t.test('one that says nothing, goes away or talks nonsense is no answer', async (t) => {
  const silent = createSocket('udp4')
  silent.bind(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const port = (silent.address() as AddressInfo).port
  await t.rejects(askGroup(askByUdp(port), GROUP), /no answer by UDP in time/)
  silent.on('message', (_, from) => silent.send(Buffer.alloc(12), from.port, from.address))
  await t.rejects(askGroup(askByUdp(port), GROUP), /a query came instead of an answer/)

  const closing = createServer((socket) => socket.destroy())
  closing.listen(0, '127.0.0.1')
  await once(closing, 'listening')
  t.teardown(() => closing.close())
  const connection = new DnsConnection((closing.address() as AddressInfo).port, 'c')
  await t.rejects(askGroup(connection.ask, GROUP), /connection ended|ECONNRESET|EPIPE/)
  t.ok(connection.isOver)
  await t.rejects(askGroup(connection.ask, GROUP))
})

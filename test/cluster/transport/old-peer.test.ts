// A region of the first version names no feature level and hangs up on a message that it does not know.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import t from 'tap'
import { frame, Framer } from '#protocol/framer.ts'
import { encodeGreeting } from '#protocol/hello.ts'
import { decodePeerMessages } from '#protocol/peer-codec.ts'
import type { PeerMessage } from '#protocol/peer.ts'
import { serverTls } from '#transport/tls.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { PEER_SAMPLES } from '#test/support/golden-messages.ts'
import { greetedPeer } from '#test/support/raw-peer.ts'
import { startTestTransport } from '#test/support/test-transport.ts'
import { until } from '#test/support/until.ts'

const pki = await makeTestPki()
const sample = (type: PeerMessage['type']): PeerMessage => {
  const found = PEER_SAMPLES[type]
  if (found === undefined) throw new Error(`no sample of ${type}`)
  return found
}
const UNKNOWN = (['recall', 'recalled', 'transfer'] as const).map(sample)

t.test('what the first version does not know is not sent to it', async (t) => {
  const credentials = await pki.member('region', 'b')
  const heard: string[] = []
  const server = createServer(serverTls(credentials), (socket) => {
    const framer = new Framer({ frameBytesMax: 1 << 20, allowEmpty: true })
    let isGreeted = false
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      framer.push(chunk)
      for (let body = framer.next(); body !== null; body = framer.next()) {
        if (isGreeted) heard.push(...decodePeerMessages(body).map(({ type }) => type))
        else {
          const { clusterId, incarnation } = credentials
          const who = { clusterId, nodeId: 'b', kind: 'region', incarnation } as const
          socket.write(frame([encodeGreeting({ type: 'welcome', protocolVersion: 1, ...who })]))
        }
        isGreeted = true
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const a = await startTestTransport(await pki.member('region', 'a'))
  t.teardown(async () => {
    await a.transport.close()
    server.close()
  })
  a.dials('b', { host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  await until('connected', () => a.transport.isConnected('b'))
  for (const message of UNKNOWN) t.equal(a.transport.send('b', message), false, message.type)
  t.equal(a.transport.send('b', sample('report')), true)
  await until('what it knows', () => heard.length > 0)
  t.same(heard, ['report'])
  t.same(a.levels, [{ min: 1, max: 1 }], 'whoever has to know is told')
})

t.test('nor on the connection that it made', async (t) => {
  const a = await startTestTransport(await pki.member('region', 'a'))
  const old = await greetedPeer(a.transport.address, await pki.member('region', 'b'))
  t.teardown(async () => {
    old.socket.destroy()
    await a.transport.close()
  })
  for (const message of UNKNOWN) t.equal(a.transport.send('b', message), false, message.type)
  t.equal(a.transport.send('b', sample('forward')), true)
})

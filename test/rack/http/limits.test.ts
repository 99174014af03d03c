// Who takes more of a rack than a boot needs: connections, memory, time, and paths that are not for him.
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { makeRack, makeRegion } from './rack-rig.ts'

t.test('an answer that comes to a halt ends the connection of who waits for it', async (t) => {
  const region = await makeRegion(t, 'halts')
  const rack = await makeRack(t, { regionApis: [region.url], timeouts: { idleMs: 200 } })
  const response = await rack.get('/MAAS/x')
  t.equal(response.status, 200)
  await t.rejects(response.text())
})

t.test('a connection on which nothing happens ends', async (t) => {
  const region = await makeRegion(t, 'never')
  const { port } = await makeRack(t, { regionApis: [region.url], idleMs: 300 })
  const socket = connect(port, '127.0.0.1')
  socket.write('POST /MAAS/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nslow')
  await once(socket.resume(), 'close')
  t.pass('it ended')
})

t.test('one client has so many connections and no more', async (t) => {
  const { port, get } = await makeRack(t)
  const sockets = Array.from({ length: 257 }, () => connect(port, '127.0.0.1'))
  t.teardown(() => sockets.forEach((socket) => socket.destroy()))
  const ended = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
  sockets.forEach((socket) => socket.on('error', () => {}))
  await Promise.race(ended)
  await t.rejects(get('/status'), 'there is none left')
  sockets.forEach((socket) => socket.destroy())
  await Promise.all(ended)
  const isServed = () =>
    get('/status').then(
      ({ status }) => status === 200,
      () => false,
    )
  while (!(await isServed())) await new Promise((resolve) => setTimeout(resolve, 5))
  t.pass('and there is room again')
})

t.test("a path that leaves /MAAS/ is no region's business", async (t) => {
  const region = await makeRegion(t)
  const { port } = await makeRack(t, { regionApis: [region.url] })
  for (const path of [
    '/MAAS/../metrics',
    '/MAAS/%2e%2E/api/v1/backup',
    '/MAAS/x/..\\..\\metrics',
  ]) {
    const socket = connect(port, '127.0.0.1')
    socket.end(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    t.match(await text(socket), /^HTTP\/1\.1 404 /, path)
  }
  t.same(region.requests, [])
})

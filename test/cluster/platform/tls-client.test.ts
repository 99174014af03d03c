// Dialing by TLS: what a caller gets hold of, and that nothing is left open when it gets nothing.
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { createServer } from 'node:tls'
import t, { type Test } from 'tap'
import { withTls } from '#platform/tls-client.ts'
import { serverTls } from '#transport/tls.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { until } from '#test/support/until.ts'

const credentials = await (await makeTestPki()).member('region', 'a')

async function listen(t: Test, server: Server) {
  let open = 0
  server.on('connection', (socket) => {
    open++
    socket.on('error', () => {})
    socket.once('close', () => open--)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return { at: { host: '127.0.0.1', port }, open: () => open }
}

t.test('the socket is encrypted when it is handed over, and is the caller’s then', async (t) => {
  const { at, open } = await listen(
    t,
    createServer(serverTls(credentials), () => {}),
  )
  const socket = await withTls(at, 5_000, async (each) => each)
  t.equal(socket.getProtocol(), 'TLSv1.3')
  t.equal(open(), 1)
  socket.destroy()
  await until('it is closed', () => open() === 0)
})

t.test('a socket that was not wanted is closed, and the reason is the caller’s', async (t) => {
  const { at, open } = await listen(
    t,
    createServer(serverTls(credentials), () => {}),
  )
  const refused = withTls(at, 5_000, () => Promise.reject(new Error('not this one')))
  await t.rejects(refused, { message: 'not this one' })
  await until('it is closed', () => open() === 0)
})

t.test('one that does not speak TLS, one that says nothing and none at all', async (t) => {
  const silent = await listen(
    t,
    createTcpServer((socket) => socket.resume()),
  )
  await t.rejects(
    withTls(silent.at, 50, async () => 'used'),
    { code: 'TIMEOUT' },
  )
  await until('it is closed', () => silent.open() === 0)
  const closing = await listen(
    t,
    createTcpServer((socket) => socket.destroy()),
  )
  await t.rejects(withTls(closing.at, 5_000, async () => 'used'))
  await t.rejects(
    withTls({ host: '127.0.0.1', port: 1 }, 5_000, async () => 'used'),
    { code: 'ECONNREFUSED' },
  )
})

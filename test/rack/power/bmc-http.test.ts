// BMCs that answer what no server should: every one of them ends as a clear failure, in time, with its socket closed.
import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { parseBmcUrl } from '#rack/power/bmc-address.ts'
import { askBmc, type BmcRequest } from '#rack/power/bmc-http.ts'
import { PowerFailure } from '#rack/power/driver.ts'
import { withSession } from '#rack/power/redfish-session.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'

/** Says `speak` to whoever asks. */
async function bmc(t: Test, speak: (socket: Socket) => void) {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    // Whoever asked closes while we still speak.
    socket.on('error', () => {})
    socket.once('data', () => speak(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const closed = async (): Promise<void> => {
    const each = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve))
    await Promise.all([...open].map(each))
  }
  return { url: new URL(`http://127.0.0.1:${port}/`), closed }
}

function again(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), 1)
  socket.once('close', () => clearInterval(timer))
}

const OK = 'HTTP/1.1 200 OK\r\n'
const CASES: readonly {
  readonly name: string
  readonly code: string
  readonly speak: (socket: Socket) => void
}[] = [
  {
    name: 'switches protocols and stays',
    code: 'nonsense',
    speak: (socket) => socket.write('HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
  },
  {
    name: 'switches protocols and goes',
    code: 'nonsense',
    speak: (socket) => socket.end('HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
  },
  {
    name: 'says that it is at work, for ever',
    code: 'unreachable',
    speak: (socket) => again(socket, 'HTTP/1.1 102 Processing\r\n\r\n'),
  },
  { name: 'says nothing', code: 'unreachable', speak: () => {} },
  {
    name: 'sends a body drop by drop',
    code: 'unreachable',
    speak: (socket) => {
      socket.write(`${OK}Content-Length: 900000\r\n\r\n`)
      again(socket, 'x')
    },
  },
  {
    name: 'sends a body without an end',
    code: 'nonsense',
    speak: (socket) => {
      socket.write(`${OK}\r\n`)
      again(socket, 'x'.repeat(200_000))
    },
  },
  {
    name: 'sends headers without an end',
    code: 'nonsense',
    speak: (socket) => {
      socket.write(OK)
      again(socket, `a: ${'x'.repeat(8_000)}\r\n`)
    },
  },
  {
    name: 'ends in the middle of its body',
    code: 'unreachable',
    speak: (socket) => socket.end(`${OK}Content-Length: 100\r\n\r\nabc`),
  },
  { name: 'hangs up', code: 'unreachable', speak: (socket) => socket.destroy() },
  { name: 'speaks TLS', code: 'nonsense', speak: (socket) => socket.end('\u0015\u0003\u0001') },
  {
    name: 'has two lengths',
    code: 'nonsense',
    speak: (socket) => socket.end(`${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`),
  },
  {
    name: 'redirects to itself for ever',
    code: 'nonsense',
    speak: (socket) =>
      socket.end('HTTP/1.1 302 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n'),
  },
  {
    name: 'redirects to somebody else',
    code: 'nonsense',
    speak: (socket) =>
      socket.end('HTTP/1.1 302 Go\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n'),
  },
]

for (const { name, code, speak } of CASES) {
  t.test(`a BMC that ${name}`, { timeout: 20_000 }, async (t) => {
    const { url, closed } = await bmc(t, speak)
    const signal = AbortSignal.timeout(1_000)
    const error: unknown = await askBmc({ method: 'GET', url, verifyTls: false, signal }).catch(
      (reason: unknown) => reason,
    )
    t.ok(error instanceof PowerFailure, String(error))
    t.equal((error as PowerFailure).code, code)
    await closed()
    t.pass('and its socket is closed')
  })
}

t.test('what no header can hold is a failure of the settings, and is not told', async (t) => {
  const headers = { authorization: 'Bearer secret\nsecret' }
  const url = new URL('http://192.0.2.1/')
  const signal = AbortSignal.timeout(1_000)
  const error = await askBmc({ method: 'GET', url, headers, verifyTls: false, signal }).catch(
    (reason: unknown) => reason,
  )
  t.match(error, { code: 'settings', message: /cannot be sent$/ })
  t.notMatch((error as PowerFailure).message, /secret/)
})

t.test('an address with a zone is no part of a URL', (t) => {
  t.throws(() => parseBmcUrl('fe80::1%eth0'), { code: 'settings' })
  t.throws(() => parseBmcUrl('[fe80::1%eth0]:8000'), { code: 'settings' })
  t.equal(parseBmcUrl('[2001:db8::1]:8000').href, 'https://[2001:db8::1]:8000/')
  t.end()
})

t.test('a BMC reached by TLS that names itself by http: is spoken to by TLS', async (t) => {
  const asked: string[] = []
  const ask = async ({ method, url }: BmcRequest) => {
    asked.push(`${method} ${url.href}`)
    const location = 'http://bmc.example.org/redfish/v1/SessionService/Sessions/1'
    const headers = method === 'POST' ? { 'x-auth-token': 'T', location } : {}
    return await Promise.resolve({ status: 200, headers, text: '{}' })
  }
  const parameters = { power_address: 'bmc.example.org', power_user: 'u', power_pass: 'p' }
  const options = { askBmc: ask, sleep: async () => {}, parameters }
  const signal = AbortSignal.timeout(1_000)
  await withSession({ ...options, signal }, async (session) => {
    await session.read('http://bmc.example.org/redfish/v1/Systems/1')
    await t.rejects(session.read('http://bmc.example.org:8000/x'), { code: 'nonsense' })
  })
  t.same(asked, [
    'POST https://bmc.example.org/redfish/v1/SessionService/Sessions',
    'GET https://bmc.example.org/redfish/v1/Systems/1',
    'DELETE https://bmc.example.org/redfish/v1/SessionService/Sessions/1',
  ])
})

t.test('TLS: what is trusted, and no way from it to plain text', async (t) => {
  const { certificatePem: cert, keyPem: key } = (await makeTestPki()).ca
  const server = createHttpsServer({ cert, key }, ({ url, headers: { host } }, response) => {
    const to = url === '/down' ? `http://${host}/` : '/slash/'
    response.writeHead(url === '/slash/' ? 200 : 301, { location: to }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const ask = (path: string, verifyTls = false) =>
    askBmc({
      ...{ method: 'GET', url: new URL(`https://127.0.0.1:${port}${path}`), verifyTls },
      signal: AbortSignal.timeout(10_000),
    })
  t.equal((await ask('/slash')).status, 200)
  await t.rejects(ask('/slash', true), { code: 'settings', message: /not trusted/ })
  await t.rejects(ask('/down'), { code: 'nonsense', message: /somebody else/ })
})

t.test('a BMC that speaks the TLS of another age is named as that', async (t) => {
  const { certificatePem: cert, keyPem: key } = (await makeTestPki()).ca
  const server = createHttpsServer({ cert, key, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const url = new URL(`https://127.0.0.1:${port}/`)
  const signal = AbortSignal.timeout(10_000)
  const expected = { code: 'unreachable', message: /another TLS/ }
  await t.rejects(askBmc({ method: 'GET', url, verifyTls: false, signal }), expected)
})

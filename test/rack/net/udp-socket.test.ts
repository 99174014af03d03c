// One contract for every backend of `UdpSocket`, then what only the native ones can do.
import { networkInterfaces } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { formatIpv4, makeIpv4, parseIpv4 } from '#model/ipv4.ts'
import type { Logger } from '#model/ports.ts'
import { openSockets, parseSocketBackend, type SocketBackend } from '#rack/net/sockets.ts'
import type { UdpOptions, UdpSocket } from '#rack/net/udp-socket.ts'

const LOOPBACK = makeIpv4(0x7f000001)
const BACKENDS: readonly SocketBackend[] = ['ffi', 'koffi', 'dgram']

const warnings: string[] = []
const logger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (event, fields) => void warnings.push(`${event} ${JSON.stringify(fields)}`),
  error: () => {},
  with: () => logger,
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

type Seen = { text: string; address: string; port: number; interfaceIndex: number; to: string }

async function pair(backend: SocketBackend, options: Partial<UdpOptions> = {}) {
  const sockets = await openSockets({ only: backend, logger })
  t.equal(sockets.backend, backend, `${backend} is usable here`)
  const errors: unknown[] = []
  const common = { address: LOOPBACK, port: 0, onError: (e: unknown) => void errors.push(e) }
  const server = await sockets.openUdp({ ...common, ...options })
  const client = await sockets.openUdp(common)
  const seen: Seen[] = []
  const record = (socket: UdpSocket, then: (seen: Seen) => void = () => {}): void =>
    socket.onDatagram((d) => {
      const to = d.destination === undefined ? '' : formatIpv4(d.destination)
      const text = Buffer.from(d.bytes).toString()
      const { port, interfaceIndex } = d
      const one = { text, address: formatIpv4(d.address), port, interfaceIndex, to }
      seen.push(one)
      then(one)
    })
  const close = async (): Promise<void> => {
    await server.close()
    await client.close()
  }
  return { sockets, server, client, seen, errors, record, close }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 5000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`timed out: ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

for (const backend of BACKENDS) {
  t.test(`${backend}: a datagram is answered to its sender`, async (t) => {
    const { server, client, seen, record, close } = await pair(backend)
    server.onDatagram((d) => {
      server.send(Buffer.from(`re: ${Buffer.from(d.bytes).toString()}`), d)
    })
    record(client)
    client.send(Buffer.from('hello'), { address: LOOPBACK, port: server.port })
    client.flush()
    await until(() => seen.length === 1, 'answer')
    t.match(seen, [{ text: 're: hello', address: '127.0.0.1', port: server.port }])
    t.equal(server.kind, backend)
    await close()
  })

  t.test(
    `${backend}: hundreds of datagrams of different sizes keep contents and order`,
    async (t) => {
      const { server, client, seen, record, close } = await pair(backend, {
        receiveBufferBytes: 1 << 20,
      })
      record(server)
      const texts = Array.from({ length: 300 }, (_, i) => `${i}:${'x'.repeat(i % 97)}`)
      for (const text of texts) {
        client.send(Buffer.from(text), { address: LOOPBACK, port: server.port })
      }
      client.flush()
      await until(() => seen.length === texts.length, 'all datagrams')
      t.strictSame(
        seen.map((one) => one.text),
        texts,
      )
      await close()
    },
  )

  t.test(`${backend}: an empty datagram is a datagram`, async (t) => {
    const { server, client, seen, record, close } = await pair(backend)
    record(server)
    client.send(new Uint8Array(0), { address: LOOPBACK, port: server.port })
    client.flush()
    await until(() => seen.length === 1, 'empty datagram')
    t.equal(seen[0]?.text, '')
    await close()
  })

  t.test(
    `${backend}: what a handler throws is reported and the next datagram arrives`,
    async (t) => {
      const { server, client, seen, errors, record, close } = await pair(backend)
      record(server, (one) => {
        if (one.text === 'bad') throw new Error('handler bug')
      })
      for (const text of ['bad', 'good']) {
        client.send(Buffer.from(text), { address: LOOPBACK, port: server.port })
      }
      client.flush()
      await until(() => seen.length === 2 && errors.length === 1, 'error and datagram')
      t.match(errors, [{ message: 'handler bug' }])
      await close()
    },
  )

  t.test(`${backend}: a port in use is refused with EADDRINUSE`, async (t) => {
    const { sockets, server, close } = await pair(backend)
    await t.rejects(sockets.openUdp({ address: LOOPBACK, port: server.port }), {
      code: 'EADDRINUSE',
    })
    await close()
  })

  t.test(`${backend}: a foreign address is refused with EADDRNOTAVAIL`, async (t) => {
    const sockets = await openSockets({ only: backend, logger })
    const address = parseIpv4('192.0.2.1') ?? LOOPBACK
    await t.rejects(sockets.openUdp({ address, port: 0 }), { code: 'EADDRNOTAVAIL' })
  })

  t.test(`${backend}: a closed socket sends nothing and closes twice in peace`, async (t) => {
    const { server, client, close } = await pair(backend)
    await server.close()
    await server.close()
    t.equal(server.send(Buffer.from('x'), { address: LOOPBACK, port: client.port }), false)
    server.flush()
    t.equal(
      server.sendSegments({ address: LOOPBACK, port: client.port }, [Buffer.from('x')], 1),
      false,
    )
    await close()
  })

  t.test(
    `${backend}: segments arrive as datagrams of their size, the last one shorter`,
    async (t) => {
      const { server, client, seen, record, close } = await pair(backend)
      record(client)
      const to = { address: LOOPBACK, port: client.port }
      server.sendSegments(to, [Buffer.from('ab'), Buffer.from('cdef'), Buffer.from('g')], 3)
      await until(() => seen.length === 3, 'three segments')
      t.strictSame(
        seen.map((one) => one.text),
        ['abc', 'def', 'g'],
      )
      t.ok(await sent(server, 3), 'counted as three')
      await close()
    },
  )

  t.test(`${backend}: a socket closed by its own handler stops there`, async (t) => {
    const { server, client, close } = await pair(backend)
    let count = 0
    let closed: Promise<void> | undefined
    server.onDatagram(() => {
      count++
      closed = server.close()
    })
    for (let i = 0; i < 10; i++) {
      client.send(Buffer.from('x'), { address: LOOPBACK, port: server.port })
    }
    client.flush()
    await until(() => closed !== undefined, 'first datagram')
    await closed
    t.equal(count, 1)
    await close()
  })
}

async function sent(socket: UdpSocket, count: number): Promise<boolean> {
  await until(() => socket.counters().sent === count, `${count} sent`)
  return true
}

for (const backend of ['ffi', 'koffi'] as const) {
  t.test(`${backend}: interface and destination are told with packetInfo`, async (t) => {
    const { server, client, seen, record, close } = await pair(backend, {
      address: makeIpv4(0),
      packetInfo: true,
    })
    record(server)
    const second = makeIpv4(0x7f000002)
    client.send(Buffer.from('x'), { address: second, port: server.port })
    client.flush()
    await until(() => seen.length === 1, 'datagram')
    t.match(seen, [{ to: '127.0.0.2', interfaceIndex: 1 }], 'lo is index 1')
    await close()
  })

  t.test(`${backend}: a datagram leaves with the source address asked for`, async (t) => {
    const { server, client, seen, record, close } = await pair(backend, { address: makeIpv4(0) })
    record(client)
    const source = makeIpv4(0x7f000009)
    server.send(Buffer.from('x'), { address: LOOPBACK, port: client.port, source })
    server.flush()
    await until(() => seen.length === 1, 'datagram')
    t.equal(seen[0]?.address, '127.0.0.9')
    await close()
  })

  t.test(`${backend}: a datagram longer than a slot is dropped and counted`, async (t) => {
    const { server, client, seen, record, close } = await pair(backend, { slotBytes: 16 })
    record(server)
    for (const text of ['y'.repeat(17), 'z'.repeat(16)]) {
      client.send(Buffer.from(text), { address: LOOPBACK, port: server.port })
    }
    client.flush()
    await until(() => seen.length === 1, 'short one')
    t.equal(seen[0]?.text, 'z'.repeat(16))
    t.equal(server.counters().truncated, 1)
    t.equal(server.send(new Uint8Array(17), { address: LOOPBACK, port: 9 }), false)
    await close()
  })

  t.test(`${backend}: an unknown device is refused with ENODEV`, async (t) => {
    const sockets = await openSockets({ only: backend, logger })
    const options = { address: LOOPBACK, port: 0, device: 'no-such-device' }
    await t.rejects(sockets.openUdp(options), { code: 'ENODEV', syscall: 'setsockopt' })
  })

  t.test(`${backend}: a socket bound to lo receives from lo`, async (t) => {
    t.ok(networkInterfaces()['lo'], 'lo exists')
    const { server, client, seen, record, close } = await pair(backend, { device: 'lo' })
    record(server)
    client.send(Buffer.from('x'), { address: LOOPBACK, port: server.port })
    client.flush()
    await until(() => seen.length === 1, 'datagram')
    t.equal(seen[0]?.text, 'x')
    await close()
  })

  t.test(`${backend}: an unreachable destination costs only its own datagram`, async (t) => {
    const { server, client, seen, record, close } = await pair(backend)
    record(client)
    // A socket bound to 127.0.0.1 cannot send to a multicast address without a route there.
    const broadcast = { address: makeIpv4(0xffffffff), port: client.port }
    server.send(Buffer.from('lost'), broadcast)
    server.send(Buffer.from('kept'), { address: LOOPBACK, port: client.port })
    server.flush()
    await until(() => seen.length === 1, 'second datagram')
    t.match(server.counters(), { sendFailures: 1, lastSendError: 'EACCES' })
    await close()
  })

  t.test(`${backend}: segments too large for one offload call leave one by one`, async (t) => {
    const { server, client, seen, record, close } = await pair(backend)
    record(client)
    // More segments than the kernel's limit for one call (128), but each is fine alone.
    const to = { address: LOOPBACK, port: client.port }
    t.equal(server.sendSegments(to, [new Uint8Array(150).fill(65)], 1), true)
    await until(() => seen.length === 150, '150 segments')
    await close()
  })

  t.test(`${backend}: buffers outlive garbage collection`, async (t) => {
    const { server, client, seen, record, close } = await pair(backend)
    server.onDatagram((d) => void server.send(d.bytes, d))
    record(client)
    for (let round = 0; round < 20; round++) {
      const litter = Array.from({ length: 200 }, () => new ArrayBuffer(64 << 10))
      t.equal(litter.length, 200)
      collectGarbage()
      const text = `round ${round}`
      client.send(Buffer.from(text), { address: LOOPBACK, port: server.port })
      client.flush()
      await until(() => seen.length === round + 1, text)
      t.equal(seen.at(-1)?.text, text)
    }
    await close()
  })
}

t.test('the setting names a backend or nothing', async (t) => {
  t.strictSame(['ffi', 'koffi', 'dgram', 'FFI', ''].map(parseSocketBackend), [
    'ffi',
    'koffi',
    'dgram',
    undefined,
    undefined,
  ])
  t.strictSame(warnings, [], 'no backend failed its self-test')
})

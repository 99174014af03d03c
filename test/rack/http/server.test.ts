import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import type { BootFile, BootResource } from '#model/boot.ts'
import { resourceRow } from '#test/support/rack-view.ts'
import { seededRandom } from '#tools/sim/seeded-random.ts'
import { KERNEL, MAC, makeRack, makeRegion, SHA256 } from './rack-rig.ts'

t.test('boot scripts', async (t) => {
  const { get, base, events } = await makeRack(t)
  const chain = await get('/ipxe.cfg')
  t.equal(chain.status, 200)
  t.match(await chain.text(), `chain --replace ${base}/ipxe.cfg-\${mac} ||`)
  t.match(chain.headers.get('content-length'), /^\d+$/)
  t.match(
    await (await get(`/ipxe.cfg-${MAC}`)).text(),
    `kernel ${base}/images/${SHA256}/boot-kernel`,
  )
  t.match(await (await get(`/ipxe.cfg-${encodeURIComponent(MAC)}`)).text(), 'kernel')
  t.equal((await get('/ipxe.cfg-52:54:00:00:00:01')).status, 404, 'an unknown MAC')
  t.match(await (await get('/ipxe.cfg-default-amd64')).text(), `ironraft.api=${base}/MAAS `)
  t.match(
    events.find(({ machine }) => machine !== undefined),
    { kind: 'pxe', machine: { systemId: 'abc346' }, description: `/ipxe.cfg-${MAC}` },
  )
})

t.test('boot loaders for UEFI HTTP boot: HEAD, then GET, whatever the slashes', async (t) => {
  const { get } = await makeRack(t)
  const head = await get('/boot/snponly.efi', { method: 'HEAD' })
  t.equal(head.headers.get('content-length'), '6')
  t.equal(head.headers.get('content-type'), 'application/efi')
  t.equal(await (await get('//boot///snponly.efi')).text(), 'loader')
  for (const path of ['/boot/none.efi', '/boot/', '/boot/..%2f..%2fetc%2fpasswd', '/boot/%00']) {
    t.equal((await get(path)).status, 404, path)
  }
})

t.test('PXELINUX and GRUB by HTTP: their configurations, and modules by bare name', async (t) => {
  const { get, base, events } = await makeRack(t)
  const own = await get(`/pxelinux.cfg/01-${MAC.replaceAll(':', '-')}`)
  t.match(await own.text(), `LINUX ${base}/images/${SHA256}/boot-kernel`)
  t.match(events.at(-1), { kind: 'pxe', machine: { systemId: 'abc346' } })
  t.match(await (await get(`/grub/grub.cfg-${MAC}`)).text(), `linux /images/${SHA256}/boot-kernel`)
  const list = await get('/grub/x86_64-efi/fs.lst')
  t.equal(list.status, 200)
  t.equal(await list.text(), '')
  t.equal(await (await get('/ldlinux.c32')).text(), 'module')
  for (const path of ['/pxelinux.cfg/0A000001', '/none.c32', '/snponly.efi', '/grub/x.mod']) {
    t.equal((await get(path)).status, 404, path)
  }
})

t.test('images: RFC 9110', async (t) => {
  const { get, events } = await makeRack(t)
  const path = `/images/${SHA256}/boot-kernel`
  const whole = await get(path)
  t.equal(whole.status, 200)
  t.equal(whole.headers.get('content-length'), '200000')
  t.equal(whole.headers.get('etag'), `"${SHA256}"`)
  t.equal(whole.headers.get('accept-ranges'), 'bytes')
  t.equal(whole.headers.get('transfer-encoding'), null, 'never chunked')
  t.ok(Buffer.from(await whole.arrayBuffer()).equals(KERNEL))
  t.match(events.at(-1), { kind: 'http', machine: { systemId: 'abc346' } }, 'known by its lease')

  const head = await get(path, { method: 'HEAD' })
  t.equal(head.headers.get('content-length'), '200000')
  t.equal((await head.arrayBuffer()).byteLength, 0)

  const part = await get(path, { headers: { Range: 'bytes=100-199' } })
  t.equal(part.status, 206)
  t.equal(part.headers.get('content-range'), 'bytes 100-199/200000')
  t.ok(Buffer.from(await part.arrayBuffer()).equals(KERNEL.subarray(100, 200)))

  const beyond = await get(path, { headers: { Range: 'bytes=200000-' } })
  t.equal(beyond.status, 416)
  t.equal(beyond.headers.get('content-range'), 'bytes */200000')

  const changed = await get(path, { headers: { Range: 'bytes=0-1', 'If-Range': '"other"' } })
  t.equal(changed.status, 200, 'If-Range of another file gets the whole')
  await changed.body?.cancel()
  const same = await get(path, { headers: { Range: 'bytes=0-1', 'If-Range': `"${SHA256}"` } })
  t.equal(same.status, 206)
  const fresh = await get(path, { headers: { 'If-None-Match': `"${SHA256}"` } })
  t.equal(fresh.status, 304)
})

t.test('a file that no boot resource names is not looked for', async (t) => {
  const { get, source } = await makeRack(t)
  t.equal((await get(`/images/${'0'.repeat(64)}/boot-kernel`)).status, 404)
  t.equal(source.requests.length, 0)
})

t.test('a file that no region gives is 503 with Retry-After', async (t) => {
  const { get } = await makeRack(t, { images: 'corrupt' })
  const response = await get(`/images/${SHA256}/boot-kernel`)
  t.equal(response.status, 503)
  t.equal(response.headers.get('retry-after'), '5')
  t.equal(response.headers.get('etag'), null)
})

t.test('the API of a region behind /MAAS/', async (t) => {
  const region = await makeRegion(t)
  const rack = await makeRack(t, { regionApis: [region.url] })
  const forged = { 'X-Forwarded-For': '192.0.2.66, 192.0.2.67' }
  const response = await rack.get('//MAAS/api/2.0/machines/?op=x%20y', {
    method: 'POST',
    body: 'a=b',
    headers: {
      ...{ Authorization: 'OAuth x', 'Idempotency-Key': 'k', Connection: 'keep-alive' },
      ...forged,
    },
  })
  t.equal(response.status, 201)
  t.equal(response.headers.get('x-seen'), 'yes')
  t.equal(response.headers.get('content-type'), 'application/json')
  const seen = (await response.json()) as { headers: Record<string, string> }
  t.match(seen, {
    method: 'POST',
    url: '/MAAS/api/2.0/machines/?op=x%20y',
    body: 'a=b',
    headers: {
      authorization: 'OAuth x',
      'idempotency-key': 'k',
      // Its own word for where the client is, never the client's.
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': /^127\.0\.0\.1:\d+$/,
      'content-length': '3',
      host: region.url.slice('http://'.length),
    },
  })
})

t.test('a region that is down is passed over, for every method', async (t) => {
  const region = await makeRegion(t)
  const { get } = await makeRack(t, { regionApis: ['http://127.0.0.1:9', region.url] })
  t.equal((await get('/MAAS/', { method: 'POST', body: 'x' })).status, 201)
  t.equal((await get('/MAAS/')).status, 201)
})

t.test('what may have been received is sent again only when that is harmless', async (t) => {
  for (const manner of ['reset', 'never'] as const) {
    const broken = await makeRegion(t, manner)
    const healthy = await makeRegion(t)
    const ask = async (init: RequestInit, url = '/MAAS/x') => {
      const rack = await makeRack(t, {
        regionApis: [broken.url, healthy.url],
        timeouts: { firstTryMs: 200 },
      })
      const response = await rack.get(url, init)
      await response.arrayBuffer()
      return response.status
    }
    t.equal(await ask({}), 201, `${manner}: GET`)
    const keyed = { method: 'POST', body: 'x', headers: { 'Idempotency-Key': 'k' } }
    t.equal(await ask(keyed), 201, `${manner}: POST with a key`)
    const before = healthy.requests.length
    t.equal(await ask({ method: 'POST', body: 'x' }), 503, `${manner}: POST without`)
    for (const url of ['/MAAS/x/?tag=a&op=add%5Ftag', '/MAAS/x/op-remove_tag/', '/MAAS/?op=delete'])
      t.equal(await ask({}, url), 503, `${manner}: ${url}`)
    t.equal(healthy.requests.length, before, 'was not sent twice')
  }
})

t.test('a region’s own refusal is handed on', async (t) => {
  const region = await makeRegion(t, 'unavailable')
  const { get } = await makeRack(t, { regionApis: [region.url] })
  const response = await get('/MAAS/x')
  t.equal(response.status, 503)
  t.equal(response.headers.get('retry-after'), '3')
})

t.test('without any region the API is 503', async (t) => {
  const { get } = await makeRack(t)
  const response = await get('/MAAS/api/2.0/version/')
  t.equal(response.status, 503)
  t.equal(response.headers.get('retry-after'), '2')
})

t.test('a body above 8 MiB is refused', async (t) => {
  const region = await makeRegion(t)
  const { base } = await makeRack(t, { regionApis: [region.url] })
  const status = await new Promise((resolve) => {
    const outgoing = httpRequest(`${base}/MAAS/x`, { method: 'POST' }, (response) => {
      resolve(response.statusCode)
      response.resume()
    })
    outgoing.on('error', () => {})
    outgoing.end(Buffer.alloc((8 << 20) + 1))
  })
  t.equal(status, 413)
  t.equal(region.requests.length, 0)
})

t.test('status and metrics', async (t) => {
  const { get } = await makeRack(t)
  t.strictSame(await (await get('/status')).json(), { rack_id: 'abc346' })
  t.equal(await (await get('/metrics')).text(), 'a 1\n')
})

t.test('other methods and paths', async (t) => {
  const { get } = await makeRack(t)
  for (const path of ['/', '/nothing', '/images/', '/MAAS', '/%', '/ipxe.cfg-%', '/ipxe.cfg%ff']) {
    const { status } = await get(path)
    t.ok(status === 404 || status === 400, `${path} ${status}`)
  }
  t.equal((await get('/ipxe.cfg', { method: 'DELETE' })).status, 404)
})

t.test('no bytes end the server', async (t) => {
  const { port, get } = await makeRack(t)
  const random = seededRandom(9)
  const starts = ['', 'GET /', 'GET /images/', 'POST /MAAS/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n']
  for (let i = 0; i < 60; i++) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(random.pick(starts))
    socket.write(random.bytes(random.integer(300)))
    socket.end(() => socket.destroy())
    await once(socket, 'close')
  }
  t.equal((await get('/status')).status, 200)
})

t.test(
  'a file of an image that was replaced is served while machines may boot from it',
  async (t) => {
    const { get, view } = await makeRack(t)
    const { row, ...change } = resourceRow([]) as { readonly row: BootResource }
    const put = (next: object): void => {
      const rows = [{ ...change, row: next } as never]
      view.load({ ...view.dump(), rows })
    }
    const file = { kind: 'boot-kernel', filename: 'f', sha256: SHA256, sizeBytes: KERNEL.length }
    const retired = { files: [file as BootFile], until: 1 }
    put({ ...row, retired })
    t.equal((await get(`/images/${SHA256}/boot-kernel`)).status, 200)
    put(row)
    t.equal((await get(`/images/${SHA256}/boot-kernel`)).status, 404)
  },
)

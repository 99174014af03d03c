// The script's HTTP client, run for real against a server that misbehaves.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { parseAuthorization } from '#api/oauth.ts'
import { regionClient } from '../../support/region-client.ts'

// Starts programs: on a busy host each takes a while.
t.setTimeout(120_000)

async function serve(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const image = Buffer.alloc(3_000_000, 'ironraft image ')
const sha256 = createHash('sha256').update(image).digest('hex')

t.test('a download that breaks off goes on where it was', async (t) => {
  const ranges: (string | undefined)[] = []
  const url = await serve(t, (request, response) => {
    ranges.push(request.headers.range)
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const rest = image.subarray(from)
    response.writeHead(from > 0 ? 206 : 200, {
      'Content-Length': rest.length,
      ...(from > 0 ? { 'Content-Range': `bytes ${from}-2999999/3000000` } : {}),
    })
    if (ranges.length > 1) return void response.end(rest)
    response.write(rest.subarray(0, 2_000_000), () => response.destroy())
  })
  const { directory, run } = await regionClient(t, [url])
  const { status, stderr } = await run(`fetch ${sha256} ${image.length} >got`)
  t.equal(status, 0, stderr)
  t.ok(image.equals(await readFile(join(directory, 'got'))))
  t.equal(ranges[0], undefined)
  t.match(ranges[1], /^bytes=\d+-$/)
})

t.test('a server without ranges is asked for all again', async (t) => {
  let requests = 0
  const url = await serve(t, (_, response) => {
    response.writeHead(200, { 'Content-Length': image.length })
    if (requests++ > 0) return void response.end(image)
    response.write(image.subarray(0, 1_500_000), () => response.destroy())
  })
  const { directory, run } = await regionClient(t, [url])
  t.equal((await run(`fetch ${sha256} ${image.length} >got`)).status, 0)
  t.ok(image.equals(await readFile(join(directory, 'got'))))
})

t.test('wrong bytes, too many bytes and no bytes fail', async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url === '/none/image') response.statusCode = 404
    response.end(request.url === '/long/image' ? Buffer.concat([image, image]) : image)
  })
  const cases = [
    ['/right', 'ab'.repeat(32), /are not the image/],
    ['/long', sha256, /gave 6000000 bytes, the image has 3000000/],
    ['/none', sha256, /answered 404/],
  ] as const
  for (const [place, wanted, message] of cases) {
    const { run } = await regionClient(t, [`${url}${place}`])
    const { status, stderr } = await run(`fetch ${wanted} ${image.length} >got`)
    t.equal(status, 1)
    t.match(stderr, message)
  }
})

t.test('what is posted is signed, with a nonce of its own each time', async (t) => {
  const headers: string[] = []
  const bodies: string[] = []
  const url = await serve(t, (request, response) => {
    headers.push(request.headers.authorization ?? '')
    void buffer(request).then((body) => {
      bodies.push(`${request.headers['content-type']} ${body.toString()}`)
      response.writeHead(204).end()
    })
  })
  const { directory, run } = await regionClient(t, [url])
  await writeFile(join(directory, 'body'), '{"a": 1}')
  const env = { OAUTH: 'oauth_token="tk"' }
  for (let i = 0; i < 2; i++) {
    t.equal((await run(`post /status body application/json 5`, env)).status, 0)
  }
  t.equal((await run(`post /status body text/plain 5`)).status, 0)
  const parsed = headers.map((header) => parseAuthorization(header))
  t.equal(parsed[0]?.get('oauth_token'), 'tk')
  t.not(parsed[0]?.get('oauth_nonce'), parsed[1]?.get('oauth_nonce'))
  t.equal(headers[2], '', 'unsigned without OAUTH')
  t.same(bodies.slice(1), ['application/json {"a": 1}', 'text/plain {"a": 1}'])
})

t.test('a clock that is wrong is corrected by the Date of a refusal', async (t) => {
  const stamps: number[] = []
  const serverNow = Date.parse('2031-01-01T00:00:00Z')
  const url = await serve(t, (request, response) => {
    request.resume()
    const parsed = parseAuthorization(request.headers.authorization ?? '')
    const stamp = Number(parsed?.get('oauth_timestamp'))
    stamps.push(stamp)
    const isNear = Math.abs(stamp - serverNow / 1000) < 300
    response.setHeader('Date', new Date(serverNow).toUTCString())
    response.writeHead(isNear ? 204 : 401).end()
  })
  const { directory, run } = await regionClient(t, [url])
  await writeFile(join(directory, 'body'), 'x')
  const { status } = await run(`post / body text/plain 20`, { OAUTH: 'oauth_token="tk"' })
  t.equal(status, 0)
  t.equal(stamps.length, 2)
})

t.test('a server in trouble is asked again, a refusal is final, patience has an end', async (t) => {
  const asked: Record<string, number> = {}
  const url = await serve(t, (request, response) => {
    request.resume()
    const path = request.url ?? ''
    asked[path] = (asked[path] ?? 0) + 1
    const status = path === '/bad' ? 400 : path === '/down' || asked[path] === 1 ? 503 : 200
    response.writeHead(status).end()
  })
  const { directory, run } = await regionClient(t, [url])
  await writeFile(join(directory, 'body'), 'x')
  t.equal((await run(`post /soon body text/plain 20`)).status, 0)
  t.equal(asked['/soon'], 2)
  t.equal((await run(`post /bad body text/plain 20`)).status, 1)
  t.equal(asked['/bad'], 1)
  t.equal((await run(`post /down body text/plain 2`)).status, 1)
})

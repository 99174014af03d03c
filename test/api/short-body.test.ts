// Short bodies are read without the general parser; whatever is sent, both make the same of it.
import { EventEmitter } from 'node:events'
import Koa from 'koa'
import t, { type Test } from 'tap'
import { makeBodyParser } from '#api/request-body.ts'
import { readShortBody } from '#api/short-body.ts'

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

const BODIES: readonly (readonly [type: string, body: string | Buffer])[] = [
  [JSON_TYPE, '{"value":"text"}'],
  [JSON_TYPE, ' \n[1,{"a":null}]'],
  [JSON_TYPE, '\u{feff}{"a":"ü 你"}'],
  [JSON_TYPE, '"text"'],
  [JSON_TYPE, '7'],
  [JSON_TYPE, '{"a":'],
  [JSON_TYPE, '{} {}'],
  [JSON_TYPE, '{"__proto__":{"admin":true}}'],
  [JSON_TYPE, '{"a":[{"\\u005f_proto__":1}]}'],
  [JSON_TYPE, '{"a":"__proto__"}'],
  [JSON_TYPE, '{"a":"\\u00fc"}'],
  [JSON_TYPE, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['application/json; charset=utf-8', '{"a":1}'],
  [FORM_TYPE, 'a=1&a=%32&b=ü+x'],
  [FORM_TYPE, '\u{feff}a=1'],
  [FORM_TYPE, '{"a":1}'],
]

async function startEcho(t: Test): Promise<string> {
  const app = new Koa()
  const seen = (ctx: Koa.Context) => JSON.stringify([ctx.request.body, ctx.request.rawBody ?? null])
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      ctx.status = (error as { readonly status?: number }).status ?? 500
    }
  })
  app.use(makeBodyParser())
  app.use((ctx) => (ctx.body = seen(ctx)))
  const server = app.listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as { readonly port: number }).port}`
}

async function ask(url: string, type: string, body: string | Buffer | ReadableStream) {
  const headers = { 'content-type': type }
  const init = { method: 'POST', headers, body, duplex: 'half' }
  const response = await fetch(url, init as RequestInit)
  return { status: response.status, text: response.ok ? await response.text() : '' }
}

t.test('with a length and without one (the general parser), a body means the same', async (t) => {
  const url = await startEcho(t)
  for (const [type, body] of BODIES) {
    const general = await ask(url, type, new Blob([body as string]).stream())
    t.strictSame(await ask(url, type, body), general, `${type} ${String(body)}`)
  }
  const { text } = await ask(url, JSON_TYPE, '{"value":"text"}')
  t.strictSame(JSON.parse(text), [{ value: 'text' }, '{"value":"text"}'])
})

t.test('what is long, compressed, empty or of another kind is not read here', (t) => {
  const usual = { 'content-type': JSON_TYPE, 'content-length': '7' }
  const others = [
    { ...usual, 'content-length': '16385' },
    { ...usual, 'content-length': '0' },
    { ...usual, 'content-length': '7x' },
    { 'content-type': JSON_TYPE, 'transfer-encoding': 'chunked' },
    { ...usual, 'content-encoding': 'gzip' },
    { ...usual, 'content-type': 'application/json; charset=latin1' },
    { ...usual, 'content-type': 'multipart/form-data; boundary=B' },
  ]
  for (const headers of others) {
    const req = Object.assign(new EventEmitter(), { method: 'POST', headers })
    t.equal(readShortBody({ req } as unknown as Koa.Context), null, JSON.stringify(headers))
  }
  const req = Object.assign(new EventEmitter(), { method: 'GET', headers: usual })
  t.equal(readShortBody({ req } as unknown as Koa.Context), null, 'a GET has no body')
  t.end()
})

for (const event of ['close', 'error']) {
  t.test(`a body that breaks off is refused (${event})`, async (t) => {
    const headers = { 'content-type': JSON_TYPE, 'content-length': '7' }
    const req = Object.assign(new EventEmitter(), { method: 'PUT', headers })
    const body = readShortBody({ req } as unknown as Koa.Context)
    req.emit('data', Buffer.from('{"a"'))
    req.emit(event, new Error('aborted'))
    t.match(await body?.catch((error: unknown) => error), { status: 400 })
  })
}

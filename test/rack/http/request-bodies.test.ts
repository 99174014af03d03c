// Memory for bodies that go on to regions: of each body, of each client, of all.
import { PassThrough } from 'node:stream'
import type { Context } from 'koa'
import t from 'tap'
import { RequestBodies } from '#rack/http/request-bodies.ts'

const MIB = 1 << 20

/** A request of `client` whose body is sent by hand; `held` ends as the reading does. */
function request(bodies: RequestBodies, client: string) {
  const req = new PassThrough({ highWaterMark: 16 * MIB })
  const ctx = {
    req,
    throw: (status: number, message: string): never => {
      throw Object.assign(new Error(message), { status })
    },
  }
  let end = (): void => {}
  const used = new Promise<void>((resolve) => {
    end = resolve
  })
  const done = bodies.with(ctx as unknown as Context, client, async (body) => {
    await used
    return body.length
  })
  const refused = done.then(
    () => null,
    (error: { status: number }) => error.status,
  )
  const send = async (bytes: number): Promise<void> => {
    req.write(Buffer.alloc(bytes))
    while (req.readableLength > 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return { req, send, refused, end, done }
}

t.test('one body has 8 MiB, and is refused without an end of its connection', async (t) => {
  const { send, refused, req } = request(new RequestBodies(), 'a')
  await send(8 * MIB)
  req.write('x')
  t.equal(await refused, 413)
  t.notOk(req.destroyed, 'the refusal can still be said')
})

t.test('one client has 16 MiB, others have theirs', async (t) => {
  const bodies = new RequestBodies()
  const held = [request(bodies, 'a'), request(bodies, 'a')]
  for (const { send } of held) await send(8 * MIB)
  const third = request(bodies, 'a')
  third.req.end('x')
  t.equal(await third.refused, 503)
  const other = request(bodies, 'b')
  other.req.end('x')
  other.end()
  t.equal(await other.done, 1)
})

t.test('all have 64 MiB, and get them back', async (t) => {
  const bodies = new RequestBodies()
  const held = ['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd'].map((client) => request(bodies, client))
  for (const { send } of held) await send(8 * MIB)
  const one = request(bodies, 'e')
  one.req.end('x')
  t.equal(await one.refused, 503)
  const [broken, used] = held
  broken?.req.destroy(new Error('the client went away'))
  await broken?.refused
  used?.req.end()
  used?.end()
  t.equal(await used?.done, 8 * MIB)
  const again = request(bodies, 'a')
  await again.send(8 * MIB)
  again.req.end()
  again.end()
  t.equal(await again.done, 8 * MIB)
})

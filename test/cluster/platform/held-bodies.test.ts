// Memory for bodies: of each, of each client, of all; and all of it comes back, however a body ends.
import { PassThrough } from 'node:stream'
import t from 'tap'
import { HeldBodies } from '#platform/held-bodies.ts'

const refuse = (why: string): never => {
  throw new Error(why)
}

/** Sent by hand, and used until `end`. */
function request(held: HeldBodies, client: string, bytesMax = 10) {
  const sent = new PassThrough()
  let end = (): void => {}
  const used = new Promise<void>((resolve) => {
    end = resolve
  })
  const told = held
    .with(sent, { client, bytesMax, refuse }, async (body) => {
      await used
      return body.toString()
    })
    .catch((error: unknown) => (error as Error).message)
  const send = async (text: string): Promise<void> => {
    sent.write(text)
    while (sent.readableLength > 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return { sent, send, end, told }
}

const makeHeld = (): HeldBodies => new HeldBodies({ ofClientBytes: 12, allBytes: 20 })

t.test('a body comes whole; one byte more is too long, and its connection stays', async (t) => {
  const whole = request(makeHeld(), 'a')
  await whole.send('01234')
  await whole.send('56789')
  whole.sent.end()
  whole.end()
  t.equal(await whole.told, '0123456789')
  const long = request(makeHeld(), 'a')
  await long.send('0123456789')
  long.sent.write('x')
  t.equal(await long.told, 'tooLong')
  t.notOk(long.sent.destroyed, 'the refusal can still be said')
})

t.test('one client has its share, and others theirs', async (t) => {
  const held = makeHeld()
  await request(held, 'a').send('0123456789')
  const second = request(held, 'a')
  second.sent.write('012')
  t.equal(await second.told, 'tooMuch')
  const other = request(held, 'b')
  other.sent.end('01')
  other.end()
  t.equal(await other.told, '01')
})

t.test('all have one share together, and what ends gives its part back', async (t) => {
  const held = makeHeld()
  const [first, second] = [request(held, 'a'), request(held, 'b')]
  for (const { send } of [first, second]) await send('0123456789')
  const third = request(held, 'c')
  third.sent.write('x')
  t.equal(await third.told, 'tooMuch')
  first.sent.destroy(new Error('the client went away'))
  t.equal(await first.told, 'the client went away')
  const again = request(held, 'a')
  await again.send('0123456789')
  again.sent.end()
  again.end()
  t.equal(await again.told, '0123456789', 'of the client, and of all')
})

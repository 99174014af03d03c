// An installation goes on when its rack dies, at whichever moment: the script's HTTP client against racks that do.
import { createHash } from 'node:crypto'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { seedStep } from '#api/installer/system-steps.ts'
import { SYSTEM_FUNCTIONS } from '#api/installer/system-functions.ts'
import { answering, deadRack, fakeRack, type Listener } from '../../support/fake-racks.ts'
import { installInput } from '../../support/install-inputs.ts'
import { regionClient } from '../../support/region-client.ts'
import { runShell } from '../../support/shell-run.ts'

// Starts programs: on a busy host each takes a while.
t.setTimeout(120_000)

const image = Buffer.alloc(3_000_000, 'ironraft image ')
const sha256 = createHash('sha256').update(image).digest('hex')
const FETCH = `fetch ${sha256} ${image.length}`
const EVENT = 'post /metadata/status/abc123 body application/json 5'

/** `till`: bytes after which the connection breaks. */
const giving =
  (bytes: Buffer, till = bytes.length): Listener =>
  ({ headers }, response) => {
    const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0)
    const last = bytes.length - 1
    response.writeHead(from > 0 ? 206 : 200, {
      'Content-Length': bytes.length - from,
      ...(from > 0 ? { 'Content-Range': `bytes ${from}-${last}/${bytes.length}` } : {}),
    })
    if (till === bytes.length) response.end(bytes.subarray(from))
    else response.write(bytes.subarray(from, till), () => response.destroy())
  }

async function clientOf(t: Test, urls: readonly string[]) {
  const client = await regionClient(t, urls)
  await writeFile(join(client.directory, 'body'), '{"a": 1}')
  const got = () => readFile(join(client.directory, 'got'))
  return { ...client, got }
}

t.test('in the middle of the image: the next rack gives the rest', async (t) => {
  const first = await fakeRack(t, giving(image, 2_000_000))
  const second = await fakeRack(t, giving(image))
  const { run, got, order } = await clientOf(t, [first.url, second.url])
  const { status, stderr } = await run(`${FETCH} >got`)
  t.equal(status, 0, stderr)
  t.ok(image.equals(await got()))
  t.match(second.asked[0]?.headers.range, /^bytes=[1-9]\d*-$/)
  t.same(await order(), [second.url, first.url])
})

const GONE: Readonly<Record<string, (t: Test) => Promise<string>>> = {
  'before it connects': deadRack,
  'and is silent': async (t) => (await fakeRack(t, () => {})).url,
  'with 502': async (t) => (await fakeRack(t, answering(502))).url,
  'with 503': async (t) => (await fakeRack(t, answering(503))).url,
  'with 504': async (t) => (await fakeRack(t, answering(504))).url,
}
for (const [how, gone] of Object.entries(GONE)) {
  t.test(`a rack that fails ${how} is left, and asked last from then on`, async (t) => {
    const second = await fakeRack(t, giving(image))
    const url = await gone(t)
    const { run, got, order } = await clientOf(t, [url, second.url])
    t.equal((await run(`${FETCH} >got`)).status, 0)
    t.ok(image.equals(await got()))
    second.listener = answering(204)
    t.equal((await run(EVENT)).status, 0)
    t.same(await order(), [second.url, url])
    t.equal(second.asked.length, 2)
    t.equal(second.asked[1]?.body, '{"a": 1}')
  })
}

t.test('between two stages: what is said next is said elsewhere', async (t) => {
  const [first, second] = [await fakeRack(t, answering(204)), await fakeRack(t, answering(204))]
  const { run } = await clientOf(t, [first.url, second.url])
  t.equal((await run(EVENT)).status, 0)
  first.die()
  t.equal((await run(EVENT)).status, 0)
  t.same([first.asked.length, second.asked.length], [1, 1])
})

t.test('a refusal is final: nobody else is asked', async (t) => {
  for (const code of [400, 403, 404, 409]) {
    const [first, second] = [await fakeRack(t, answering(code)), await fakeRack(t, answering(200))]
    const { run } = await clientOf(t, [first.url, second.url])
    t.equal((await run(EVENT)).status, 1, String(code))
    t.equal((await run(`${FETCH} >got`)).status, 1)
    t.equal(second.asked.length, 0)
  }
})

const altered = Buffer.from(image)
altered[1_000] = 0
const LIES: Readonly<Record<string, Listener>> = {
  'the right number of wrong bytes': giving(altered),
  'a page': answering(200, '<html>please log in'),
  'bytes without end': (_asked, response) => {
    response.writeHead(200)
    response.end(Buffer.concat([altered, altered]))
  },
  'the beginning, then wrong bytes': giving(altered, 2_000_000),
}
for (const [what, lie] of Object.entries(LIES)) {
  t.test(`garbage (${what}) is refused, and the image comes from another`, async (t) => {
    const [liar, second] = [await fakeRack(t, lie), await fakeRack(t, giving(image))]
    const { run, got, order } = await clientOf(t, [liar.url, second.url])
    const { status, stderr } = await run(`${FETCH} >got`)
    t.equal(status, 0, stderr)
    t.ok(image.equals(await got()))
    t.equal((await order())[0], second.url)
  })
}

t.test('what streams cannot be taken back: wrong bytes fail there', async (t) => {
  const [liar, second] = [await fakeRack(t, giving(altered)), await fakeRack(t, giving(image))]
  const { run } = await clientOf(t, [liar.url, second.url])
  const { stdout, stderr } = await run(`${FETCH} 2>said | cat >got; cat said`)
  t.match(stdout, /are not the image/, stderr)
  const full = await run(`${FETCH} 2>&1 >/dev/full | cat`)
  t.match(full.stdout, /the reader is gone/)
  t.equal(second.asked.length, 0)
})

t.test('only liars: it ends', async (t) => {
  const [one, two] = [await fakeRack(t, giving(altered)), await fakeRack(t, giving(altered))]
  const { run } = await clientOf(t, [one.url, two.url])
  const { status, stderr } = await run(`${FETCH} >got`)
  t.equal(status, 1)
  t.match(stderr, /are not the image/)
  t.same([one.asked.length, two.asked.length], [2, 2])
})

t.test('the installed system is told of the rack that answered last', async (t) => {
  const second = await fakeRack(t, answering(204))
  const { run, directory } = await clientOf(t, [await deadRack(t), second.url])
  await run(EVENT)
  await mkdir(join(directory, 'target'))
  const script = `WORK=${directory} TARGET=${directory}/target\n${SYSTEM_FUNCTIONS}\n`
  const { status, stderr } = await runShell(script + seedStep(installInput()), { cwd: directory })
  t.equal(status, 0, stderr)
  const path = join(directory, 'target/etc/cloud/cloud.cfg.d/90_dpkg_local_cloud_config.cfg')
  t.match(await readFile(path, 'utf8'), `    metadata_url: "${second.url}/metadata/"\n`)
  t.equal((await stat(path)).mode & 0o777, 0o600)
})

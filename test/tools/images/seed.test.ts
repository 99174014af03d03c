// The program that asks racks in cloud-init's stead, run against racks that die, fall silent, lie and refuse.
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { preseedOf } from '#api/metadata/preseed.ts'
import {
  answering,
  deadRack,
  fakeRack,
  type FakeRack,
  type Listener,
} from '#test/support/fake-racks.ts'
import { runShell } from '#test/support/shell-run.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

// Starts programs: on a busy host each takes a while.
t.setTimeout(120_000)

const PROGRAM = join(import.meta.dirname, '../../../tools/images/debian/seed')
const PRESEED = '/MAAS/metadata/latest/by-id/abc123/?op=get_preseed'
const CONFIG = 'etc/cloud/cloud.cfg.d/91_kernel_cmdline_url.cfg'
const SEED = 'var/lib/cloud/seed/maas'
const USER_DATA = '#!/bin/sh\n'.padEnd(200_000, '# a long script\n')

/** As a rack with a region behind it answers. */
function serving(own: () => FakeRack, id = 'abc123'): Listener {
  const documents: Readonly<Record<string, string>> = {
    'meta-data/instance-id': id,
    'meta-data/local-hostname': 'first.maas',
    'user-data': USER_DATA,
  }
  return ({ url, headers }, response) => {
    if (url === PRESEED) {
      const token = { consumerKey: 'ck', tokenKey: 'tk', tokenSecret: 'ts' }
      const metadataUrl = `${own().url}/MAAS/metadata/`
      const parts = { kind: 'scripts', systemId: id, metadataUrl, token, sshOn: false } as const
      return void response.end(preseedOf(parts))
    }
    const name = url.replace('/MAAS/metadata/2012-03-01/', '')
    const isSigned = headers.authorization?.includes('oauth_signature="%26ts"') ?? false
    response.writeHead(!isSigned ? 401 : documents[name] === undefined ? 404 : 200)
    response.end(isSigned ? documents[name] : '')
  }
}

async function rackThatServes(t: Test): Promise<FakeRack> {
  const rack = await fakeRack(t, () => {})
  rack.listener = serving(() => rack)
  return rack
}

async function seed(t: Test, urls: readonly string[], edit = (program: string) => program) {
  const root = await temporaryDirectory(t)
  const cmdline = join(root, 'cmdline')
  const bases = urls.map((url) => `${url}/MAAS`).join(',')
  await writeFile(cmdline, `ro cloud-config-url=${urls[0]}${PRESEED} ironraft.api=${bases} quiet\n`)
  const program = join(root, 'seed')
  // Not the minutes that a machine has.
  const quick = (await readFile(PROGRAM, 'utf8'))
    .replace('PATIENCE_SECONDS = 300', 'PATIENCE_SECONDS = 2')
    .replace('ANSWER_SECONDS = 30', 'ANSWER_SECONDS = 2')
  await writeFile(program, edit(quick))
  await mkdir(join(root, 'run'))
  const env = { IRONRAFT_ROOT: root, IRONRAFT_CMDLINE: cmdline }
  const { status, stderr } = await runShell(`exec python3 ${program}`, { cwd: root, env })
  const text = (path: string) => readFile(join(root, path), 'utf8').catch(() => undefined)
  return { status, stderr, text, root }
}

const paths = ({ asked }: FakeRack) => asked.map(({ url }) => url.replace(/^.*\//, ''))
const DOCUMENTS = ['instance-id', 'local-hostname', 'public-keys', 'vendor-data', 'user-data']

t.test('all that cloud-init would ask is there before it starts', async (t) => {
  const rack = await rackThatServes(t)
  const { text, root, stderr } = await seed(t, [rack.url])
  t.match(await text(CONFIG), `metadata_url: "${rack.url}/MAAS/metadata/"`, stderr)
  t.equal(await text(`${SEED}/meta-data/instance-id`), 'abc123')
  t.equal(await text(`${SEED}/user-data`), USER_DATA)
  t.same(await readdir(join(root, SEED, 'meta-data')), ['instance-id', 'local-hostname'])
  t.equal(await text('run/ironraft/cloud-init.env'), 'DEBUG_PROC_CMDLINE=ironraft\n')
  const { mode } = await stat(join(root, SEED, 'user-data'))
  t.equal(mode & 0o777, 0o600, 'the token is in it')
  t.same(paths(rack), ['?op=get_preseed', ...DOCUMENTS])
})

const DEATHS: Readonly<Record<string, (t: Test) => Promise<string>>> = {
  'is dead': deadRack,
  'says nothing': async (t) => (await fakeRack(t, () => {})).url,
  'answers 503': async (t) => (await fakeRack(t, answering(503))).url,
  'answers with something else': async (t) => (await fakeRack(t, answering(200, '<html>'))).url,
  'breaks off': async (t) =>
    (
      await fakeRack(t, (_asked, response) => {
        response.writeHead(200, { 'Content-Length': 500 })
        response.write('#cloud-config\n', () => response.destroy())
      })
    ).url,
}
for (const [name, make] of Object.entries(DEATHS)) {
  t.test(`the rack of the boot ${name}: the next one is named by the preseed`, async (t) => {
    const rack = await rackThatServes(t)
    const { text, stderr } = await seed(t, [await make(t), rack.url])
    t.match(await text(CONFIG), `metadata_url: "${rack.url}/MAAS/metadata/"`, stderr)
    t.equal(await text(`${SEED}/user-data`), USER_DATA)
  })
}

for (const last of ['?op=get_preseed', ...DOCUMENTS.slice(0, -1)]) {
  t.test(`a rack that dies after ${last} is replaced by the next`, async (t) => {
    const [first, second] = [await rackThatServes(t), await rackThatServes(t)]
    const serve = first.listener
    first.listener = (asked, response) => {
      response.on('finish', () => asked.url.endsWith(last) && first.die())
      response.setHeader('Connection', 'close')
      serve(asked, response)
    }
    const { text, stderr } = await seed(t, [first.url, second.url])
    t.equal(await text(`${SEED}/user-data`), USER_DATA, stderr)
    t.same([...paths(first), ...paths(second)], ['?op=get_preseed', ...DOCUMENTS], 'each once')
  })
}

t.test('a user data that breaks off in the middle is fetched whole elsewhere', async (t) => {
  const [first, second] = [await rackThatServes(t), await rackThatServes(t)]
  const serve = first.listener
  first.listener = (asked, response) => {
    if (!asked.url.endsWith('user-data')) return serve(asked, response)
    response.writeHead(200, { 'Content-Length': USER_DATA.length })
    response.write(USER_DATA.slice(0, 100_000), () => response.destroy())
  }
  const { text } = await seed(t, [first.url, second.url])
  t.equal(await text(`${SEED}/user-data`), USER_DATA)
})

t.test('a refusal is final, and nothing is left behind', async (t) => {
  const refusing = await fakeRack(t, answering(403))
  const rack = await rackThatServes(t)
  const { text, stderr, status } = await seed(t, [refusing.url, rack.url])
  t.match(stderr, /answered 403/)
  t.equal(status, 0, 'cloud-init goes its own way')
  t.same([await text(CONFIG), await text('run/ironraft/cloud-init.env')], [undefined, undefined])
  t.equal(rack.asked.length, 0)
})

t.test('of what is refused in the middle nothing is left, either', async (t) => {
  const rack = await rackThatServes(t)
  const serve = rack.listener
  rack.listener = (asked, response) =>
    asked.url.endsWith('user-data') ? answering(403)(asked, response) : serve(asked, response)
  const { text, stderr } = await seed(t, [rack.url])
  t.match(stderr, /answered 403/)
  t.same([await text(CONFIG), await text(`${SEED}/meta-data/instance-id`)], [undefined, undefined])
})

t.test('a machine whose clock is years behind learns the time from a refusal', async (t) => {
  const rack = await rackThatServes(t)
  const serve = rack.listener
  rack.listener = (asked, response) => {
    const stamp = Number(/oauth_timestamp="(\d+)"/.exec(asked.headers.authorization ?? '')?.[1])
    const isWrong = Math.abs(stamp - Date.now() / 1000) > 300
    if (asked.url !== PRESEED && isWrong) answering(401)(asked, response)
    else serve(asked, response)
  }
  const late = (program: string) => program.replaceAll('time.time()', '(time.time() - 1e8)')
  const { text, stderr } = await seed(t, [rack.url], late)
  t.equal(await text(`${SEED}/user-data`), USER_DATA, stderr)
  t.equal(rack.asked.length, 1 + 1 + DOCUMENTS.length, 'once')
})

t.test('where nobody answers there is an end, and nothing is left', async (t) => {
  const { text, stderr, status } = await seed(t, [await deadRack(t), await deadRack(t)])
  t.equal(status, 0)
  t.match(stderr, /no rack answers/)
  t.equal(await text(CONFIG), undefined)
})

t.test(
  'boot files of an older rack name no others: cloud-init does what it always did',
  async (t) => {
    const rack = await rackThatServes(t)
    const { stderr } = await seed(t, [rack.url], (program) =>
      program.replace("'ironraft.api'", "'absent'"),
    )
    t.match(stderr, /names no racks/)
    t.equal(rack.asked.length, 0)
  },
)

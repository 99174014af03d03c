// How the initrd of the Debian image fetches its root filesystem: the functions of its boot script, run by busybox as in
// the initrd, against servers that break off, lie or fall silent.
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { command } from './support/process.ts'

t.setTimeout(120_000)

const SCRIPT = join(import.meta.dirname, '../../tools/images/debian/initramfs-boot')
const BYTES = Buffer.alloc(300_000, 'root filesystem ')
const SUM = createHash('sha256').update(BYTES).digest('hex')
const ALTERED = Buffer.from(BYTES)
ALTERED[1_000] = 0

type Manner = 'whole' | 'cut' | 'altered' | 'silent' | 'missing'

/** Answers `/<manner>/…`; `asked` gets manner and range of each request. */
async function serve(t: Test) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const manner = (request.url?.split('/')[1] ?? '') as Manner
    const range = request.headers.range
    asked.push(range === undefined ? manner : `${manner} ${range}`)
    answer(response, manner, Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

function answer(response: ServerResponse, manner: Manner, from: number): void {
  const bytes = manner === 'altered' ? ALTERED : BYTES
  if (manner === 'missing') {
    response.writeHead(503).end()
    return
  }
  if (from >= bytes.length) {
    response.writeHead(416, { 'Content-Range': `bytes */${bytes.length}` }).end()
    return
  }
  const headers = {
    'Content-Length': bytes.length - from,
    ...(from > 0 ? { 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
  }
  response.writeHead(from > 0 ? 206 : 200, headers)
  if (manner === 'cut')
    response.write(bytes.subarray(from, from + 100_000), () => response.destroy())
  else if (manner === 'silent') response.write(bytes.subarray(from, from + 50_000))
  else response.end(bytes.subarray(from))
}

/** `fetch SUM URLS` as the initrd calls it; `give_up` ends the shell, in a pid namespace so that nothing can restart us. */
async function fetchRoot(
  t: Test,
  base: string,
  manners: readonly Manner[],
  before?: Buffer,
  more = ':',
) {
  const directory = await temporaryDirectory(t)
  const bin = join(directory, 'bin')
  await mkdir(bin)
  await command('busybox', ['--install', '-s', bin])
  const image = join(directory, 'root.squashfs')
  if (before !== undefined) await writeFile(image, before)
  const urls = manners.map((manner) => `${base}/${manner}/${SUM}/squashfs`).join(' ')
  const program = [
    `. ${SCRIPT}`,
    `image=${image} silence_seconds=2 pause_seconds=0 rounds=5`,
    'say() { echo "$*"; }',
    'give_up() { echo "gave up: $*"; exit 9; }',
    more,
    `fetch ${SUM} "${urls}" && echo fetched`,
  ].join('\n')
  const shell = ['env', '-i', `PATH=${bin}`, join(bin, 'sh'), '-c', program]
  const { stdout } = await command('unshare', ['--pid', '--fork', ...shell]).catch(
    (error: { readonly stdout: string }) => ({ stdout: error.stdout }),
  )
  return { stdout, bytes: await readFile(image).catch(() => undefined) }
}

t.test('the lease is asked for again before a long download goes on', async (t) => {
  const { base, asked } = await serve(t)
  // Due at once, and once more: each time the present server is left, and nothing of what came is lost.
  const configure = 'renew_at=1; configure() { echo configured; renew_at=; }'
  const { stdout } = await fetchRoot(t, base, ['silent', 'whole'], undefined, configure)
  t.match(stdout, /^configured\n.*fetched\n$/s)
  t.equal(asked[0], 'silent')
})

t.test('the rack that answers DHCP is asked after all that were named', async (t) => {
  const { base } = await serve(t)
  const more = 'rounds=2 renew_at=9999999999; configure() { ROOTSERVER=192.0.2.255; }'
  const { stdout } = await fetchRoot(t, base, ['missing'], undefined, more)
  const found = `fetching http://192.0.2.255:5248/images/${SUM}/squashfs`
  t.match(stdout, new RegExp(`(?:fetching \\S+missing.*\\n.*\\n){2}${found}`))
})

t.test('what is whole is taken from the first server', async (t) => {
  const { base, asked } = await serve(t)
  const { stdout, bytes } = await fetchRoot(t, base, ['whole', 'cut'])
  t.match(stdout, /fetched\n$/)
  t.ok(bytes?.equals(BYTES))
  t.same(asked, ['whole'])
})

t.test('what broke off goes on at the next server', async (t) => {
  const { base, asked } = await serve(t)
  const { stdout, bytes } = await fetchRoot(t, base, ['cut', 'whole'])
  t.match(stdout, /broke off or does not answer after 100000 bytes\n.*\nfetched\n$/)
  t.ok(bytes?.equals(BYTES))
  t.same(asked, ['cut', 'whole bytes=100000-'])
})

t.test('a server that falls silent is left', async (t) => {
  const { base, asked } = await serve(t)
  const { stdout } = await fetchRoot(t, base, ['silent', 'whole'])
  t.match(stdout, /fetched\n$/)
  t.same(asked, ['silent', 'whole bytes=50000-'])
})

t.test('servers that have nothing yet are asked again', async (t) => {
  const { base, asked } = await serve(t)
  const { stdout } = await fetchRoot(t, base, ['missing'])
  t.match(stdout, /gave up: no rack gave the root filesystem\n$/)
  t.equal(asked.length, 5)
})

t.test(
  'whole bytes that are not the right ones are refused, three times and for good',
  async (t) => {
    const { base, asked } = await serve(t)
    const { stdout, bytes } = await fetchRoot(t, base, ['altered'])
    t.match(stdout, /refused \(3\)\ngave up: the root filesystem is damaged and is not started\n$/)
    t.equal(bytes, undefined, 'and kept nowhere')
    t.same(asked, ['altered', 'altered', 'altered'], 'from the beginning each time')
  },
)

t.test('a part of other bytes does not spoil what comes after it', async (t) => {
  const { base } = await serve(t)
  const { stdout, bytes } = await fetchRoot(t, base, ['whole'], ALTERED.subarray(0, 5_000))
  t.match(stdout, /refused \(1\)\n.*\nfetched\n$/s)
  t.ok(bytes?.equals(BYTES))
})

t.test(
  'too many bytes of another file are forgotten when no range is left to ask for',
  async (t) => {
    const { base } = await serve(t)
    const { stdout } = await fetchRoot(t, base, ['whole'], Buffer.alloc(BYTES.length + 1))
    t.match(stdout, /fetched\n$/)
  },
)

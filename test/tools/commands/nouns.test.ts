// Nouns and verbs against a real API over the memory region.
import t, { type Test } from 'tap'
import type { UserId } from '#model/ids.ts'
import { ADMIN, PLAIN, startTestApi, type Key } from '#test/api/support/api.ts'
import { fakeIo, type FakeIo } from '#test/support/fake-io.ts'
import { FakeRegion } from '#test/support/fake-region.ts'
import { main } from '#tools/main.ts'

const ACTOR = {
  actor: {
    ...({ kind: 'user', userId: 1 as UserId, username: 'admin' } as const),
    ...{ remoteAddress: '', requestId: '' },
  },
} as const

async function makeLab(t: Test, key: Key = ADMIN) {
  const api = await startTestApi(t)
  const env = {
    IRONRAFT_ENDPOINT: api.url,
    IRONRAFT_API_KEY: `${key.consumerKey}:${key.tokenKey}:${key.tokenSecret}`,
  }
  const run = async (...words: string[]): Promise<string> => {
    const io = fakeIo(env)
    t.equal(await main(words, io), 0, `${words.join(' ')}: ${io.complained.join()}`)
    return io.printed.join('\n')
  }
  const json = async (...words: string[]): Promise<any> => JSON.parse(await run(...words, '--json')) // eslint-disable-line typescript/no-explicit-any -- tests look into it freely
  return { api, env, run, json }
}

t.test('a network is built, asked about and taken down', async (t) => {
  const { run, json } = await makeLab(t)
  const fabric = await json('fabrics', 'create', '--name', 'lab')
  const vlan = await json('vlans', 'create', String(fabric.id), '100', '--name', 'storage')
  t.equal(vlan.vid, 100)
  t.equal(vlan.fabric_id, fabric.id)
  const subnet = await json('subnets', 'create', '10.1.0.0/24', '--vlan', String(vlan.id))
  const id = String(subnet.id)
  const options = ['--type', 'dynamic', '--start-ip', '10.1.0.10', '--end-ip', '10.1.0.19']
  await run('ipranges', 'create', ...options)
  t.match(await run('subnets', 'free-ranges', id), /^START +END +ADDRESSES\n10\.1\.0\.1 /)
  t.match(await run('subnets', 'used-ranges', id), /10\.1\.0\.10 +10\.1\.0\.19 +10 /)
  t.match(await run('subnets', 'statistics', id), /^TOTAL +USED +USAGE\n254 +10 +/)
  const reserved = await json('ipaddresses', 'reserve', '--subnet', '10.1.0.0/24')
  t.match(await run('ipaddresses', 'list'), reserved.ip)
  await run('ipaddresses', 'release', reserved.ip)
  t.notMatch(await run('ipaddresses', 'list'), /10\.1\.0/)
  await run('ipranges', 'delete', '1')
  await run('subnets', 'delete', id)
  t.match(await run('vlans', 'list'), /100 +storage/)
  await run('vlans', 'delete', String(vlan.id))
  t.notMatch(await run('vlans', 'list'), /storage/)
})

t.test('the interfaces of a machine are made and linked, node first', async (t) => {
  const { run, json } = await makeLab(t)
  await run('subnets', 'create', '10.1.0.0/24')
  const macs = ['--mac-addresses', '52:54:00:00:01:01', '--mac-addresses', '52:54:00:00:01:02']
  const made = await json('machines', 'create', ...macs, '--architecture', 'amd64/generic')
  const node = String(made.system_id)
  await run('machines', 'abort', node)
  const parents = ['--parents', 'eth0', '--parents', 'eth1']
  const bond = await json('interfaces', 'create-bond', node, '--name', 'bond0', ...parents)
  t.same(bond.parents, ['eth0', 'eth1'])
  const vlan = ['--vlan', String((await json('subnets', 'get', '1')).vlan.id)]
  await run('interfaces', 'update', node, 'bond0', '--mtu', '9000', ...vlan)
  const link = ['--mode', 'static', '--subnet', '1', '--ip-address', '10.1.0.9']
  const linked = await json('interfaces', 'link-subnet', node, 'bond0', ...link)
  t.match(linked.links, [{ ip_address: '10.1.0.9' }])
  t.match(await run('interfaces', 'list', node), /^ID .*\n[^]*bond0 +bond .*static +10\.1\.0\.9/)
  await run('interfaces', 'add-tag', node, 'bond0', 'fast')
  await run('interfaces', 'unlink-subnet', node, 'bond0', String(linked.links[0].id))
  t.match(await json('interfaces', 'get', node, 'bond0'), { tags: ['fast'], effective_mtu: 9000 })
  await run('interfaces', 'delete', node, 'bond0')
  t.notMatch(await run('interfaces', 'list', node), /bond0/)
})

t.test('keys are listed, made, and revoked by their name on the command line', async (t) => {
  const { run, json } = await makeLab(t)
  const made = await json('apikeys', 'create', '--name', 'ci')
  t.match(await run('apikeys', 'list'), `${made.token_key}`)
  await run('apikeys', 'delete', made.token_key)
  t.notMatch(await run('apikeys', 'list'), `${made.token_key}`)
})

t.test('scripts and files come from files and go back to them', async (t) => {
  const { run, json } = await makeLab(t)
  const folder = t.testdir({ 'x.sh': '#!/bin/sh\necho é\n', blob: 'a\u0000b' })
  await run('scripts', 'create', 's1', '--script', `${folder}/x.sh`, '--tags', 'a,b', 'timeout=60')
  t.equal(await run('scripts', 'download', 's1'), '#!/bin/sh\necho é')
  t.match(await json('scripts', 'get', 's1'), { timeout: '0:01:00', tags: ['a', 'b'] })
  t.match(await run('scripts', 'tag', 's1', 'c'), /a,b,c/)
  await run('files', 'create', 'f', '--file', `${folder}/blob`)
  t.equal(await run('files', 'download', 'f'), 'a\u0000b')
})

t.test('nouns of /api/v1: JSON bodies, typed values, all pages', async (t) => {
  const { api, run, json } = await makeLab(t)
  const made = await json('access-tokens', 'create', 'ci', 'read', '--lifetime-seconds', '60')
  t.match(made, { name: 'ci', scope: 'read', lifetime_seconds: 60, token: /^irt_/ })
  t.match(await run('access-tokens', 'update', String(made.id), '--name', 'cj'), /cj +read/)
  t.equal((await json('users', 'update', 'plain', '--is-superuser')).is_superuser, true)
  t.equal((await json('users', 'update', 'plain', '--no-is-superuser')).is_superuser, false)
  for (let n = 0; n < 501; n++) {
    await api.region.propose({ type: 'space.create', name: '', description: '' }, ACTOR)
  }
  t.ok((await json('audit', 'list')).length > 501, 'more than one page')
  t.match(await run('leases', 'list'), /^IP +MAC +HOSTNAME/)
})

t.test('--wait is for writes, and a key of two parts fills the path', async (t) => {
  const { run } = await makeLab(t)
  t.match(await run('license-keys', 'create', 'windows', 'win10', 'K', '--wait'), /win10/)
  t.match(await run('license-keys', 'update', 'windows', 'win10', 'K2'), /K2/)
  await run('license-keys', 'delete', 'windows', 'win10')
  t.notMatch(await run('license-keys', 'list'), /win10/)
})

t.test('api makes any call; a wrong method is a usage error', async (t) => {
  const { run, env } = await makeLab(t)
  t.equal(JSON.parse(await run('api', 'post', 'fabrics/', 'name=raw')).name, 'raw')
  t.equal(JSON.parse(await run('api', 'GET', 'users/', '--op', 'whoami')).username, 'admin')
  t.match(JSON.parse(await run('api', 'GET', '/api/v1/cluster')).cluster_id, 'memory')
  const io = fakeIo(env)
  t.equal(await main(['api', 'BREW', 'fabrics/'], io), 2)
  t.match(io.complained.join(), /METHOD must be one of GET/)
})

/** Resolves when `io` printed something that `wanted` matches; the test's time limit is its deadline. */
async function printed(io: FakeIo, wanted: RegExp): Promise<void> {
  while (!wanted.test(io.printed.join('\n'))) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

t.test(
  '--watch prints the list, then what is new, changed and gone, until it is stopped',
  async (t) => {
    const { env, run } = await makeLab(t)
    const stop = new AbortController()
    const io = fakeIo(env, stop)
    const ended = main(['spaces', 'list', '--watch', '-o', 'json'], io)
    await printed(io, /^\[/)
    await run('spaces', 'create', '--name', 'dmz')
    await printed(io, /"name":"dmz"/)
    const before = io.printed.length
    // Another table's change is not worth a look.
    await run('fabrics', 'update', '0', '--class-type', 'unrelated')
    await run('spaces', 'update', '0', '--description', 'outside')
    await printed(io, /"description":"outside"/)
    t.equal(io.printed.length, before + 1, 'one changed row, nothing else')
    await run('spaces', 'delete', '0')
    await printed(io, /"deleted":true/)
    stop.abort()
    t.equal(await ended, 0)
  },
)

t.test('--watch reads the list anew when the region lost the changes in between', async (t) => {
  const lists = [
    { revision: '5', rows: [{ id: 0, name: 'a' }] },
    { revision: '9', rows: [{ id: 0, name: 'b' }] },
  ]
  const region = await FakeRegion.start(({ url }) => {
    if (url === '/api/v1/events?since=5') return { status: 410, body: 'Gone.' }
    if (url === '/api/v1/events?since=9') return 'hang'
    const list = lists.shift()
    const headers = { 'x-revision': list?.revision ?? '' }
    return { status: 200, body: JSON.stringify(list?.rows), headers }
  })
  t.teardown(() => region.stop())
  const stop = new AbortController()
  const io = fakeIo({ IRONRAFT_ENDPOINT: region.url }, stop)
  const ended = main(['spaces', 'list', '--watch', '-o', 'json'], io)
  await printed(io, /"name":"b"/)
  stop.abort()
  t.equal(await ended, 0)
  t.same(io.printed, ['[{"id":0,"name":"a"}]', '{"id":0,"name":"b"}'])
})

t.test('who may not see the stream is told so at once', async (t) => {
  const { env } = await makeLab(t, PLAIN)
  const io = fakeIo(env)
  t.equal(await main(['spaces', 'list', '--watch'], io), 5)
})

import t from 'tap'
import { AppError, ERROR_CODES } from '#model/errors.ts'
import { fakeIo } from '#test/support/fake-io.ts'
import { deadUrl, FakeRegion } from '#test/support/fake-region.ts'
import { ApiError } from '#tools/client.ts'
import { errorLine, exitCodeOf, UsageError } from '#tools/exit-codes.ts'
import { main } from '#tools/main.ts'

t.test('exit codes are those of the contract (design §4)', async (t) => {
  const cases: readonly (readonly [unknown, number])[] = [
    [new UsageError('x'), 2],
    [new Error('x'), 1],
    ['x', 1],
    [new ApiError(400, 'x', null), 1],
    [new ApiError(401, 'x', null), 5],
    [new ApiError(403, 'x', null), 5],
    [new ApiError(404, 'x', null), 3],
    [new ApiError(409, 'x', null), 4],
    [new ApiError(503, 'x', null), 7],
    [new ApiError(504, 'x', null), 6],
    [new AppError('ADDRESS_IN_USE', 'x'), 4],
    [new AppError('DIRECTORY_IN_USE', 'x'), 4],
    [new AppError('CERTIFICATE_INVALID', 'x'), 5],
    [new AppError('TIMEOUT', 'x'), 6],
    [new AppError('NO_QUORUM', 'x'), 7],
  ]
  for (const [error, code] of cases) t.equal(exitCodeOf(error), code)
  for (const code of ERROR_CODES) t.not(exitCodeOf(new AppError(code, 'x')), 0)
})

t.test('an error is one line and ends with the request id', async (t) => {
  t.equal(errorLine(new ApiError(500, 'Bad\n  luck.\n', 'r7')), 'Bad luck. (request r7)')
  t.equal(errorLine(new Error('Plain.')), 'Plain.')
})

t.test('help and version are answers, not errors', async (t) => {
  for (const words of ['--help', 'help', 'region --help', 'help region', 'region status -h']) {
    const io = fakeIo()
    t.equal(await main(words.split(' '), io), 0)
    t.equal(io.printed.length, 1)
    t.same(io.complained, [])
  }
  const io = fakeIo()
  t.equal(await main(['--version'], io), 0)
  t.match(io.printed[0], /^\d+\.\d+\.\d+$/)
})

t.test('a wrong command line is exit 2 and one line', async (t) => {
  for (const words of ['nope', 'region', 'region nope', 'region stop --nope', 'nope --help']) {
    const io = fakeIo()
    t.equal(await main(words.split(' '), io), 2)
    t.same(io.printed, [])
    t.equal(io.complained.length, 1)
    t.notMatch(io.complained[0], '\n')
  }
  t.equal(await main([], fakeIo()), 2)
})

t.test('a list is printed as table, JSON or YAML', async (t) => {
  const machine = { system_id: 'abc123', hostname: 'web1', status_name: 'New', cpu_count: 4 }
  const body = JSON.stringify([machine])
  const region = await FakeRegion.start(() => ({ status: 200, body }))
  t.teardown(() => region.stop())
  const env = { IRONRAFT_ENDPOINT: region.url, IRONRAFT_API_KEY: 'a:b:c' }
  const table = fakeIo(env)
  t.equal(await main(['machines', 'list', 'hostname=web1'], table), 0)
  t.equal(
    table.printed[0],
    'SYSTEM_ID  HOSTNAME  STATUS  ARCHITECTURE  CPUS\nabc123     web1      New     -             4',
  )
  t.equal(region.asked[0]?.url, '/MAAS/api/2.0/machines/?hostname=web1')
  const json = fakeIo(env)
  t.equal(await main(['machines', 'list', '--json'], json), 0)
  t.equal(json.printed[0], body)
})

t.test('update and delete of a VLAN go through its fabric', async (t) => {
  const vlans = [{ id: 5001, fabric_id: 2, vid: 10 }]
  const region = await FakeRegion.start(({ method }) => ({
    status: 200,
    body: JSON.stringify(method === 'GET' ? [{ vlans }] : vlans[0]),
  }))
  t.teardown(() => region.stop())
  const env = { IRONRAFT_ENDPOINT: region.url }
  const words = ['vlans', 'update', '5001', '--dhcp-on', '--primary-rack', 'abc123']
  t.equal(await main(words, fakeIo(env)), 0)
  t.match(region.asked.at(-1), {
    method: 'PUT',
    url: '/MAAS/api/2.0/fabrics/2/vlans/10/',
    body: 'dhcp_on=true&primary_rack=abc123',
  })
  const missing = fakeIo(env)
  t.equal(await main(['vlans', 'get', '9'], missing), 3)
  t.same(missing.complained, ['ironraft: There is no VLAN 9.'])
  t.equal(await main(['vlans', 'update', '5001'], fakeIo(env)), 2)
})

t.test('create sends its subject and its fields as a form', async (t) => {
  const region = await FakeRegion.start(() => ({ status: 200, body: '{"id":1}' }))
  t.teardown(() => region.stop())
  const env = { IRONRAFT_ENDPOINT: region.url }
  const words = ['subnets', 'create', '192.0.2.0/24', '--gateway-ip', '192.0.2.1', 'managed=true']
  t.equal(await main(words, fakeIo(env)), 0)
  const body = new URLSearchParams(region.asked[0]?.body)
  t.same(Object.fromEntries(body), {
    managed: 'true',
    cidr: '192.0.2.0/24',
    gateway_ip: '192.0.2.1',
  })
})

t.test('status without any region that answers is exit 7', async (t) => {
  const io = fakeIo()
  t.equal(await main(['region', 'status', '--url', await deadUrl()], io), 7)
  t.equal(io.complained.length, 1)
})

t.test('status prints exactly the keys of the contract and judges the quorum', async (t) => {
  const node = (id: string, role: string, reachable: boolean) => ({
    ...{ id, role, voter: true, applied: 9, commit: 9, lag: 0, reachable, fsync_p99_ms: 1.5 },
    ...{ pid: 7, api_url: 'x', extra: 1, condition: 'ok', reason: null, alarm: 'none' },
  })
  const answer = (up: boolean) => ({
    ...{ cluster_id: 'c', node_id: 'n1', leader: 'n1', term: 3, healthy: true },
    nodes: [node('n1', 'leader', true), node('n2', 'follower', up), node('n3', 'unknown', false)],
  })
  let up = true
  const region = await FakeRegion.start(() => ({ status: 200, body: JSON.stringify(answer(up)) }))
  t.teardown(() => region.stop())
  const io = fakeIo()
  t.equal(await main(['region', 'status', '--url', region.url, '--json'], io), 0)
  const status = JSON.parse(io.printed[0] ?? '') as { readonly nodes: readonly object[] }
  t.same(Object.keys(status), ['cluster_id', 'leader', 'term', 'nodes'])
  t.same(Object.keys(status.nodes[0] ?? {}), [
    ...['id', 'role', 'voter', 'applied', 'commit', 'lag', 'reachable', 'fsync_p99_ms'],
    ...['condition', 'reason', 'alarm', 'certificate_expires', 'pid'],
  ])
  up = false
  t.equal(await main(['region', 'status', '--url', region.url], fakeIo()), 7)
})

// Whatever arrives, the answer is never 500 and the server lives on.
import fc from 'fast-check'
import net from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import { startTestApi } from './support/api.ts'

const PATHS = [
  'machines/',
  'subnets/',
  'fabrics/',
  'fabrics/0/vlans/',
  'ipranges/',
  'spaces/',
  'users/',
  'ipaddresses/?op=reserve',
  'ipaddresses/?op=release',
  'account/?op=create_authorisation_token',
  'maas/?op=set_config',
  ...['zones/', 'resourcepools/', 'tags/', 'devices/', 'package-repositories/', 'notifications/'],
  ...[
    'files/',
    'license-keys/',
    'scripts/',
    'boot-sources/',
    'dhcp-snippets/',
    'discovery/?op=clear',
  ],
  ...['boot-sources/1/selections/', 'machines/?op=set_zone', 'zones/default/', 'scripts/x'],
  '/MAAS/accounts/authenticate/',
  '/api/v1/boot-resources',
  '/api/v1/settings/bench%2Fk',
]
const NAMES = [
  ...['architecture', 'mac_addresses', 'hostname', 'hardware', 'power_parameters', 'cidr', 'vid'],
  ...['gateway_ip', 'dns_servers', 'vlan', 'fabric', 'start_ip', 'end_ip', 'type', 'subnet', 'ip'],
  ...['name', 'value', 'username', 'password', 'email', 'is_superuser', 'op', '__proto__', 'mac'],
  ...[
    'url',
    'script',
    'message',
    'context',
    'user',
    'zone',
    'nodes',
    'filename',
    'file',
    'timeout',
  ],
  ...['constructor', 'toString', 'power_parameters_x', 'disabled_boot_architectures'],
]
const VALUES = [
  ...['', 'amd64', 'aa:bb:cc:00:00:02', '192.0.2.0/24', '192.0.2.5', '0', '-1', 'true', 'dynamic'],
  ...[
    '9'.repeat(30),
    '\u0000',
    '\ud800',
    '{}',
    '[]',
    '{"nics":[{"mac":1}],"disks":[null,{}]}',
    '1',
  ],
  ...[
    '{"cpu":{"count":1e400}}',
    '{"__proto__":{"a":1}}',
    '../../etc/passwd',
    '%00',
    'fabric:vid:x',
  ],
]
const value = fc.oneof(fc.constantFrom(...VALUES), fc.string({ maxLength: 40 }))
const form = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 8 })
const method = fc.constantFrom('POST', 'PUT', 'GET', 'DELETE')

t.test('random forms are never an internal error', async (t) => {
  const api = await startTestApi(t)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PATHS), form, async (path, pairs) => {
      const { status } = await api.post(path, pairs)
      return status !== 500
    }),
    { numRuns: 400, endOnFailure: true },
  )
  t.equal((await api.get('users/')).status, 200)
})

t.test('random JSON and bytes of any type are never an internal error', async (t) => {
  const api = await startTestApi(t)
  const types = [
    ...['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'],
    ...['multipart/form-data; boundary=b', 'text/plain', 'application/octet-stream', ''],
  ]
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    fc.constantFrom('--b\r\n\r\n--b--', '--b', '{', '[[['),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...PATHS),
      fc.constantFrom(...types),
      body,
      async (path, type, text) => {
        const headers = type === '' ? {} : { 'content-type': type }
        const { status } = await api.ask('POST', path, { body: text, headers })
        return status !== 500
      },
    ),
    { numRuns: 400, endOnFailure: true },
  )
})

t.test('random paths, queries and specifiers are never an internal error', async (t) => {
  const api = await startTestApi(t)
  const bases = ['machines', 'subnets', 'fabrics', 'vlans', 'spaces', 'ipranges', 'users', 'nodes']
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...bases),
      value,
      method,
      form,
      async (base, id, verb, pairs) => {
        const query = new URLSearchParams(pairs).toString()
        const path = `${base}/${encodeURIComponent(Buffer.from(id).toString())}/?${query}`
        const { status } = await api.ask(verb, path)
        return status !== 500
      },
    ),
    { numRuns: 400, endOnFailure: true },
  )
})

t.test('broken HTTP closes one connection and nothing else', async (t) => {
  const api = await startTestApi(t)
  const { port } = new URL(api.url)
  for (const bytes of [
    '\u0000\u0001',
    'GET\r\n\r\n',
    'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n',
    'POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
  ]) {
    const socket = net.connect(Number(port), '127.0.0.1')
    socket.on('error', () => {})
    socket.end(bytes)
    socket.resume()
    await once(socket, 'close', { signal: AbortSignal.timeout(5_000) })
  }
  t.equal((await api.get('/healthz', { key: null })).status, 200)
  t.notMatch(api.logs.join(''), 'request_failed')
})

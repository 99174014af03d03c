// Users, their keys and who may do what (maas-api §5.3, §9).
import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { makeCatalogueWalk } from './support/walk.ts'
import { differences } from '#tools/walk/key-check.ts'
import { ADMIN, PLAIN, startTestApi } from './support/api.ts'

const BOB = { username: 'bob', email: 'b@example.org', password: 'pw', is_superuser: '0' }
const WHO = 'users/?op=whoami'

t.test('users: create, list, show, whoami, delete', async (t) => {
  const api = await startTestApi(t)
  const made = await api.post('users/', BOB)
  t.equal(made.status, 200)
  t.same(differences('user', made.json), [])
  t.equal(made.json.resource_uri, '/MAAS/api/2.0/users/bob/')
  for (const key of [ADMIN, PLAIN]) {
    t.same(
      (await api.get('users/', { key })).json.map(({ username }: never) => username),
      [...['admin', 'plain', 'bob']],
    )
    t.same(differences('user', (await api.get('users/bob/', { key })).json), [])
  }
  t.equal((await api.get(WHO, { key: PLAIN })).json.username, 'plain')
  const gone = await api.delete('users/bob/')
  t.equal(gone.status, 204)
  t.equal(gone.text, '')
  const missing = await api.get('users/bob/')
  t.equal(missing.status, 404)
  t.equal(missing.text, 'No User matches the given query.')
})

t.test('users: what is wrong, in MAAS’s words', async (t) => {
  const api = await startTestApi(t)
  for (const name of Object.keys(BOB)) {
    const { [name as 'email']: _left, ...form } = BOB
    const answer = await api.post('users/', form)
    t.equal(answer.status, 400)
    t.equal(answer.text, `No provided ${name}!`)
  }
  await api.post('users/', BOB)
  const twice = await api.post('users/', BOB)
  t.equal(twice.status, 400)
  t.same(twice.json, { username: ['A user with that username already exists.'] })
  t.strictSame(Object.keys((await api.post('users/', { ...BOB, email: 'x' })).json), ['email'])
  const self = await api.delete('users/admin/')
  t.equal(self.status, 400)
  t.equal(self.text, 'An administrator cannot self-delete.')
})

t.test('users: one who owns something stays, or leaves it to another', async (t) => {
  const api = await startTestApi(t)
  await api.post('subnets/', { cidr: '192.0.2.0/24' })
  const reserve = { subnet: '192.0.2.0/24' }
  const { ip } = (await api.post('ipaddresses/?op=reserve', reserve, { key: PLAIN })).json
  const refused = await api.delete('users/plain/')
  t.equal(refused.status, 400)
  t.match(refused.text, /cannot be deleted: it still owns reserved IP addresses/)
  const nobody = await api.delete('users/plain/?transfer_resources_to=nobody')
  t.equal(nobody.status, 404)
  t.equal((await api.delete('users/plain/?transfer_resources_to=admin')).status, 204)
  const [address] = (await api.get('ipaddresses/')).json
  t.equal(address.ip, ip)
  t.equal(address.owner.username, 'admin')
  t.equal((await api.get(WHO, { key: PLAIN })).status, 401, 'its keys went with it')
})

t.test('API keys: several, named, revocable, and nobody else’s', async (t) => {
  const api = await startTestApi(t)
  const path = (op: string): string => `account/?op=${op}`
  const make = (name: string) => api.post(path('create_authorisation_token'), { name })
  const { json: one } = await make('one')
  const { json: two } = await make('two')
  t.strictSame(Object.keys(one).toSorted(), [
    ...['consumer_key', 'name', 'token_key', 'token_secret'],
  ])
  const lengths = [one.consumer_key, one.token_key, one.token_secret].map(({ length }) => length)
  t.same(lengths, [18, 18, 32])
  const list = async () => (await api.get(path('list_authorisation_tokens'))).json
  t.same((await list()).map(({ name }: { name: string }) => name).toSorted(), [
    'admin',
    'one',
    'two',
  ])
  const token = `${one.consumer_key}:${one.token_key}:${one.token_secret}`
  t.ok((await list()).some((each: { token: string }) => each.token === token))
  const rename = { token, name: 'laptop' }
  t.equal((await api.post(path('update_token_name'), rename, { key: PLAIN })).status, 404)
  t.equal((await api.post(path('update_token_name'), rename)).status, 200)
  const missing = await api.post(path('update_token_name'), { token })
  t.equal(missing.text, 'No provided name!')
  const remove = { token_key: two.token_key }
  t.equal((await api.post(path('delete_authorisation_token'), remove, { key: PLAIN })).status, 404)
  t.equal((await api.post(path('delete_authorisation_token'), remove)).status, 204)
  t.equal((await api.post(path('delete_authorisation_token'), {})).text, 'No provided token_key!')
  const key = {
    ...{ consumerKey: two.consumer_key, tokenKey: two.token_key, tokenSecret: two.token_secret },
  }
  t.equal((await api.get(WHO, { key })).status, 401)
  t.equal((await make('again')).status, 200)
})

const field = (bytes: Buffer | string): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(Buffer.from(bytes).length)
  return Buffer.concat([length, Buffer.from(bytes)])
}
const sshKey = (comment: string): string => {
  const { publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const blob = Buffer.concat([field('ssh-ed25519'), field(raw)])
  return `ssh-ed25519 ${blob.toString('base64')} ${comment}`
}

t.test('SSH keys: add, list, show, delete; other users’ are not seen', async (t) => {
  const api = await startTestApi(t)
  const path = 'account/prefs/sshkeys/'
  const key = sshKey('laptop')
  const made = await api.post(path, { key })
  t.equal(made.status, 201)
  t.same(differences('sshkey', made.json), [])
  t.match(made.json, { id: 1, key, keysource: '', resource_uri: `/MAAS/api/2.0/${path}1/` })
  const twice = await api.post(path, { key })
  t.equal(twice.status, 400)
  t.same(twice.json, { key: ['This key has already been added for this user.'] })
  t.same((await api.post(path, { key: 'x' })).json, { key: ['Invalid SSH public key.'] })
  t.equal((await api.post(path, {})).text, 'No provided key!')
  t.equal((await api.get(path)).json.length, 1)
  t.same((await api.get(path, { key: PLAIN })).json, [])
  t.same((await api.get(`${path}1/`)).json, made.json)
  for (const id of ['1', '99', 'x']) {
    const answer = await api.get(`${path}${id}/`, { key: PLAIN })
    t.equal(answer.status, 404)
    t.equal(answer.text, 'No SSHKey matches the given query.')
  }
  const foreign = await api.delete(`${path}1/`, { key: PLAIN })
  t.equal(foreign.status, 403)
  t.equal(foreign.text, "Can't delete a key you don't own.")
  t.equal((await api.delete(`${path}1/`)).status, 204)
  t.equal((await api.delete(`${path}1/`)).status, 404)
})

t.test('SSH keys: an administrator may add one for another user', async (t) => {
  const api = await startTestApi(t)
  const path = 'account/prefs/sshkeys/'
  t.equal((await api.post(path, { key: sshKey('a'), user: 'plain' })).status, 201)
  t.equal((await api.get(path, { key: PLAIN })).json.length, 1)
  t.equal((await api.post(path, { key: sshKey('a'), user: 'nobody' })).status, 404)
  const other = { key: sshKey('a'), user: 'admin' }
  t.equal((await api.post(path, other, { key: PLAIN })).status, 403)
})

t.test('SSH keys: an import takes what its caller fetched, and fetches nothing', async (t) => {
  const api = await startTestApi(t)
  const path = 'account/prefs/sshkeys/?op=import'
  t.equal((await api.post(path, {})).text, 'No provided keysource!')
  t.strictSame(Object.keys((await api.post(path, { keysource: 'me' })).json), ['keysource'])
  const bare = await api.post(path, { keysource: 'gh:me' })
  t.equal(bare.status, 501)
  t.match(bare.text, /does not fetch keys from the network/)
  const key = `${sshKey('a')}\n${sshKey('b')}\n`
  const imported = await api.post(path, { keysource: 'gh:me', key })
  t.equal(imported.status, 200)
  t.equal(imported.json.length, 2)
  for (const each of imported.json) {
    t.same(differences('sshkey', each), [])
    t.equal(each.keysource, 'gh:me')
  }
  const half = await api.post(path, { keysource: 'gh:me', key: `${sshKey('c')}\nnonsense` })
  t.equal(half.status, 400)
  t.equal((await api.get('account/prefs/sshkeys/')).json.length, 2, 'all or nothing')
})

const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdDCCARmgAwIBAgIUWMECCOW0QBYGMGxkkxHPyhvKhMowCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDEwMDAwMDBa
-----END CERTIFICATE-----`

t.test('SSL keys: as SSH keys, and a foreign one is 403', async (t) => {
  const api = await startTestApi(t)
  const path = 'account/prefs/sslkeys/'
  const key = await makeCertificate()
  const made = await api.post(path, { key })
  t.equal(made.status, 201)
  t.same(differences('sslkey', made.json), [])
  t.strictSame(Object.keys((await api.post(path, { key })).json), ['key'])
  for (const wrong of ['x', CERTIFICATE, '']) {
    t.strictSame(Object.keys((await api.post(path, { key: wrong })).json), ['key'])
  }
  t.equal((await api.post(path, {})).text, 'No provided key!')
  t.same((await api.get(path)).json, [made.json])
  t.same((await api.get(path, { key: PLAIN })).json, [])
  t.same((await api.get(`${path}1/`)).json, made.json)
  const foreign = await api.get(`${path}1/`, { key: PLAIN })
  t.equal(foreign.status, 403)
  t.equal(foreign.text, "Can't get a key you don't own.")
  t.equal((await api.get(`${path}9/`)).status, 404)
  t.equal((await api.delete(`${path}1/`, { key: PLAIN })).status, 403)
  t.equal((await api.delete(`${path}1/`)).status, 204)
})

t.test(
  'a GET deletes only where MAAS had that, signed, and never by HEAD or a cookie',
  async (t) => {
    const api = await startTestApi(t)
    const made = await api.post('account/prefs/sslkeys/', { key: await makeCertificate() })
    const path = `account/prefs/sslkeys/${made.json.id}/`
    const refused = { status: 405, text: 'Method Not Allowed' }
    t.equal((await api.ask('HEAD', `${path}?op=delete`)).status, 405)
    const headers = { cookie: 'sessionid=x' }
    t.match(await api.get(`${path}?op=delete`, { headers }), refused)
    t.equal((await api.get(path)).status, 200, 'it is still there')
    t.equal((await api.get(`${path}?op=delete`)).status, 204)
    t.equal((await api.get(path)).status, 404)
    t.equal((await api.get('account/prefs/sshkeys/1/?op=delete')).status, 400)
  },
)

async function makeCertificate(): Promise<string> {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    ...(['sign', 'verify'] as const),
  ])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ name: 'CN=test', keys, signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' } },
  })
  return certificate.toString('pem')
}

t.test('every action: 401 without a key, 403 for a plain user where MAAS says so', async (t) => {
  const api = await startTestApi(t)
  const before = api.region.local().revision
  let admins = 0
  for (const { call, method, access } of makeCatalogueWalk()) {
    if (access === 'anyone') continue
    const anonymous = await api.ask(method, call, { key: null })
    t.equal(anonymous.status, 401, `${method} ${call}`)
    t.equal(anonymous.text, 'Forbidden')
    if (access !== 'admin') continue
    admins++
    const plain = await api.ask(method, call, { key: PLAIN })
    t.equal(plain.status, 403, `${method} ${call}`)
    t.equal(plain.text, 'User is not allowed access to this API.')
  }
  t.ok(admins > 15, `${admins} actions for administrators`)
  t.equal(api.region.local().revision, before, 'nothing was written')
})

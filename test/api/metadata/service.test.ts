// The documents of the metadata service as cloud-init and MAAS's tools ask for them (maas-api §11).
import { createHmac } from 'node:crypto'
import t from 'tap'
import { baseString } from '#api/oauth.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { keyIn, MachineRoom } from './support/machines.ts'

// Many requests on a busy host.
t.setTimeout(120_000)

const USER_DATA = Buffer.from('#!/bin/sh\necho \u00fc\n').toString('base64')

async function commissioning(t: Parameters<typeof MachineRoom.start>[0], ssh = false) {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  await room.commission(id, { enableSsh: ssh })
  const key = await room.keyOf(1, id)
  const get = (path: string, method = 'GET') => room.from(room.address(1), method, path, { key })
  return { room, id, key, get }
}

t.test('the documents of a machine, also with a slash too many', async (t) => {
  const { room, id, get } = await commissioning(t)
  const texts = async (path: string) => {
    const { status, text } = await get(path)
    return [status, text]
  }
  t.same(await texts(''), [200, 'latest\n2012-03-01'])
  for (const version of ['2012-03-01', 'latest', '/2012-03-01', 'curtin//2012-03-01']) {
    t.same(await texts(`${version}/meta-data/instance-id`), [200, id], version)
  }
  t.same(await texts('latest/meta-data/local-hostname'), [200, 'node-1.maas'])
  const listing = 'instance-id\nlocal-hostname\nvendor-data\nx509'
  t.same(await texts('latest/meta-data/'), [200, listing])
  t.same(await texts('latest/'), [200, 'maas-commissioning-scripts\nmeta-data\nuser-data'])
  t.same(await texts('latest/meta-data/x509'), [200, ''])
  t.match(await texts('latest/meta-data/vendor-data'), [200, /^cloud-init: "#cloud-config/])
  await room.api.post('maas/?op=set_config', { name: 'ntp_servers', value: 'a.example.org b' })
  t.match(await texts('latest/meta-data/vendor-data'), [200, /"servers\\":\[\\"a.example.org\\",/])
  for (const name of ['maas-scripts', 'maas-commissioning-scripts']) {
    t.match(
      String((await get(`latest/${name}`)).status),
      /^20[04]$/,
      'an archive, or nothing to run',
    )
  }
  const absent = ['public-keys', 'hostname', 'instance-id/x', 'toString', '__proto__']
  for (const name of absent) {
    t.equal((await get(`latest/meta-data/${name}`)).status, 404, name)
  }
  for (const path of [
    '2009-04-04/meta-data/instance-id',
    'latest/x',
    'status',
    'latest/by-mac/x/',
  ]) {
    t.equal((await get(path)).status, 404, path)
  }
  t.equal((await get('latest/meta-data/instance-id', 'PUT')).status, 405)
  t.equal((await get('latest/meta-data/instance-id', 'POST')).status, 405)
  const head = await get('latest/meta-data/instance-id', 'HEAD')
  t.same([head.status, head.text], [200, ''])
})

t.test('the owner’s keys open what was booted for people, and nothing else', async (t) => {
  const key = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ== me@example.org'
  for (const ssh of [false, true]) {
    const { room, id, get } = await commissioning(t, ssh)
    await room.run({
      ...{ type: 'sshKey.create', userId: 1 as never, key, keysource: '' },
    })
    const answer = await get('latest/meta-data/public-keys')
    t.same([answer.status, answer.text.trim()], ssh ? [200, key] : [404, 'Not Found'])
    t.equal((await get('latest/meta-data/')).text.includes('public-keys'), ssh)
    const { text } = await room.preseed(room.address(1), id)
    t.equal(text.includes('power_state'), !ssh, 'a machine with SSH stays on')
    t.equal(text.includes('"users-groups","ssh"'), ssh)
    t.equal((await get('latest/user-data')).text.includes(`SSH='${ssh ? 'yes' : 'no'}'`), true)
  }
})

t.test('the preseed names the service as the machine reached it', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  await room.commission(id)
  const { text, headers } = await room.preseed(room.address(1), id)
  t.match(headers.get('content-type'), /^text\/plain/)
  t.match(text, /^#cloud-config\n/)
  t.match(text, '    metadata_url: "http://192.0.2.2:5248/MAAS/metadata/"\n')
  const reporting = /^reporting: (.*)$/m.exec(text)?.[1] ?? ''
  const { maas } = JSON.parse(reporting) as { maas: Record<string, string | number> }
  t.match(maas, { timeout: 5, retries: 0 }, 'a host that is gone is not waited for without end')
  t.equal(maas['endpoint'], `http://192.0.2.2:5248/MAAS/metadata/status/${id}`)
  t.equal(maas['token_secret'], keyIn(text).tokenSecret)
  t.notMatch(text, /level/, 'cloud-init 22.4.2 ends with an exception on it')
  t.match(text, /"mode":"poweroff"/)
  t.equal((await room.preseed(room.address(1), id)).text, text, 'asked twice it is the same')
})

t.test('an installed system that asks for its user data is Deployed', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  await room.deploy(id, USER_DATA)
  const preseed = await room.preseed(room.address(1), id)
  t.match(preseed.text, 'metadata_url: "http://192.0.2.2:5248/MAAS/metadata/curtin"')
  t.match(preseed.text, /"mode":"reboot"/)
  const key = keyIn(preseed.text)
  const get = (path: string, method = 'GET') => room.from(room.address(1), method, path, { key })
  await get('curtin/2012-03-01/user-data')
  t.equal(room.statusOf(id), S.DEPLOYING, 'what installs is no installed system')
  await get('2012-03-01/user-data', 'HEAD')
  await get('2012-03-01/')
  t.equal(room.statusOf(id), S.DEPLOYING, 'nor is who only looks')
  room.api.region.failWith('NO_QUORUM')
  t.equal((await get('2012-03-01/user-data')).status, 503)
  room.api.region.failWith(null)
  t.equal(room.statusOf(id), S.DEPLOYING)
  room.api.region.loseAnswers(1)
  t.equal((await get('2012-03-01/user-data')).status, 503, 'it may not be durable')
  for (const time of ['first', 'second']) {
    const { status, text } = await get('2012-03-01/user-data')
    t.same([status, text], [200, '#!/bin/sh\necho \u00fc\n'], time)
    t.equal(room.statusOf(id), S.DEPLOYED)
  }
  t.equal((await get('curtin/2012-03-01/user-data')).status, 404)
})

t.test('without user data the answer is 404, after the change', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  await room.deploy(id)
  const key = await room.keyOf(1, id)
  const answer = await room.from(room.address(1), 'GET', 'latest/user-data', { key })
  t.equal(answer.status, 404)
  t.equal(room.statusOf(id), S.DEPLOYED)
})

t.test('a machine that signs turns its network boot off and on', async (t) => {
  const { room, id, key } = await commissioning(t)
  for (const op of ['netboot_off', 'netboot_on']) {
    const answer = await room.from(room.address(1), 'POST', 'latest/', { key, form: { op } })
    t.same([answer.status, answer.text], [200, 'OK'])
    const { netboot } = room.api.region.local().state.machines.get(id) ?? {}
    t.equal(netboot, op === 'netboot_on')
  }
  const none = await room.from(room.address(1), 'POST', 'latest/', { key, form: { op: 'x' } })
  t.equal(none.status, 400)
})

t.test('HMAC-SHA1 is a signature, too', async (t) => {
  const { room, key } = await commissioning(t)
  const wrong = { authorization: room.api.sign(key, { oauth_signature_method: 'HMAC-SHA1' }) }
  const path = 'latest/meta-data/instance-id'
  const answer = await room.from(room.address(1), 'GET', path, { headers: wrong })
  t.equal(answer.status, 401)
  t.match(answer.text, /Expected signature base string: GET&http%3A%2F%2F/)
  const oauth = new Map(
    Object.entries({
      ...{ oauth_version: '1.0', oauth_signature_method: 'HMAC-SHA1', oauth_nonce: 'n1' },
      ...{ oauth_consumer_key: key.consumerKey, oauth_token: key.tokenKey },
      oauth_timestamp: String(Math.floor(room.api.clock.wallMs() / 1_000)),
    }),
  )
  // Of the service as the machine reached it, by the rack.
  const url = `http://192.0.2.2:5248/MAAS/metadata/${path}`
  const base = baseString({ method: 'GET', url, parameters: [] }, oauth)
  const signature = createHmac('sha1', `&${key.tokenSecret}`).update(base).digest('base64')
  oauth.set('oauth_signature', signature)
  const pairs = [...oauth].map(([name, value]) => `${name}="${encodeURIComponent(value)}"`)
  const headers = { authorization: `OAuth ${pairs.join(', ')}` }
  const signed = () => room.from(room.address(1), 'GET', path, { headers })
  t.equal((await signed()).status, 200)
  t.match((await signed()).text, /Nonce already used/)
  const late = room.api.sign(key, { oauth_timestamp: '1600000000' })
  const expired = await room.from(room.address(1), 'GET', path, {
    headers: { authorization: late },
  })
  t.match(expired.text, /Expired timestamp/)
  t.ok(expired.headers.get('date'), 'by which cloud-init sets its clock')
})

t.test('a machine that nobody knows gets what it enlists with, and no secret', async (t) => {
  const room = await MachineRoom.start(t)
  const from = (path: string) => room.from('203.0.113.9', 'GET', path)
  const preseed = await from('latest/enlist-preseed/?op=get_enlist_preseed')
  t.match(preseed.text, /^#cloud-config\n/)
  t.match(preseed.text, 'metadata_url: "http://192.0.2.2:5248/MAAS/metadata/enlist"')
  t.notMatch(preseed.text, /token|reporting/)
  const id = await from('enlist/2012-03-01/meta-data/instance-id')
  t.equal(id.text, 'i-maas-enlistment')
  t.equal((await from('enlist/latest/meta-data/local-hostname')).text, 'maas-enlisting-node')
  t.same((await from('enlist/latest/meta-data/public-keys')).text, '')
  t.equal((await from('enlist/latest/meta-data/vendor-data')).status, 404)
  t.equal((await from('latest/maas-scripts')).status, 204)
  const script = await from('enlist//latest/user-data')
  t.match(script.text, /^#!\/bin\/sh\n/)
  t.match(
    script.text,
    `BASES='http://192.0.2.2:5248/MAAS http://192.0.2.3:5248/MAAS http://192.0.2.4:5248/MAAS`,
  )
  t.equal((await room.from('203.0.113.9', 'POST', 'enlist/latest/', { form: {} })).status, 405)
})

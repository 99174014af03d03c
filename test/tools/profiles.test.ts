import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'
import { fakeIo } from '#test/support/fake-io.ts'
import { FakeRegion } from '#test/support/fake-region.ts'
import { main } from '#tools/main.ts'
import {
  chooseProfile,
  profilesPath,
  expectNoProfile,
  forgetProfile,
  saveProfile,
} from '#tools/profiles.ts'

async function home(t: { readonly teardown: (fn: () => Promise<void>) => void }) {
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-profiles-'))
  t.teardown(() => rm(directory, { recursive: true }))
  return { HOME: directory }
}
const PROFILE = { urls: ['http://192.0.2.1:5240'], apiKey: 'a:b:c' }

t.test('a profile is kept for its owner alone and found again', async (t) => {
  const env = await home(t)
  await saveProfile(env, 'one', PROFILE)
  t.same(await chooseProfile(env, {}), PROFILE)
  t.equal((await stat(profilesPath(env))).mode & 0o777, 0o600)
  t.equal((await stat(dirname(profilesPath(env)))).mode & 0o777, 0o700)
})

t.test('XDG_CONFIG_HOME decides where', async (t) => {
  t.equal(profilesPath({ XDG_CONFIG_HOME: '/x', HOME: '/h' }), '/x/ironraft/profiles.json')
  t.equal(profilesPath({ XDG_CONFIG_HOME: '', HOME: '/h' }), '/h/.config/ironraft/profiles.json')
})

t.test('the option wins over the endpoint, that over the profile variable', async (t) => {
  const env = await home(t)
  await saveProfile(env, 'one', PROFILE)
  await saveProfile(env, 'two', { ...PROFILE, urls: ['http://192.0.2.2'] })
  const url = async (more: object, wanted = {}) =>
    (await chooseProfile({ ...env, ...more }, wanted)).urls[0]
  t.equal(await url({ IRONRAFT_PROFILE: 'two' }), 'http://192.0.2.2')
  t.equal(await url({ IRONRAFT_PROFILE: 'two', IRONRAFT_ENDPOINT: 'http://e' }), 'http://e')
  t.equal(await url({ IRONRAFT_ENDPOINT: 'http://e' }, { name: 'one' }), PROFILE.urls[0])
  t.equal(await url({}, { name: 'one', urls: ['http://u'] }), 'http://u')
  await t.rejects(chooseProfile(env, {}), { message: /choose one with --profile: one, two/ })
  await t.rejects(chooseProfile(env, { name: 'toString' }), { code: 'NOT_FOUND' })
})

t.test('no profile says how to get one; a damaged file is refused, not replaced', async (t) => {
  const env = await home(t)
  await t.rejects(chooseProfile(env, {}), { message: /not logged in/ })
  await saveProfile(env, 'one', PROFILE)
  await writeFile(profilesPath(env), '{"version":1')
  await t.rejects(saveProfile(env, 'two', PROFILE), { code: 'BAD_REQUEST' })
  t.equal(await readFile(profilesPath(env), 'utf8'), '{"version":1')
})

t.test('login tries the key before it keeps it', async (t) => {
  const env = await home(t)
  let status = 401
  const region = await FakeRegion.start(() => ({ status, body: '{"username":"admin"}' }))
  t.teardown(() => region.stop())
  t.equal(await main(['login', 'me', region.url, 'a:b:c'], fakeIo(env)), 5)
  await t.rejects(stat(profilesPath(env)))
  status = 200
  const io = fakeIo(env)
  t.equal(await main(['login', 'me', region.url, 'a:b:c'], io), 0)
  t.match(io.printed[0], 'admin')
  t.match(region.asked.at(-1)?.url, 'op=whoami')
  t.same(await chooseProfile(env, {}), { urls: [region.url], apiKey: 'a:b:c' })
  t.equal(await main(['login', 'me', 'ftp://x', 'a:b:c'], fakeIo(env)), 2)
  t.equal(await main(['login', 'me', region.url, 'short'], fakeIo(env)), 2)
  t.equal(await main(['login', 'a b', region.url, 'a:b:c'], fakeIo(env)), 2)
})

t.test('a profile is forgotten with its key only, and a name is taken once', async (t) => {
  const env = { XDG_CONFIG_HOME: t.testdir() }
  const profile = { urls: ['http://192.0.2.1:5240'], apiKey: 'a:b:c' }
  await expectNoProfile(env, 'lab')
  await saveProfile(env, 'lab', profile)
  await saveProfile(env, 'other', profile)
  await t.rejects(expectNoProfile(env, 'lab'), { code: 'CONFLICT' })
  await forgetProfile(env, 'lab', 'x:y:z')
  await t.rejects(expectNoProfile(env, 'lab'), { code: 'CONFLICT' })
  await forgetProfile(env, 'lab', 'a:b:c')
  await expectNoProfile(env, 'lab')
  t.same(await chooseProfile(env, { name: 'other' }), profile)
})

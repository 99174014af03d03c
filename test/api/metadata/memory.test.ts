// A machine that runs from memory, as the metadata service sees it: the owner's system from the first preseed on, asked
// for again at every start, and never our installer.
import t from 'tap'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { SystemId } from '#model/ids.ts'
import { keyIn, MachineRoom } from './support/machines.ts'

// Many requests on a busy host.
t.setTimeout(120_000)

const USER_DATA = Buffer.from('#cloud-config\nruncmd: [touch /run/here]\n').toString('base64')
const SSH_KEY = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ== me@example.org'

async function deploying(
  t: Parameters<typeof MachineRoom.start>[0],
  userData = USER_DATA,
): Promise<{ readonly room: MachineRoom; readonly id: SystemId }> {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  await room.run({ type: 'sshKey.create', userId: 1 as never, key: SSH_KEY, keysource: '' })
  await room.deploy(id, userData, true)
  return { room, id }
}

t.test(
  'its preseed leaves cloud-init as it is, with the metadata at the plain place',
  async (t) => {
    const { room, id } = await deploying(t)
    const { status, text } = await room.preseed(room.address(1), id)
    t.equal(status, 200)
    t.match(text, /^#cloud-config\ndatasource_list: \[MAAS\]\n/)
    t.match(text, '    metadata_url: "http://192.0.2.2:5248/MAAS/metadata/"\n')
    t.match(text, /^reporting: /m)
    t.notMatch(text, /_modules|power_state|bootcmd/, 'the modules of the image, and it stays on')
    for (const line of ['growpart: {"mode":"off"}', 'resize_rootfs: false', 'locale: false']) {
      t.ok(text.split('\n').includes(line), line)
    }
    t.match(keyIn(text).tokenSecret, /./)
  },
)

t.test('who it is, whose keys open it, and what its owner gave it', async (t) => {
  const { room, id } = await deploying(t)
  const key = await room.keyOf(1, id)
  const get = async (path: string, method = 'GET') => {
    const { status, text } = await room.from(room.address(1), method, path, { key })
    return [status, text.trim()]
  }
  t.same(await get('2012-03-01/meta-data/instance-id'), [200, id])
  t.same(await get('2012-03-01/meta-data/local-hostname'), [200, 'node-1.maas'])
  t.same(await get('2012-03-01/meta-data/public-keys'), [200, SSH_KEY])
  t.same(await get('latest/'), [200, 'maas-commissioning-scripts\nmeta-data\nuser-data'])
  t.same(await get('2012-03-01/user-data', 'HEAD'), [200, ''])
  t.equal(room.statusOf(id), S.DEPLOYING, 'who looks has not booted')
  const text = Buffer.from(USER_DATA, 'base64').toString().trim()
  t.same(await get('2012-03-01/user-data'), [200, text])
  t.equal(room.statusOf(id), S.DEPLOYED)
})

t.test('without user data it is Deployed, too', async (t) => {
  const { room, id } = await deploying(t, '')
  const key = await room.keyOf(1, id)
  const answer = await room.from(room.address(1), 'GET', '2012-03-01/user-data', { key })
  t.equal(answer.status, 404)
  t.equal(room.statusOf(id), S.DEPLOYED)
})

t.test('it never gets the installer', async (t) => {
  const { room, id } = await deploying(t)
  const key = await room.keyOf(1, id)
  const get = () => room.from(room.address(1), 'GET', 'curtin/2012-03-01/user-data', { key })
  t.equal((await get()).status, 404)
  t.equal(room.statusOf(id), S.DEPLOYING)
  for (const path of [`latest/by-id/${id}/`, 'latest/']) {
    const how = { form: { op: 'netboot_off' }, ...(path === 'latest/' ? { key } : {}) }
    t.equal((await room.from(room.address(1), 'POST', path, how)).status, 409, path)
  }
  t.equal(room.api.region.local().state.machines.get(id)?.netboot, true)
})

t.test(
  'Deployed, it boots the same again: its token for its address, and for no other',
  async (t) => {
    const { room, id } = await deploying(t)
    const first = await room.preseed(room.address(1), id)
    const from = (key: ReturnType<typeof keyIn>) =>
      room.from(room.address(1), 'GET', '2012-03-01/user-data', { key })
    await from(keyIn(first.text))
    t.equal(room.statusOf(id), S.DEPLOYED)
    const again = await room.preseed(room.address(1), id)
    t.same([again.status, again.text], [200, first.text])
    t.equal((await from(keyIn(again.text))).status, 200)
    t.equal(room.statusOf(id), S.DEPLOYED)
    const other = await room.add(2)
    await room.lease(2)
    t.equal((await room.preseed(room.address(2), id)).status, 403, `that of ${other}`)
    await room.run({ type: 'machine.release', systemId: id, comment: '' }, 'admin')
    t.equal(room.statusOf(id), S.READY)
    t.equal((await from(keyIn(again.text))).status, 401)
    const { text } = await room.preseed(room.address(1), id)
    t.match(text, /"mode":"poweroff"/)
    t.notMatch(text, /token/)
  },
)

t.test('back from a rescue it is its owner’s before its power is reported', async (t) => {
  const { room, id } = await deploying(t)
  const verb = { systemId: id, comment: '' }
  await room.run({ type: 'machine.booted', systemId: id })
  await room.run({ type: 'machine.update', systemId: id, set: { powerType: 'ipmi' } }, 'admin')
  await room.run({ type: 'machine.rescue', ...verb }, 'admin')
  t.match((await room.preseed(room.address(1), id)).text, /_modules/, 'the rescue is ours')
  await room.run({ type: 'machine.exitRescue', ...verb }, 'admin')
  t.equal(room.statusOf(id), S.EXITING_RESCUE_MODE)
  const { text } = await room.preseed(room.address(1), id)
  t.notMatch(text, /_modules/)
  const key = keyIn(text)
  const get = (path: string) => room.from(room.address(1), 'GET', path, { key })
  t.equal((await get('latest/meta-data/public-keys')).text.trim(), SSH_KEY)
  t.match((await get('latest/user-data')).text, /^#cloud-config\nruncmd/)
  t.match((await get('latest/')).text, /user-data/)
})

t.test('an installed machine that is Deployed gets no preseed as before', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  await room.deploy(id)
  const key = await room.keyOf(1, id)
  await room.from(room.address(1), 'GET', '2012-03-01/user-data', { key })
  t.equal(room.statusOf(id), S.DEPLOYED)
  t.equal((await room.preseed(room.address(1), id)).status, 403)
})

t.test(
  'where its image is no more the deployment has failed, and the machine is switched off',
  async (t) => {
    const { room, id } = await deploying(t)
    const takeImages = () => {
      const { state } = room.api.region.local()
      const rows = [...state.bootResources.values()]
      for (const row of rows) state.bootResources.delete(row.id)
      state.journal.take()
      return () => {
        for (const row of rows) state.bootResources.put(row.id, row)
        state.journal.take()
      }
    }
    const putBack = takeImages()
    const { status, text } = await room.preseed(room.address(1), id)
    t.equal(status, 200)
    t.match(text, /"mode":"poweroff"/)
    t.notMatch(text, /token/)
    t.equal(room.statusOf(id), S.FAILED_DEPLOYMENT)
    const machine = (await room.api.get(`machines/${id}/`)).json
    t.match(machine.status_message, /no image of debian\/bookworm for amd64.* from memory/)
    putBack()
    await room.run({ type: 'machine.release', systemId: id, comment: '' }, 'admin')
    await room.deploy(id, USER_DATA, true)
    const key = await room.keyOf(1, id)
    await room.from(room.address(1), 'GET', '2012-03-01/user-data', { key })
    t.equal(room.statusOf(id), S.DEPLOYED)
    takeImages()
    t.match((await room.preseed(room.address(1), id)).text, /"mode":"poweroff"/)
    t.equal(room.statusOf(id), S.DEPLOYED, 'it is its owner’s still')
  },
)

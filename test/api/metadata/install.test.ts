// What a machine that installs is given, and what curtin would be given, from the rows of a real state.
import t from 'tap'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { SystemId } from '#model/ids.ts'
import { PLAIN } from '../support/api.ts'
import { keyIn, MachineRoom } from './support/machines.ts'

// Many requests on a busy host.
t.setTimeout(120_000)

const DISK = { name: 'sda', model: 'QEMU', serial: 'disk-0001', size: '8G', block_size: '512' }

/** Deploying, with one disk laid out flat, at the address of its lease. */
async function installing(room: MachineRoom): Promise<SystemId> {
  const id = await room.add(1)
  await room.commission(id)
  await room.signal(id, 'OK')
  const made = await room.api.post(`nodes/${id}/blockdevices/`, DISK)
  if (made.status !== 200) throw new Error(made.text)
  await room.lease(1)
  await room.deploy(id)
  return id
}

t.test('the installer names the image, the disk and where the machine reports', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await installing(room)
  const key = keyIn((await room.preseed(room.address(1), id)).text)
  const path = 'curtin/2012-03-01/user-data'
  const through = await room.from(room.address(1), 'GET', path, { key })
  t.equal(through.status, 200)
  t.match(through.text, /^#!\/bin\/sh\n/)
  const image = `http://192.0.2.2:5248/images/${'2'.repeat(64)}/squashfs`
  for (const word of [image, DISK.serial, `/metadata/status/${id}`, key.tokenSecret]) {
    t.ok(through.text.includes(word), word)
  }
  t.match(
    /^PLACES='([^']*)'$/m.exec(through.text)?.[1]?.split('\n'),
    ['192.0.2.2', '192.0.2.3', '192.0.2.4'].map(
      (host) => `http://${host}:5248/MAAS http://${host}:5248/images/${'2'.repeat(64)}/squashfs`,
    ),
    'the rack that was asked, then the others of its subnet',
  )
  t.equal(room.statusOf(id), S.DEPLOYING)
})

t.test('a machine whose image is gone has failed, and says why', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await installing(room)
  const key = keyIn((await room.preseed(room.address(1), id)).text)
  const { state } = room.api.region.local()
  for (const row of [...state.bootResources.values()]) state.bootResources.delete(row.id)
  state.journal.take()
  const answer = await room.from(room.address(1), 'GET', 'curtin/latest/user-data', { key })
  t.equal(answer.status, 404)
  t.equal(room.statusOf(id), S.FAILED_DEPLOYMENT)
  const machine = (await room.api.get(`machines/${id}/`)).json
  t.match(machine.status_message, /no image of debian\/bookworm for amd64/)
})

t.test('the configuration for curtin', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await installing(room)
  const path = `machines/${id}/?op=get_curtin_config`
  await room.preseed(room.address(1), id)
  const { status, text } = await room.api.get(path)
  t.equal(status, 200)
  t.match(text, /^storage:$/m)
  t.match(text, /serial: "disk-0001"/)
  t.match(text, /op=netboot_off/)
  t.not(
    (await room.api.get(path, { key: PLAIN })).status,
    200,
    'a plain user does not see the token',
  )
  const token = (await room.api.get(`machines/${id}/?op=get_token`)).json
  t.ok(text.includes(token.token_secret))
  const other = await room.add(2)
  const early = await room.api.get(`machines/${other}/?op=get_curtin_config`)
  t.same([early.status, early.text], [400, `Machine ${other} is not in a deployment state.`])
  t.equal((await room.api.get(`machines/${other}/?op=get_token`)).status, 404)
})

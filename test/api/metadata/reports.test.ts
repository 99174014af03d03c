// What machines report: signals, and the webhook of cloud-init and installers. Mostly that is nothing for the log.
import { request as httpRequest } from 'node:http'
import t, { type Test } from 'tap'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { MachineRoom } from './support/machines.ts'

// Many requests on a busy host.
t.setTimeout(120_000)

async function atWork(t: Test, status: 'commissioning' | 'deploying' = 'commissioning') {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  if (status === 'deploying') await room.deploy(id)
  else await room.commission(id)
  const key = await room.keyOf(1, id)
  const post = (path: string, ask: object) =>
    room.from(room.address(1), 'POST', path, { key, ...ask })
  const signal = (form: Record<string, string>) =>
    post('2012-03-01/', { form: { op: 'signal', ...form } })
  const tell = (event: object) => post(`status/${id}`, { json: { ...EVENT, ...event } })
  const written = () => room.api.region.proposed.length
  return { room, id, key, post, signal, tell, written }
}

const EVENT = {
  ...{ name: 'init-network/x', description: 'running x', event_type: 'start' },
  ...{ origin: 'cloudinit', timestamp: 1_700_000_000.5 },
}

t.test('OK ends the work, and a late word of it is refused with its token', async (t) => {
  const { room, id, signal } = await atWork(t)
  const answer = await signal({ status: 'OK', error: '' })
  t.same([answer.status, answer.text], [200, 'OK'])
  t.equal(room.statusOf(id), S.READY)
  t.equal((await signal({ status: 'OK' })).status, 401)
})

t.test('FAILED says why, cut and without control characters', async (t) => {
  const { room, id, signal } = await atWork(t)
  await signal({ status: 'FAILED', error: `disk\u0000 gone ${'x'.repeat(9_000)}` })
  t.equal(room.statusOf(id), S.FAILED_COMMISSIONING)
  const { error = '' } = room.api.region.local().state.machines.get(id)?.life ?? {}
  t.match(error, /^disk {2}gone xx/)
  t.equal(error.length, 1_024)
})

const MALFORMED = [
  [{ status: 'DONE' }, "Unknown status: 'DONE'"],
  [{}, 'No provided status!'],
  [{ status: 'WORKING', exit_status: 'x' }, /exit_status/],
  [{ status: 'WORKING', script_result_id: '-1' }, /script_result_id/],
  [{ status: 'WORKING', runtime: '1e9' }, /runtime/],
  [{ status: 'WORKING', power_type: 'ipmi', power_parameters: '[' }, /power_parameters/],
  [{ status: 'WORKING', power_type: '../x' }, /power_type/],
  [{ status: 'WORKING', power_type: 'webhook' }, /power_type/],
  [{ status: 'WORKING', power_type: 'virsh' }, /power_type/],
] as const
for (const [form, text] of MALFORMED) {
  t.test(`a signal with ${JSON.stringify(form)} is refused`, async (t) => {
    const { signal, written } = await atWork(t)
    const before = written()
    const answer = await signal(form)
    t.equal(answer.status, 400)
    t.match(answer.text, text)
    t.equal(written(), before, 'nothing is half done')
  })
}

t.test('more than a machine may send is refused before it is read', async (t) => {
  const { room, post } = await atWork(t)
  const body = Buffer.alloc((4 << 20) + 1)
  const answer = await post('2012-03-01/', { body }).catch(() => undefined)
  t.equal(answer?.status, 413)
  t.equal(await chunkedStatus(room.api.url, 5), 413, 'also when its length is not told')
  const many = Array.from({ length: 17 }, (_, i) => [`f${i}`, 'x'] as const)
  const form = [['op', 'signal'], ['status', 'WORKING'], ...many] as const
  t.match((await post('2012-03-01/', { form })).text, /at most 16 files/)
})

t.test('signs of life reach the log once in half a minute', async (t) => {
  const { room, id, signal, tell, written } = await atWork(t)
  const deadline = () => room.api.region.local().state.machines.get(id)?.life?.deadlineAt ?? 0
  const before = [written(), deadline()] as const
  room.api.clock.advance(1_000)
  for (let i = 0; i < 20; i++) await signal({ status: 'WORKING' })
  for (let i = 0; i < 80; i++) t.equal((await tell({ name: `init-network/m${i}` })).status, 204)
  t.equal(written(), before[0] + 1)
  t.ok(deadline() > before[1])
  room.api.clock.advance(30_000)
  await signal({ status: 'WORKING' })
  t.equal(written(), before[0] + 2)
})

t.test('a script that timed out is its own matter, not the machine’s', async (t) => {
  const { room, id, signal } = await atWork(t)
  await signal({
    status: 'TIMEDOUT',
    script_result_id: '7',
    script_name: 'slow',
    exit_status: '124',
  })
  t.equal(room.statusOf(id), S.COMMISSIONING)
  await signal({ status: 'TIMEDOUT' })
  t.equal(room.statusOf(id), S.FAILED_COMMISSIONING)
})

t.test('the BMC that scripts find is taken only where nobody has set one', async (t) => {
  const { room, id, signal } = await atWork(t)
  const found = { power_type: 'ipmi', power_parameters: '{"power_address":"192.0.2.66"}' }
  await signal({ status: 'WORKING', ...found })
  const typeOf = () => room.api.region.local().state.machines.get(id)?.powerType
  t.equal(typeOf(), 'manual', 'the operator’s stays')
  await room.run({ type: 'machine.update', systemId: id, set: { powerType: '' } })
  await signal({ status: 'WORKING', ...found })
  t.equal(typeOf(), 'ipmi')
})

t.test('beginnings of stages and failures are events, modules are not', async (t) => {
  const { room, id, tell } = await atWork(t, 'deploying')
  const events = () =>
    [...room.api.region.local().state.events.values()]
      .filter(({ systemId, type }) => systemId === id && type === 'Node installation')
      .map(({ level, description }) => `${level} ${description}`)
  await tell({ name: 'init-network' })
  await tell({ name: 'init-network/config-ssh' })
  await tell({ name: 'init-network', event_type: 'finish', result: 'SUCCESS' })
  await tell({ origin: 'curtin', name: 'cmd-install/stage-early' })
  await tell({ name: 'modules-final/x', event_type: 'finish', result: 'FAIL', description: 'bad' })
  t.same(events(), [
    'DEBUG cloudinit began init-network: running x',
    'DEBUG curtin began cmd-install/stage-early: running x',
    'ERROR cloudinit failed modules-final/x: bad',
  ])
  for (let i = 0; i < 200; i++) await tell({ name: `stage${i}` })
  t.ok(events().length <= 12, 'a machine cannot push out what others said')
  t.equal(room.statusOf(id), S.DEPLOYING)
})

t.test('a stage that fails ends the work; one of harmless modules does not', async (t) => {
  const { room, id, tell } = await atWork(t, 'deploying')
  const fail = { event_type: 'finish', result: 'FAIL' }
  await tell({ ...fail, name: 'modules-config' })
  await tell({ ...fail, name: 'cmd-install/stage-late' })
  t.equal(room.statusOf(id), S.DEPLOYING)
  await tell({ ...fail, name: 'cmd-install', origin: 'curtin', description: 'no disk' })
  t.equal(room.statusOf(id), S.FAILED_DEPLOYMENT)
  const { error } = room.api.region.local().state.machines.get(id)?.life ?? {}
  t.equal(error, 'curtin: cmd-install failed: no disk')
})

t.test('disks count as erased by the word of who erased them alone', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  await room.deploy(id)
  await room.run({ type: 'machine.release', systemId: id, comment: '', erase: true }, 'admin')
  const key = await room.keyOf(1, id)
  const json = { ...EVENT, name: 'modules-final', event_type: 'finish', result: 'SUCCESS' }
  const answer = await room.from(room.address(1), 'POST', `status/${id}`, { key, json })
  t.equal(answer.status, 204)
  t.equal(room.statusOf(id), S.DISK_ERASING)
})

const BAD_EVENTS: readonly (readonly [string | Buffer, RegExp])[] = [
  ['{"name":"\u00fc"}', /ASCII/],
  ['{', /not valid JSON/],
  ['[]', /not a JSON object/],
  ['{"name":"x","origin":"y"}', /^Missing parameter\(s\) event_type, description in JSON/],
  [JSON.stringify({ ...EVENT, name: 7 }), /name must be a text/],
  [JSON.stringify({ ...EVENT, files: {} }), /files must be a list/],
  [JSON.stringify({ ...EVENT, files: [{ path: 'x', encoding: 'uu', content: '' }] }), /encoding/],
  [JSON.stringify({ ...EVENT, files: [{ path: 'x', encoding: 'base64' }] }), /content/],
]
for (const [body, text] of BAD_EVENTS) {
  t.test(`the webhook answers 400 to ${String(body).slice(0, 60)}`, async (t) => {
    const { id, post, written } = await atWork(t)
    const before = written()
    const answer = await post(`status/${id}`, { body })
    t.equal(answer.status, 400)
    t.match(answer.text, text)
    t.equal(written(), before)
  })
}

t.test('the webhook asks for a signature, and takes files', async (t) => {
  const { room, id, tell } = await atWork(t, 'deploying')
  const none = await room.from(room.address(1), 'POST', `status/${id}`, { json: EVENT })
  t.equal(none.status, 401)
  const content = Buffer.from('log').toString('base64')
  const file = { path: '/tmp/install.log', encoding: 'base64', content }
  const answer = await tell({ files: [file, { ...file, path: 'x.bz2', compression: 'bzip2' }] })
  t.same([answer.status, answer.text], [204, ''])
})

/** Of a body of so many MiB that comes in pieces. */
function chunkedStatus(url: string, mib: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${url}/MAAS/metadata/latest/`, { method: 'POST' }, (response) => {
      resolve(response.statusCode)
      request.destroy()
    })
    request.on('error', reject)
    for (let i = 0; i < mib; i++) request.write(Buffer.alloc(1 << 20))
    request.end()
  })
}

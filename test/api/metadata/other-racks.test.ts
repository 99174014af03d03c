// A machine at work whose rack dies: it asks another, is the same machine there, and says nothing twice that would do harm.
import t, { type Test } from 'tap'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { SystemId } from '#model/ids.ts'
import { answering, deadRack, fakeRack } from '../../support/fake-racks.ts'
import { keyIn, MachineRoom } from './support/machines.ts'
import {
  makeArchive,
  makeRunnerHost,
  missingTools,
  type RunnerHost,
} from './support/runner-host.ts'

// Real scripts on a busy host.
t.setTimeout(180_000)

const CLIENTS = ['curl', 'wget', 'busybox wget', 'python3'] as const

type Stage = {
  readonly room: MachineRoom
  readonly id: SystemId
  readonly hosts: readonly RunnerHost[]
}

/** Two racks with the region behind them. */
async function makeStage(t: Test): Promise<Stage> {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  await room.commission(id)
  const to = { apiUrl: room.api.url, address: room.address(1) }
  return { room, id, hosts: [await makeRunnerHost(t, to), await makeRunnerHost(t, to)] }
}

/** The script with these places in it. */
async function scriptFor({ room, id }: Stage, bases: readonly string[]): Promise<string> {
  const from = room.address(1)
  const key = keyIn((await room.preseed(from, id)).text)
  const { text } = await room.from(from, 'GET', '2012-03-01/user-data', { key })
  return text.replace(/^BASES='.*'$/m, `BASES='${bases.join(' ')}'`)
}

const baseOf = ({ host }: RunnerHost): string => `http://${host}/MAAS`
const ARCHIVE = {
  'index.json': JSON.stringify({
    '1.0': {
      commissioning_scripts: [
        { name: 'one', path: 'one', script_result_id: 1, timeout_seconds: 60, parallel: 0 },
      ],
    },
  }),
  one: '#!/bin/sh\necho done\n',
}
const statuses = (host: RunnerHost | undefined) =>
  (host?.said ?? []).map(({ input }) => input.text('status'))

for (const client of CLIENTS) {
  const missing = await missingTools([client])
  const skip = missing.length > 0 && `this host has no ${missing.join()}`
  t.test(`${client}: racks that are dead, silent or in trouble are left`, { skip }, async (t) => {
    const stage = await makeStage(t)
    const [host] = stage.hosts
    if (host === undefined) throw new Error('no rack')
    host.archive = await makeArchive(ARCHIVE)
    const silent = await fakeRack(t, () => {})
    const troubled = await fakeRack(t, answering(503))
    const racks = [await deadRack(t), silent.url, troubled.url].map((url) => `${url}/MAAS`)
    const script = await scriptFor(stage, [...racks, baseOf(host)])
    const env = { ANSWER_SECONDS: '2', TRIES: '1' }
    const { code, output } = await host.run(script, { tools: [client], env })
    t.same([code, output], [0, ''])
    t.equal(stage.room.statusOf(stage.id), S.READY)
    t.same(statuses(host), ['WORKING', 'WORKING', 'OK'])
    t.equal(silent.asked.length, 1, 'the one that answered is asked first from then on')
    t.equal(troubled.asked.length, 1)
  })
}

const missing = await missingTools(['curl'])
const skip = missing.length > 0 && `this host has no ${missing.join()}`

t.test('a rack that dies between two scripts', { skip }, async (t) => {
  const stage = await makeStage(t)
  const [, second] = stage.hosts
  if (second === undefined) throw new Error('no rack')
  const archive = await makeArchive({ ...ARCHIVE })
  // Gives the scripts, then nothing any more.
  const first = await fakeRack(t, (asked, response) => {
    response.on('finish', () => first.die())
    response.setHeader('Connection', 'close')
    answering(asked.url.endsWith('/maas-scripts') ? 200 : 500, archive)(asked, response)
  })
  const script = await scriptFor(stage, [`${first.url}/MAAS`, baseOf(second)])
  const { code } = await second.run(script, { tools: ['curl'] })
  t.equal(code, 0)
  t.equal(first.asked.length, 1)
  t.equal(second.archivesGiven, 0)
  t.same(statuses(second), ['WORKING', 'WORKING', 'OK'])
  t.equal(stage.room.statusOf(stage.id), S.READY)
})

t.test('a refusal is final: the next rack is not asked', { skip }, async (t) => {
  const stage = await makeStage(t)
  const [first, second] = [await fakeRack(t, answering(403)), await fakeRack(t, answering(403))]
  const script = await scriptFor(stage, [`${first.url}/MAAS`, `${second.url}/MAAS`])
  await stage.hosts[0]?.run(script, { tools: ['curl'] })
  t.ok(first.asked.length > 0)
  t.equal(second.asked.length, 0)
})

t.test('a machine that enlists is one machine, though the answer was lost', { skip }, async (t) => {
  const room = await MachineRoom.start(t)
  const address = '203.0.113.9'
  const host = await makeRunnerHost(t, { apiUrl: room.api.url, address })
  let keys: unknown[] = []
  // Hands the request on, and dies before it hands the answer back.
  const dying = await fakeRack(t, ({ headers, body, url }, response) => {
    keys = [...keys, headers['idempotency-key']]
    const passed = {
      'content-type': String(headers['content-type']),
      'idempotency-key': String(headers['idempotency-key']),
    }
    void fetch(room.api.url + url, { method: 'POST', headers: passed, body }).then(() => {
      response.destroy()
      dying.die()
    })
  })
  const asked = await room.from(address, 'GET', 'enlist/2012-03-01/user-data', { host: host.host })
  const script = asked.text
    .replace(/^BASES='.*'$/m, `BASES='${dying.url}/MAAS ${baseOf(host)}'`)
    .replaceAll('/sys/class/net', '"$HOME"/net')
    .replace(
      '#!/bin/sh\n',
      '#!/bin/sh\nmkdir -p "$HOME/net/eth0"; echo 52:54:00:00:00:77 >"$HOME/net/eth0/address"\n',
    )
  await host.run(script, { tools: ['curl'], env: { ANY_NIC: '1' } })
  t.match(keys, [/^[0-9a-f]{24}$/])
  const machines = [...room.api.region.local().state.machines.values()]
  t.equal(machines.length, 1)
  t.same(statuses(host), ['COMMISSIONING', 'OK'], 'it learned its id and went on')
})

t.test('the token of one rack is believed through another: the address is the same', async (t) => {
  const { room, id } = await makeStage(t)
  const key = await room.keyOf(1, id)
  const host = '192.0.2.3:5248'
  const own = await room.from(room.address(1), 'GET', 'latest/meta-data/instance-id', { key, host })
  t.equal(own.status, 200)
  await room.lease(2)
  const other = await room.from(room.address(2), 'GET', 'latest/', { key, host })
  t.equal(other.status, 403)
})

const SIGNALS = ['WORKING', 'COMMISSIONING', 'TESTING', 'OK', 'FAILED', 'TIMEDOUT'] as const
for (const status of SIGNALS) {
  t.test(`${status} said twice is the same as said once`, async (t) => {
    const { room, id } = await makeStage(t)
    const key = await room.keyOf(1, id)
    const say = (host: string) => {
      const form = { op: 'signal', status, error: 'why' }
      return room.from(room.address(1), 'POST', '2012-03-01/', { key, form, host })
    }
    const rows = () => {
      const { state } = room.api.region.local()
      const { updatedWall: _, life, ...machine } = state.machines.get(id) ?? {}
      return [machine, life?.error, [...state.scriptResults.values()], state.machineTokens.get(id)]
    }
    t.equal((await say('192.0.2.2:5248')).status, 200)
    const once = structuredClone(rows())
    t.match(String((await say('192.0.2.3:5248')).status), /^(200|401)$/)
    t.same(rows(), once)
  })
}

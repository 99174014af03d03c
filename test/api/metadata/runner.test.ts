// The script that machines run, run: as the region gives it, by this host's shell, against the real API.
import t, { type Test } from 'tap'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { SystemId } from '#model/ids.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { keyIn, MachineRoom } from './support/machines.ts'
import {
  makeArchive,
  makeRunnerHost,
  missingTools,
  type RunnerHost,
} from './support/runner-host.ts'

// Real scripts on a busy host.
t.setTimeout(180_000)

/** What is there of them, for tests that do not care. */
const TOOLS = await anyClient()
const skip = TOOLS === undefined && 'this host lacks curl, wget and python3, or tar or xz'

type Stage = { readonly room: MachineRoom; readonly host: RunnerHost; readonly id: SystemId }

async function anyClient(): Promise<readonly string[] | undefined> {
  for (const client of ['curl', 'wget', 'python3']) {
    if ((await missingTools([client])).length === 0) return [client]
  }
  return undefined
}

async function makeStage(t: Test): Promise<Stage> {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  const host = await makeRunnerHost(t, { apiUrl: room.api.url, address: room.address(1) })
  return { room, host, id }
}

/** As cloud-init fetches it: the token from the preseed, then the script with it. */
async function scriptFor({ room, host, id }: Stage): Promise<string> {
  const at = { host: host.host }
  const from = room.address(1)
  const preseed = await room.from(from, 'GET', `latest/by-id/${id}/?op=get_preseed`, at)
  const key = keyIn(preseed.text)
  const answer = await room.from(from, 'GET', '2012-03-01/user-data', { ...at, key })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.text
}

const entry = (name: string, id: number, more: object = {}) => ({
  ...{ name, path: `commissioning/${name}`, script_result_id: id, script_version_id: id + 100 },
  ...{ timeout_seconds: 60, parallel: 0, parameters: {}, packages: {}, for_hardware: [] },
  ...more,
})
const index = (commissioning: readonly object[], testing: readonly object[] = []) =>
  JSON.stringify({
    '1.0': { commissioning_scripts: commissioning, testing_scripts: testing },
  })
const texts = (host: RunnerHost, ...names: readonly string[]) =>
  host.said.map(({ input }) => names.map((name) => input.text(name) ?? '').join(' '))

const CLIENTS = ['curl', 'wget', 'busybox wget', 'python3'] as const

for (const client of CLIENTS) {
  const missing = await missingTools([client])
  const skip = missing.length > 0 && `this host has no ${missing.join()}`
  t.test(`with ${client} scripts are run and each result is told`, { skip }, async (t) => {
    const tools = [client]
    const stage = await makeStage(t)
    const { room, host, id } = stage
    await room.commission(id)
    const meet = (own: string, other: string) =>
      `#!/bin/sh\n: >../${own}; n=0\nwhile [ ! -e ../${other} ] && [ $n -lt 100 ]; do\n` +
      `sleep 0.1; n=$((n + 1)); done\n[ -e ../${other} ]\n`
    host.archive = await makeArchive({
      'index.json': index([
        entry('good', 1, { parameters: { storage: `/dev/sd a|'"$(false)`, x: { value: 'y' } } }),
        entry('bad', 2, { args: ['-x', '{'], parameters: { x: { value: 'y', device: { a: 1 } } } }),
        entry('slow', 3, { timeout_seconds: 1 }),
        entry('left', 4, { parallel: 2 }),
        entry('right', 5, { parallel: 2 }),
      ]),
      'commissioning/good': `#!/bin/sh
        printf '%s;' "$@"; echo oops >&2; printf 'a: 1\\r\\n' >"$RESULT_PATH"\n`,
      'commissioning/bad': '#!/bin/sh\nprintf "\\000\\377"; echo "$*" >&2; exit 3\n',
      'commissioning/slow': '#!/bin/sh\nexec sleep 30\n',
      'commissioning/left': meet('left', 'right'),
      'commissioning/right': meet('right', 'left'),
    })
    const script = await scriptFor(stage)
    const { code, output } = await host.run(script, { tools })
    t.same([code, output], [0, ''])
    const told = texts(host, 'status', 'script_name', 'script_result_id', 'exit_status')
    t.same(told.slice(0, 6), [
      ...['WORKING good 1 ', 'WORKING good 1 0', 'WORKING bad 2 ', 'WORKING bad 2 3'],
      ...['WORKING slow 3 ', 'TIMEDOUT slow 3 124'],
    ])
    t.same(
      told.slice(6, 10).toSorted(),
      [
        ...['WORKING left 4 ', 'WORKING left 4 0', 'WORKING right 5 ', 'WORKING right 5 0'],
      ].toSorted(),
      'those that may run beside others do',
    )
    const [, good, , bad] = host.said
    const part = (name: string, from = good) => from?.input.text(name)
    t.equal(part('good.out'), `--storage=/dev/sd a|'"$(false);--x=y;`)
    t.equal(part('good.err'), 'oops\n')
    t.equal(part('good.yaml'), 'a: 1\r\n', 'bytes arrive as they are')
    t.equal(part('good'), `${part('good.out')}${part('good.err')}`)
    t.match(part('runtime'), /^\d+\.\d\d$/)
    t.equal(part('script_version_id'), '101')
    t.equal(part('bad.err', bad), '-x {\n', 'arguments that the region made')
    // Busybox's wget would send nothing after the zero byte.
    const all = client === 'busybox wget' ? [255] : [0, 255]
    t.same(bad?.input.bytes('bad.out'), Buffer.from(all))
    t.match(texts(host, 'status', 'error').at(-1), /^FAILED Scripts failed: bad slow/)
    t.equal(room.statusOf(id), S.FAILED_COMMISSIONING)
    t.notOk(room.api.logs.join('').includes(/TOKEN_SECRET='(\w+)'/.exec(script)?.[1] ?? '-'))
  })
}

t.test(
  'the BMC that a script found is told with its result, its password only there',
  { skip },
  async (t) => {
    const stage = await makeStage(t)
    const { room, host, id } = stage
    await room.run({ type: 'machine.update', systemId: id, set: { powerType: '' } })
    await room.commission(id)
    const write = (address: string, more = '') => `#!/bin/sh
    printf '%s\\n' 'power_type: ipmi' 'power_address: ${address}' 'power_user: "maas"' \\
      'power_pass: a=@b"\\$(x)' 'no line' '- list: x' 'k_g:' >"$BMC_CONFIG_PATH"
    echo found; ${more}\n`
    host.archive = await makeArchive({
      'index.json': index([entry('failing', 1), entry('bmc', 2), entry('other', 3)]),
      'commissioning/failing': write('192.0.2.65', 'exit 1'),
      'commissioning/bmc': write('192.0.2.66'),
      'commissioning/other': '#!/bin/sh\necho "$BMC_CONFIG_PATH"; ls ..\n',
    })
    const { output } = await host.run(await scriptFor(stage), { tools: TOOLS ?? [] })
    t.equal(output, '')
    t.same(texts(host, 'script_name', 'power_type').slice(0, -1), [
      ...['failing ', 'failing ', 'bmc ', 'bmc ipmi', 'other ', 'other '],
    ])
    t.match(host.said[5]?.input.text('other'), /\.bmc\n/)
    t.notMatch(host.said[5]?.input.text('other'), /2\.bmc\n/, 'its file is gone')
    const { state } = room.api.region.local()
    t.match(state.machines.get(id), {
      powerType: 'ipmi',
      powerParameters: {
        ...{ power_address: '192.0.2.66', power_user: 'maas', power_pass: 'a=@b"\\$(x)', k_g: '' },
      },
    })
    const kept = [...state.scriptOutputs.values(), ...state.events.values()]
    t.notMatch(JSON.stringify(kept) + room.api.logs.join(''), /a=@b/)
  },
)

t.test('tests follow commissioning with an index of their own', { skip }, async (t) => {
  const stage = await makeStage(t)
  const { room, host, id } = stage
  await room.commission(id)
  host.archive = await makeArchive({
    'index.json': index([entry('one', 1)], [entry('two', 2, { path: 'testing/two' })]),
    'commissioning/one': '#!/bin/sh\nexit 0\n',
    'testing/two': '#!/bin/sh\necho tested\n',
  })
  await host.run(await scriptFor(stage), { tools: TOOLS ?? [] })
  t.same(texts(host, 'status', 'script_name', 'exit_status'), [
    ...['WORKING one ', 'WORKING one 0', 'TESTING  ', 'WORKING two ', 'WORKING two 0', 'OK  '],
  ])
  t.equal(host.archivesGiven, 2)
  t.equal(room.statusOf(id), S.READY)
})

t.test('while a script runs there are signs of life, and none afterwards', { skip }, async (t) => {
  const stage = await makeStage(t)
  const { room, host, id } = stage
  await room.commission(id)
  host.archive = await makeArchive({
    'index.json': index([entry('long', 1)]),
    'commissioning/long': '#!/bin/sh\nsleep 3\n',
  })
  const env = { BEAT_SECONDS: '1' }
  await host.run(await scriptFor(stage), { tools: TOOLS ?? [], env })
  const told = texts(host, 'status', 'script_name')
  t.ok(told.filter((each) => each === 'WORKING ').length >= 1, told.join())
  t.equal(told.at(-1), 'OK ')
  t.equal(room.statusOf(id), S.READY)
})

t.test('where there is nothing to run the machine is done', { skip }, async (t) => {
  const stage = await makeStage(t)
  await stage.room.commission(stage.id)
  await stage.host.run(await scriptFor(stage), { tools: TOOLS ?? [] })
  t.equal(stage.room.statusOf(stage.id), S.READY)
})

t.test('an answer that was lost is asked for again, and does no harm', { skip }, async (t) => {
  const stage = await makeStage(t)
  const { room, host, id } = stage
  await room.commission(id)
  host.loseAnswers = 1
  const { code } = await host.run(await scriptFor(stage), { tools: TOOLS ?? [] })
  t.equal(code, 0)
  t.same(texts(host, 'status'), ['OK', 'OK'], 'the second is refused: the token went with the work')
  t.equal(room.statusOf(id), S.READY)
})

t.test('an archive that is none fails the machine with words', { skip }, async (t) => {
  const stage = await makeStage(t)
  await stage.room.commission(stage.id)
  stage.host.archive = Buffer.from('no archive')
  await stage.host.run(await scriptFor(stage), { tools: TOOLS ?? [] })
  const { state } = stage.room.api.region.local()
  t.match(state.machines.get(stage.id)?.life?.error, /could not be fetched/)
})

t.test('a machine whose clock is years behind is believed', { skip }, async (t) => {
  const stage = await makeStage(t)
  await stage.room.commission(stage.id)
  const script = await scriptFor(stage)
  t.match(script, /^SERVER_SECONDS='1700000\d{3}'$/m)
  const early = script.replace('own=$(date +%s)', 'own=5')
  await stage.host.run(early, { tools: TOOLS ?? [] })
  t.equal(stage.room.statusOf(stage.id), S.READY)
})

t.test('rescue mode begins, and the machine stays on', { skip }, async (t) => {
  const stage = await makeStage(t)
  const { room, host, id } = stage
  await room.run({ type: 'machine.rescue', systemId: id, comment: '' }, 'admin')
  const preseed = await room.preseed(room.address(1), id)
  t.notMatch(preseed.text, /power_state/)
  // There is no sshd here to be started.
  await host.run((await scriptFor(stage)).replaceAll('/usr/sbin/sshd', '/nowhere'), {
    tools: TOOLS ?? [],
  })
  t.equal(room.statusOf(id), S.RESCUE_MODE)
})

const ERASING = [
  { name: 'all over', quickErase: false, leaves: false },
  { name: 'quickly', quickErase: true, leaves: true },
]
for (const { name, quickErase, leaves } of ERASING) {
  t.test(`a disk is erased ${name}`, { skip }, async (t) => {
    const stage = await makeStage(t)
    const { room, host, id } = stage
    await room.deploy(id)
    await room.run({ type: 'machine.booted', systemId: id })
    await room.run(
      {
        type: 'machine.release',
        ...{ systemId: id, comment: '', erase: true, secureErase: false, quickErase },
      },
      'admin',
    )
    t.equal(room.statusOf(id), S.DISK_ERASING)
    const disk = join(await temporaryDirectory(t), 'disk')
    const size = 9 * 1_048_576 + 512
    await writeFile(disk, Buffer.alloc(size, 'secret'))
    const env = { DISKS_LIST: disk }
    await host.run(await scriptFor(stage), { tools: TOOLS ?? [], env })
    const after = await readFile(disk)
    t.equal(after.length, size)
    t.equal(after.includes('secret'), leaves)
    const edges = [after.subarray(0, 2 << 20), after.subarray(size - (2 << 20))]
    t.notOk(Buffer.concat(edges).includes('secret'))
    t.equal(room.statusOf(id), S.READY)
  })
}

t.test('what was not booted for it erases nothing', { skip }, async (t) => {
  const stage = await makeStage(t)
  const { room, host, id } = stage
  await room.deploy(id)
  const verb = { systemId: id, comment: '' }
  await room.run({ type: 'machine.release', ...verb, erase: true }, 'admin')
  const disk = join(await temporaryDirectory(t), 'disk')
  await writeFile(disk, 'secret')
  await truncate(disk, 4_096)
  // Twice over: the list of disks is cut out of the script, as this host's own would be in it.
  const script = (await scriptFor(stage)).replace(/for block in [^;]*;/, 'for block in;')
  t.notMatch(script, /for block in \/sys/)
  await host.run(script, { tools: TOOLS ?? [] })
  t.match(await readFile(disk, 'utf8'), /^secret/)
  t.equal(room.statusOf(id), S.FAILED_DISK_ERASING)
})

t.test('a machine that nobody knows enlists, is commissioned, and is New', { skip }, async (t) => {
  const room = await MachineRoom.start(t)
  const host = await makeRunnerHost(t, { apiUrl: room.api.url, address: '203.0.113.9' })
  const at = { host: host.host }
  const asked = await room.from('203.0.113.9', 'GET', 'enlist/2012-03-01/user-data', at)
  const script = asked.text.replaceAll('/sys/class/net', '"$HOME"/net')
  const run = script.replace(
    '#!/bin/sh\n',
    '#!/bin/sh\nmkdir -p "$HOME/net/eth0"; echo 52:54:00:00:00:77 >"$HOME/net/eth0/address"\n',
  )
  const { code, output } = await host.run(run, { tools: TOOLS ?? [], env: { ANY_NIC: '1' } })
  t.same([code, output], [0, ''])
  const [machine] = room.api.region.local().state.machines.values()
  t.equal(machine?.status, S.NEW)
  t.same(texts(host, 'status'), ['COMMISSIONING', 'OK'])
  t.equal(machine?.powerType, 'manual')
})

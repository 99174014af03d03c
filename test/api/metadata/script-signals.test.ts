// What a machine fetches and what it says: the archive holds what its results wait for, and every report ends in a result,
// whatever is in it.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { commissioningTar, scriptArchive, scriptIndex } from '#api/metadata/script-archive.ts'
import { recordSignal, type SignalReport } from '#api/metadata/script-signals.ts'
import { BMC_SCRIPT, HARDWARE_SCRIPT } from '#model/builtin-scripts.ts'
import type { SystemId } from '#model/ids.ts'
import { RESULT_TYPE as T, SCRIPT_STATUS as S, type ScriptResult } from '#model/script-result.ts'
import { currentResults } from '#state/script-query.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { startTestApi, SYSTEM, type TestApi } from '../support/api.ts'

const MAC = '52:54:00:aa:00:01'
const HARDWARE = JSON.stringify({
  disks: [{ name: 'sda', size_bytes: 2 ** 30, serial: 's1', id_path: '/dev/disk/by-id/wwn-1' }],
})
const SCRIPT = (...header: readonly string[]): string =>
  [
    '#!/bin/sh',
    '# --- Start MAAS 1.0 script metadata ---',
    ...header.map((line) => `# ${line}`),
    '# --- End MAAS 1.0 script metadata ---',
    '',
  ].join('\n')

/** A machine that is being commissioned, with one disk. */
async function commissioning(t: Test, form: Record<string, string> = {}) {
  const api = await startTestApi(t)
  const { json } = await api.post(
    'machines/',
    { architecture: 'amd64', mac_addresses: MAC, hardware: HARDWARE, power_type: 'manual' },
    { key: null },
  )
  const systemId = json.system_id as SystemId
  const answer = await api.post(`machines/${systemId}/?op=commission`, form)
  t.equal(answer.status, 200)
  return { api, systemId, state: api.region.local().state }
}
const row = (api: TestApi, id: SystemId, name: string): ScriptResult => {
  const { state } = api.region.local()
  const all = [T.COMMISSIONING, T.TESTING].flatMap((type) => currentResults(state, id, type))
  return all.find((each) => each.name === name)!
}
const say = async (api: TestApi, systemId: SystemId, more: Partial<SignalReport>) => {
  const machine = api.region.local().state.machines.get(systemId)!
  await recordSignal(api.region, machine, {
    ...{ systemId, status: 'WORKING', resultId: null, scriptName: null, exitStatus: null },
    ...{ runtimeMs: null, files: new Map() },
    ...more,
  })
}
const files = (all: Readonly<Record<string, string | Uint8Array>>) =>
  new Map(Object.entries(all).map(([name, text]) => [name, Buffer.from(text)]))

const hasXz = spawnSync('xz', ['--version']).status === 0
t.test(
  'the archive holds an index and each script once',
  { skip: hasXz ? false : 'no xz on this host' },
  async (t) => {
    const { api, systemId } = await commissioning(t)
    await api.post('scripts/', {
      ...{ name: '45-mine', type: 'commissioning' },
      script: SCRIPT('parameters: {name: {type: string, default: "it is; $HOME"}}', 'timeout: 90'),
    })
    await say(api, systemId, {})
    await api.post(`machines/${systemId}/?op=abort`)
    await api.post(`machines/${systemId}/?op=commission`, {
      ...{ testing_scripts: 'disk-read', '45-mine_name': "a'b $(touch /nowhere)" },
    })
    const { state } = api.region.local()
    const archive = scriptArchive(state, systemId)
    const file = join(await temporaryDirectory(t), 'a.tar.xz')
    writeFileSync(file, archive!)
    const tar = (...args: readonly string[]): string =>
      execFileSync('tar', ['-xJOf', file, ...args], { encoding: 'utf8' })
    const index = JSON.parse(tar('index.json'))
    t.same(index, JSON.parse(JSON.stringify(scriptIndex(state, systemId))))
    const mine = index['1.0'].commissioning_scripts.find(
      ({ name }: { readonly name: string }) => name === '45-mine',
    )
    t.match(mine, {
      ...{ path: 'commissioning/45-mine', timeout_seconds: 90, script_version_id: 1 },
      ...{ has_started: false, script_result_id: row(api, systemId, '45-mine').id },
      parameters: { name: { type: 'string', value: "a'b $(touch /nowhere)" } },
      args: ["--name=a'b $(touch /nowhere)"],
    })
    t.match(index['1.0'].testing_scripts, [
      {
        ...{
          name: 'disk-read',
          path: 'testing/disk-read',
          args: ['--storage=/dev/disk/by-id/wwn-1'],
        },
        parameters: {
          storage: {
            ...{ type: 'storage', value: '/dev/disk/by-id/wwn-1' },
            device: { name: 'sda', serial: 's1' },
          },
        },
      },
    ])
    t.match(tar('commissioning/45-mine'), /^#!\/bin\/sh\n# --- Start/)
    const shown = readFileSync(join(import.meta.dirname, '../../../api/metadata/scripts/disk-read'))
    t.equal(tar('testing/disk-read'), shown.toString('utf8'))
  },
)

t.test(
  'the script that sets up the BMC is told the settings, and to keep what is set',
  async (t) => {
    const { api, systemId, state } = await commissioning(t)
    await api.post(`machines/${systemId}/?op=abort`)
    const set = (powerType: string) =>
      api.region.propose(
        { type: 'machine.update', systemId, set: { powerType } },
        { actor: { ...SYSTEM } },
      )
    await set('')
    await api.post(`machines/${systemId}/?op=commission`)
    await api.post('maas/?op=set_config', { name: 'maas_auto_ipmi_user', value: 'ops' })
    await api.post('maas/?op=set_config', {
      name: 'maas_auto_ipmi_workaround_flags',
      value: '$(x)',
    })
    type Index = { '1.0': { commissioning_scripts: readonly { name: string; args: unknown }[] } }
    const args = () =>
      (scriptIndex(state, systemId) as Index)['1.0'].commissioning_scripts.find(
        ({ name }) => name === BMC_SCRIPT,
      )?.args
    const settings = ['--user=ops', '--privilege=ADMIN', '--cipher=3']
    t.same(args(), settings)
    await set('manual')
    t.same(args(), [...settings, '--keep'])
  },
)

t.test('the archive of MAAS 2.0 has the scripts in their order', async (t) => {
  const { systemId, state } = await commissioning(t)
  const file = join(await temporaryDirectory(t), 'a.tar')
  writeFileSync(file, commissioningTar(state, systemId)!)
  const names = execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).split('\n')
  t.equal(names[0], 'commissioning.d/000-20-maas-01-install-lldpd')
  t.ok(names.includes(`commissioning.d/002-${HARDWARE_SCRIPT}`))
})

t.test('who has nothing to run gets nothing', async (t) => {
  const { api, systemId, state } = await commissioning(t)
  t.equal(scriptArchive(state, 'zzzzzz' as SystemId), null)
  await api.post(`machines/${systemId}/?op=abort`)
  t.equal(scriptArchive(state, systemId), null)
  t.equal(commissioningTar(state, systemId), null)
})

t.test('a script runs, then passes, with its outputs', async (t) => {
  const { api, systemId, state } = await commissioning(t)
  const { id: resultId } = row(api, systemId, 'maas-lshw')
  await say(api, systemId, { resultId })
  t.equal(row(api, systemId, 'maas-lshw').status, S.RUNNING)
  const said = files({ 'maas-lshw': 'outerr', 'maas-lshw.out': 'out', 'maas-lshw.err': 'err' })
  await say(api, systemId, { resultId, exitStatus: 0, runtimeMs: 1_234.4, files: said })
  const done = row(api, systemId, 'maas-lshw')
  t.match(done, { status: S.PASSED, exitStatus: 0 })
  t.equal(done.endedWall! - done.startedWall!, 1_234)
  t.match(state.scriptOutputs.get(resultId), { stdout: 'out', output: '' }, 'kept once')
})

const JUDGED = [
  { exitStatus: 0, yaml: 'status: degraded\n', is: S.DEGRADED },
  { exitStatus: 0, yaml: "x: 1\nstatus: 'skipped'\n", is: S.SKIPPED },
  { exitStatus: 0, yaml: 'status: failed', is: S.FAILED },
  { exitStatus: 1, yaml: 'status: constructor', is: S.FAILED },
  { exitStatus: 3, yaml: '', is: S.FAILED },
  { exitStatus: 1e9, yaml: '', is: S.FAILED },
  { exitStatus: Number.NaN, yaml: '', is: S.FAILED },
  { status: 'TIMEDOUT', exitStatus: null, yaml: '', is: S.TIMED_OUT },
  { status: 'INSTALLING', exitStatus: null, yaml: '', is: S.INSTALLING },
  { status: 'INSTALLING', exitStatus: 100, yaml: '', is: S.FAILED_INSTALLING },
  { status: 'APPLYING_NETCONF', exitStatus: 1, yaml: '', is: S.FAILED_APPLYING_NETCONF },
] as const
for (const { yaml, is, ...more } of JUDGED) {
  t.test(`${JSON.stringify(more)} and ${JSON.stringify(yaml)} is ${is}`, async (t) => {
    const { api, systemId } = await commissioning(t)
    const scriptName = 'maas-serial-ports'
    const said = { ...more, scriptName, files: files({ [`${scriptName}.yaml`]: yaml }) }
    await say(api, systemId, said)
    t.equal(row(api, systemId, scriptName).status, is)
  })
}

t.test('a long output is cut to its end, and what is no UTF-8 is replaced', async (t) => {
  const { api, systemId, state } = await commissioning(t)
  const { id: resultId } = row(api, systemId, 'maas-lshw')
  const long = Buffer.concat([Buffer.alloc(1 << 20, 0xff), Buffer.from('\0end')])
  const said = files({ 'maas-lshw': long, 'maas-lshw.out': long, 'maas-lshw.err': long })
  await say(api, systemId, { resultId, exitStatus: 0, files: said })
  const { output, stdout, stderr } = state.scriptOutputs.get(resultId)!
  for (const text of [output, stdout, stderr]) {
    t.match(text, /^\[the last 65536 of 1048580 bytes\]\n\uFFFD+end$/)
  }
})

const REPORT = (more: object = {}): string =>
  JSON.stringify({ nics: [{ name: 'ens1', mac: MAC, carrier: 1 }], cpu: { count: 7 }, ...more })

t.test('the hardware report becomes the machine’s facts', async (t) => {
  const { api, systemId, state } = await commissioning(t)
  const said = files({ [`${HARDWARE_SCRIPT}.out`]: REPORT() })
  await say(api, systemId, { scriptName: HARDWARE_SCRIPT, exitStatus: 0, files: said })
  t.equal(row(api, systemId, HARDWARE_SCRIPT).status, S.PASSED)
  t.equal(state.machines.get(systemId)?.cpuCount, 7)
  t.equal(state.interfacesByMachine.rows(systemId)[0]?.name, 'ens1')
  const again = files({ [`${HARDWARE_SCRIPT}.out`]: REPORT({ cpu: { count: 9 } }) })
  await say(api, systemId, { scriptName: HARDWARE_SCRIPT, exitStatus: 0, files: again })
  t.equal(state.machines.get(systemId)?.cpuCount, 7, 'said again it is not applied again')
})

const BAD = [
  { name: 'no report', said: {}, why: /is missing/ },
  { name: 'no JSON', said: { [HARDWARE_SCRIPT]: '{"cpu":' }, why: /no JSON object/ },
  {
    ...{ name: 'far too long', why: /longer than 1 MiB/ },
    said: { [HARDWARE_SCRIPT]: Buffer.alloc((1 << 20) + 1, 0x20) },
  },
  {
    ...{ name: 'another machine’s MAC', why: /already in use on/ },
    said: { [HARDWARE_SCRIPT]: REPORT({ nics: [{ name: 'a', mac: '52:54:00:aa:00:02' }] }) },
  },
]
for (const { name, said, why } of BAD) {
  t.test(`a hardware report that is of no use is a failed result: ${name}`, async (t) => {
    const { api, systemId, state } = await commissioning(t)
    const other = { architecture: 'amd64', mac_addresses: '52:54:00:aa:00:02' }
    await api.post('machines/', other, { key: null })
    await say(api, systemId, {
      ...{ scriptName: HARDWARE_SCRIPT, exitStatus: 0 },
      files: files(said as Record<string, string>),
    })
    const { status, id } = row(api, systemId, HARDWARE_SCRIPT)
    t.equal(status, S.FAILED)
    t.match(state.scriptOutputs.get(id)?.stderr, why)
  })
}

t.test('what is about no result of the machine’s is let go', async (t) => {
  const { api, systemId, state } = await commissioning(t)
  const other = { architecture: 'amd64', mac_addresses: '52:54:00:aa:00:02' }
  const { json } = await api.post('machines/', other, { key: null })
  const { id: resultId } = row(api, systemId, 'maas-lshw')
  const { revision } = state
  await say(api, json.system_id, { resultId, exitStatus: 0 })
  await say(api, systemId, { resultId: 999, exitStatus: 0 })
  await say(api, systemId, { scriptName: '__proto__', exitStatus: 0 })
  await say(api, systemId, {})
  t.equal(row(api, systemId, 'maas-lshw').status, S.PENDING)
  t.equal(state.revision, revision, 'nothing was proposed')
})

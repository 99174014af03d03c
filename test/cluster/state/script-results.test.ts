// Sets of script results: what a machine is to run, what it says of it, and how all of it ends with its work.
import t from 'tap'
import { BUILTIN_SCRIPTS } from '#model/builtin-scripts.ts'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as M } from '#model/machine.ts'
import { DEFAULT_PROBE, type ProbeOptions } from '#model/machine-work.ts'
import { RESULT_TYPE as T, SCRIPT_STATUS as S, type ResultType } from '#model/script-result.ts'
import type { CommandOf } from '#state/command.ts'
import { allSetsOf, currentResults, currentSetOf } from '#state/script-query.ts'
import {
  addMachine,
  BOB,
  bring,
  DEPLOY,
  makeRoom,
  statusOf,
  SYSTEM,
} from '#test/support/life-cycle.ts'
import { ADMIN, type Lab } from '#test/support/region-state.ts'

const NO_TEXT = { output: '', stdout: '', stderr: '', result: '' }
const DISK = {
  ...{ model: 'm', idPath: '', sizeBytes: 2 ** 30, blockSizeBytes: 512, tags: ['ssd'] },
}
const twoDisks = {
  blockDevices: [
    { ...DISK, name: 'sda', serial: 'a1' },
    { ...DISK, name: 'sdb', serial: 'b1' },
  ],
}

const commission = (lab: Lab, systemId: SystemId, options: Partial<ProbeOptions> = {}) => {
  lab.actor = ADMIN
  const all = { ...DEFAULT_PROBE, ...options }
  return lab.run({ type: 'machine.commission', systemId, comment: '', options: all }).outcome
}
const signal = (
  lab: Lab,
  systemId: SystemId,
  status: CommandOf<'machine.signal'>['status'],
): void => {
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.signal', systemId, status, error: '' })
}
const report = (
  lab: Lab,
  systemId: SystemId,
  more: Partial<CommandOf<'scriptResult.report'>> & { readonly resultId: number },
): void => {
  lab.actor = SYSTEM
  const said = { exitStatus: 0, runtimeMs: null, status: S.PASSED, ...NO_TEXT, ...more }
  lab.ok({ type: 'scriptResult.report', systemId, ...said })
}
const named = (lab: Lab, systemId: SystemId, type: ResultType, name: string) =>
  currentResults(lab.state, systemId, type).find((row) => row.name === name)!
const statuses = (lab: Lab, systemId: SystemId, type: ResultType) =>
  new Set(currentResults(lab.state, systemId, type).map(({ status }) => status))
const upload = (lab: Lab, name: string, more: object = {}): number => {
  lab.actor = ADMIN
  const fields = {
    ...{ name, title: '', description: '', tags: [], scriptType: 0, hardwareType: 0, parallel: 0 },
    ...{ timeoutSeconds: 60, destructive: false, mayReboot: false, recommission: false },
    ...{ applyConfiguredNetworking: false, forHardware: [], value: '#!/bin/sh\n', comment: '' },
    ...more,
  }
  return lab.ok({ type: 'object.create', table: 'scripts', fields }).id
}

t.test('commissioning makes a set of what runs always and one of the default tests', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1, { ...twoDisks, powerType: '' })
  t.ok(commission(lab, id).ok)
  const probes = currentResults(lab.state, id, T.COMMISSIONING).map(({ name }) => name)
  const builtin = BUILTIN_SCRIPTS.filter(({ type }) => type === T.COMMISSIONING)
  t.same(probes, builtin.map(({ name }) => name).toSorted())
  t.same(
    currentResults(lab.state, id, T.TESTING).map(({ name, parameters }) => [name, parameters]),
    [
      ['smartctl-validate', { storage: '/dev/sda' }],
      ['smartctl-validate', { storage: '/dev/sdb' }],
    ],
  )
  t.same(statuses(lab, id, T.COMMISSIONING), new Set([S.PENDING]))
})

t.test('scripts are chosen by name, id and tag; none of the destructive by default', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  upload(lab, '45-mine')
  upload(lab, '46-wipe', { destructive: true })
  upload(lab, '47-rare', { tags: ['noauto'] })
  const three = upload(lab, '48-other', { tags: ['special'] })
  const chosen = (): readonly string[] =>
    currentResults(lab.state, id, T.COMMISSIONING).flatMap(({ name, scriptId }) =>
      scriptId === null ? [] : [name],
    )
  t.ok(commission(lab, id).ok)
  t.same(chosen(), ['45-mine', '48-other'])
  for (const [words, names] of [
    [['none'], []],
    [
      ['46-wipe', String(three)],
      ['46-wipe', '48-other'],
    ],
    [
      ['special', 'noauto'],
      ['47-rare', '48-other'],
    ],
  ] as const) {
    signal(lab, id, 'OK')
    t.ok(commission(lab, id, { commissioningScripts: words, testingScripts: [] }).ok)
    t.same(chosen(), names)
  }
})

t.test('a word that is no script is refused, and nothing is begun', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  const before = lab.state.scriptSets.size
  t.match(commission(lab, id, { testingScripts: ['nothing'] }), {
    ok: false,
    fields: { testing_scripts: [/'nothing' is not a valid/] },
  })
  t.equal(statusOf(lab, id), M.NEW)
  t.equal(lab.state.scriptSets.size, before)
  t.equal(lab.state.machineWork.has(id), false)
})

t.test('parameters are given for one script or for all; a disk must be there', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1, twoDisks)
  const values = (parameters: ProbeOptions['parameters']) => {
    const outcome = commission(lab, id, { testingScripts: ['disk-read'], parameters })
    if (!outcome.ok) return outcome.fields
    const shown = currentResults(lab.state, id, T.TESTING).map((row) => row.parameters['storage'])
    signal(lab, id, 'OK')
    return shown
  }
  t.same(values({ storage: 'sdb' }), ['/dev/sdb'])
  t.same(values({ storage: 'sdb', 'disk-read_storage': 'a1' }), ['/dev/sda'])
  t.same(values({ storage: '/dev/sdb,sda' }), ['/dev/sdb', '/dev/sda'])
  t.same(values({ storage: 'ssd' }), ['/dev/sda', '/dev/sdb'])
  t.match(values({ storage: 'sdc' }), { 'disk-read_storage': [/no storage sdc/] })
})

t.test('a machine that says OK is Ready only if no script failed', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  commission(lab, id)
  const { id: resultId } = named(lab, id, T.COMMISSIONING, 'maas-lshw')
  report(lab, id, { resultId, status: S.RUNNING, exitStatus: null })
  t.equal(lab.state.scriptResults.get(resultId)?.status, S.RUNNING)
  report(lab, id, { resultId, status: S.FAILED, exitStatus: 3, stderr: 'why' })
  signal(lab, id, 'OK')
  t.equal(statusOf(lab, id), M.FAILED_COMMISSIONING)
  t.equal(lab.state.machines.get(id)?.life?.error, 'Failed: maas-lshw.')
  t.equal(lab.state.scriptOutputs.get(resultId)?.stderr, 'why')
  const event = [...lab.state.events.values()].find(({ type }) => type === 'Script result')
  t.match(event, { level: 'ERROR', description: 'maas-lshw failed with exit status 3' })
})

t.test('a suppressed failure keeps no machine from being used', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  commission(lab, id)
  const { id: resultId } = named(lab, id, T.COMMISSIONING, 'maas-lshw')
  report(lab, id, { resultId, status: S.FAILED, exitStatus: 1 })
  const suppress = { type: 'scriptResult.suppress', systemId: id, resultIds: [resultId] } as const
  lab.actor = BOB
  t.equal(lab.refused({ ...suppress, suppressed: true }).code, 'NOT_FOUND', 'lent to the admin')
  lab.actor = ADMIN
  lab.ok({ ...suppress, suppressed: true })
  signal(lab, id, 'OK')
  t.equal(statusOf(lab, id), M.READY)
  lab.actor = BOB
  t.equal(lab.refused({ ...suppress, suppressed: false }).code, 'FORBIDDEN')
})

t.test(
  'a failed test is Failed testing, a failed probe before it Failed commissioning',
  async (t) => {
    const lab = makeRoom()
    const id = addMachine(lab, 1)
    commission(lab, id)
    signal(lab, id, 'TESTING')
    t.same(statuses(lab, id, T.COMMISSIONING), new Set([S.SKIPPED]))
    t.same(statuses(lab, id, T.TESTING), new Set([S.PENDING]))
    const [test] = currentResults(lab.state, id, T.TESTING)
    report(lab, id, { resultId: test!.id, status: S.FAILED, exitStatus: 1 })
    signal(lab, id, 'OK')
    t.equal(statusOf(lab, id), M.FAILED_TESTING)
    commission(lab, id)
    const { id: resultId } = named(lab, id, T.COMMISSIONING, 'maas-lshw')
    report(lab, id, { resultId, status: S.FAILED, exitStatus: 1 })
    signal(lab, id, 'TESTING')
    t.equal(statusOf(lab, id), M.FAILED_COMMISSIONING)
  },
)

const ENDS = [
  { name: 'FAILED', end: (lab: Lab, id: SystemId) => signal(lab, id, 'FAILED'), is: S.ABORTED },
  {
    name: 'TIMEDOUT',
    end: (lab: Lab, id: SystemId) => signal(lab, id, 'TIMEDOUT'),
    is: S.TIMED_OUT,
  },
  {
    ...{ name: 'silence', is: S.TIMED_OUT },
    end: (lab: Lab) => void lab.ok({ type: 'time.advance' }, 31 * 60_000),
  },
  {
    ...{ name: 'a user who aborts', is: S.ABORTED },
    end: (lab: Lab, systemId: SystemId) => {
      lab.actor = ADMIN
      lab.ok({ type: 'machine.abort', systemId, comment: '' })
    },
  },
]
for (const { name, end, is } of ENDS) {
  t.test(`what runs or waits ends with its work: ${name}`, async (t) => {
    const lab = makeRoom()
    const id = addMachine(lab, 1)
    commission(lab, id)
    const { id: resultId } = named(lab, id, T.COMMISSIONING, 'maas-lshw')
    const { id: done } = named(lab, id, T.COMMISSIONING, 'maas-serial-ports')
    report(lab, id, { resultId, status: S.RUNNING, exitStatus: null })
    report(lab, id, { resultId: done })
    end(lab, id)
    t.equal(lab.state.scriptResults.get(done)?.status, S.PASSED)
    t.equal(lab.state.scriptResults.get(resultId)?.status, is)
    t.same(statuses(lab, id, T.COMMISSIONING), new Set([is, S.PASSED]))
    t.same(statuses(lab, id, T.TESTING), new Set([is]))
  })
}

t.test('what has ended stays as it ended, whatever is said again', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  commission(lab, id)
  const { id: resultId } = named(lab, id, T.COMMISSIONING, 'maas-lshw')
  report(lab, id, { resultId, runtimeMs: 2_500, stdout: 'first' })
  const row = lab.state.scriptResults.get(resultId)!
  t.equal(row.endedWall! - row.startedWall!, 2_500)
  report(lab, id, { resultId, status: S.FAILED, exitStatus: 1, stdout: 'second' })
  report(lab, id, { resultId, status: S.RUNNING, exitStatus: null })
  t.same(lab.state.scriptResults.get(resultId), row)
  t.equal(lab.state.scriptOutputs.get(resultId)?.stdout, 'first')
})

t.test('a machine reports for itself and for its newest set only', async (t) => {
  const lab = makeRoom()
  const [one, other] = [addMachine(lab, 1), addMachine(lab, 2)]
  commission(lab, one)
  commission(lab, other)
  const old = named(lab, one, T.COMMISSIONING, 'maas-lshw').id
  lab.actor = SYSTEM
  const said = { ...NO_TEXT, resultId: old, status: S.PASSED, exitStatus: 0, runtimeMs: null }
  const command = { type: 'scriptResult.report', systemId: other, ...said } as const
  t.equal(lab.refused(command).code, 'NOT_FOUND')
  signal(lab, one, 'OK')
  commission(lab, one)
  lab.actor = SYSTEM
  t.equal(lab.refused({ ...command, systemId: one }).code, 'CONFLICT')
  const long = { ...command, systemId: one, stdout: 'x'.repeat(70_000) }
  const { id: resultId } = named(lab, one, T.COMMISSIONING, 'maas-lshw')
  t.equal(lab.refused({ ...long, resultId }).code, 'VALIDATION')
})

t.test('the newest sets are kept, outputs of the newest two', async (t) => {
  const lab = makeRoom()
  lab.ok({ type: 'config.put', name: 'max_node_commissioning_results', value: 3 })
  const id = addMachine(lab, 1)
  const results: number[] = []
  for (let round = 0; round < 5; round++) {
    commission(lab, id, { testingScripts: ['none'] })
    const { id: resultId } = named(lab, id, T.COMMISSIONING, 'maas-lshw')
    report(lab, id, { resultId, stdout: `round ${round}` })
    results.push(resultId)
    signal(lab, id, 'OK')
  }
  t.equal(allSetsOf(lab.state, id).length, 3)
  t.same(
    results.map((each) => lab.state.scriptResults.has(each)),
    [false, false, true, true, true],
  )
  t.same([...lab.state.scriptOutputs.keys()], results.slice(3))
  t.equal(lab.state.scriptOutputSize.characters, 'round 3round 4'.length)
  const sets = [...lab.state.scriptSets.keys()]
  t.ok([...lab.state.scriptResults.values()].every(({ setId }) => sets.includes(setId)))
})

t.test('the machine takes its sets, results and outputs with it', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  commission(lab, id)
  const { id: resultId } = named(lab, id, T.COMMISSIONING, 'maas-lshw')
  report(lab, id, { resultId, stdout: 'x' })
  signal(lab, id, 'OK')
  lab.actor = ADMIN
  lab.ok({ type: 'machine.delete', systemId: id })
  t.equal(lab.state.scriptSets.size + lab.state.scriptResults.size, 0)
  t.equal(lab.state.scriptOutputs.size, 0)
})

t.test('a deployment has a log, which passes when the system booted', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  bring(lab, id, M.DEPLOYING)
  t.match(currentResults(lab.state, id, T.INSTALLATION), [{ name: '/tmp/install.log', status: 0 }])
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.booted', systemId: id })
  t.same(statuses(lab, id, T.INSTALLATION), new Set([S.PASSED]))
  const two = addMachine(lab, 2)
  bring(lab, two, M.DEPLOYING)
  signal(lab, two, 'FAILED')
  t.same(statuses(lab, two, T.INSTALLATION), new Set([S.FAILED]))
  const [log] = currentResults(lab.state, two, T.INSTALLATION)
  report(lab, two, { resultId: log!.id, stdout: 'came late' })
  t.equal(lab.state.scriptResults.get(log!.id)?.status, S.FAILED)
  t.equal(lab.state.scriptOutputs.get(log!.id)?.stdout, 'came late')
  t.equal(DEPLOY.osSystem, 'debian')
})

t.test('a machine that enlists runs what is tagged so, and no bad script stops it', async (t) => {
  const lab = makeRoom()
  const header = (text: string): string =>
    `#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# ${text}\n# --- End MAAS 1.0 script metadata ---\n`
  const value = header('parameters: {url: {type: url}}')
  upload(lab, '45-needs', { tags: ['enlisting'], value })
  upload(lab, '46-good', { tags: ['enlisting'] })
  upload(lab, '47-other')
  const id = addMachine(lab, 1)
  signal(lab, id, 'COMMISSIONING')
  t.equal(statusOf(lab, id), M.COMMISSIONING)
  const names = currentResults(lab.state, id, T.COMMISSIONING).map(({ name }) => name)
  t.ok(names.includes('50-maas-01-commissioning'))
  t.same(
    names.filter((name) => name.startsWith('4')),
    ['46-good'],
  )
  signal(lab, id, 'OK')
  t.equal(statusOf(lab, id), M.NEW)
  t.match(commission(lab, id, { commissioningScripts: ['45-needs'] }), {
    ok: false,
    fields: { '45-needs_url': ['This field is required.'] },
  })
})

t.test('a script has a name of its own that a file may have', async (t) => {
  const lab = makeRoom()
  for (const name of ['smartctl-validate', '..', 'x'.repeat(91)]) {
    t.throws(() => upload(lab, name), /VALIDATION/, name)
  }
  t.ok(upload(lab, 'x'.repeat(90)))
})

t.test('the event of a failure names the disk and no secret', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1, twoDisks)
  const value = [
    '#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---',
    '# parameters: {storage: {type: storage}, word: {type: password}}',
    '# --- End MAAS 1.0 script metadata ---',
  ].join('\n')
  upload(lab, 'mine', { scriptType: 2, value })
  const parameters = { storage: 'sdb', word: 'hush' }
  t.ok(commission(lab, id, { testingScripts: ['mine'], parameters }).ok)
  const [row] = currentResults(lab.state, id, T.TESTING)
  t.same(row?.parameters, { storage: '/dev/sdb', word: 'hush' })
  report(lab, id, { resultId: row!.id, status: S.FAILED, exitStatus: 1 })
  const events = [...lab.state.events.values()]
  t.ok(
    events.some(({ description }) => description === 'mine on /dev/sdb failed with exit status 1'),
  )
  t.notOk(events.some(({ description }) => description.includes('hush')))
})

t.test('a set is deleted by administrators, and the one before it is the newest', async (t) => {
  const lab = makeRoom()
  const id = addMachine(lab, 1)
  commission(lab, id)
  const first = currentSetOf(lab.state, id, T.COMMISSIONING)!
  signal(lab, id, 'OK')
  commission(lab, id)
  const second = currentSetOf(lab.state, id, T.COMMISSIONING)!
  lab.ok({ type: 'scriptSet.delete', systemId: id, setId: second.id })
  t.equal(currentSetOf(lab.state, id, T.COMMISSIONING)?.id, first.id)
  t.notOk([...lab.state.scriptResults.values()].some(({ setId }) => setId === second.id))
  t.equal(lab.refused({ type: 'scriptSet.delete', systemId: id, setId: 99 }).code, 'NOT_FOUND')
})

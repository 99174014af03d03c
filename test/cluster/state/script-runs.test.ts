// Runs of scripts whose headers were not written by friends, and on replicas that did not all live through the log: rows
// that were restored have their fields in another order.
import t from 'tap'
import { MACHINE_STATUS as M } from '#model/machine.ts'
import { DEFAULT_PROBE, type ProbeOptions } from '#model/machine-work.ts'
import { RESULT_TYPE as T, SCRIPT_STATUS as S } from '#model/script-result.ts'
import type { Command } from '#state/command.ts'
import { currentResults } from '#state/script-query.ts'
import { dump, restore } from '#state/snapshot.ts'
import { addMachine, idOf, makeRoom, statusOf, SYSTEM } from '#test/support/life-cycle.ts'
import { ADMIN, contentOf, type Lab } from '#test/support/region-state.ts'
import { foundHardware } from '#test/support/golden-facts.ts'

const MACHINE = idOf(1)
const disk = (name: string) => ({
  ...{ name, model: 'm', serial: name, idPath: '', sizeBytes: 2 ** 30, blockSizeBytes: 512 },
  tags: ['ssd'],
})

/** A machine with so many disks, and a default test with these parameters. */
function makeStage(disks: number, ...parameters: readonly string[]): Lab {
  const lab = makeRoom()
  const blockDevices = Array.from({ length: disks }, (_, at) => disk(`sd${at}`))
  addMachine(lab, 1, { blockDevices })
  const lines = parameters.map((line) => `#   ${line}\n`).join('')
  const value =
    `#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# parameters:\n${lines}` +
    `# --- End MAAS 1.0 script metadata ---\n`
  const fields = {
    ...{ name: 'mine', title: '', description: '', tags: ['commissioning'], scriptType: 2 },
    ...{ hardwareType: 0, parallel: 0, timeoutSeconds: 60, destructive: false, mayReboot: false },
    ...{ recommission: false, applyConfiguredNetworking: false, forHardware: [], value },
    comment: '',
  }
  lab.ok({ type: 'object.create', table: 'scripts', fields })
  return lab
}

function commission(lab: Lab, options: Partial<ProbeOptions> = {}) {
  lab.actor = ADMIN
  const all = { ...DEFAULT_PROBE, testingScripts: ['mine'], ...options }
  return lab.run({ type: 'machine.commission', systemId: MACHINE, comment: '', options: all })
    .outcome
}

const runs = (lab: Lab) =>
  currentResults(lab.state, MACHINE, T.TESTING).map(({ parameters }) => parameters)

for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
  t.test(`a parameter may be called ${name}, and nobody has given it`, async (t) => {
    const lab = makeStage(1, `${name}: {type: storage}`)
    t.ok(commission(lab).ok)
    t.same(runs(lab), [{ [name]: '/dev/sd0' }])
  })
}

t.test(
  'a parameter called __proto__ would not outlive a restart: its header is malformed',
  async (t) => {
    const lab = makeStage(1, '__proto__: {type: storage}')
    t.ok(commission(lab).ok)
    t.same(runs(lab), [{}])
  },
)

t.test('more runs than a set may have are refused before they are made', async (t) => {
  const three = ['a: {type: storage}', 'b: {type: storage}', 'c: {type: storage}']
  // 500³ do not fit into the memory of a region.
  const lab = makeStage(500, ...three)
  t.match(commission(lab), { ok: false, fields: { __all__: [/^More than 1024 runs/] } })
  t.equal(statusOf(lab, MACHINE), M.NEW)
})

/** What the command does to the state that lived through the log, and to one restored just before. */
function onBoth(lab: Lab, command: Command): readonly [string, string] {
  const twin = makeRoom()
  Object.assign(twin, { state: restore(dump(lab.state)), stamp: lab.stamp })
  for (const each of [lab, twin]) {
    each.actor = SYSTEM
    each.state.sessions.restore('twin', {
      ...{ id: 'twin', nodeId: 'n', incarnation: 1, answeredBelow: 0 },
    })
    const request = { session: 'twin', sequence: 1, answeredBelow: 1 }
    each.send({ ...each.envelope(command), request })
  }
  return [contentOf(lab.state), contentOf(twin.state)]
}

/** Not in the order of their names. */
const UNSORTED = ['target: {type: storage}', 'port: {type: interface}', 'level: {default: 1}']

t.test('a report of hardware makes the same results on a replica that was restored', async (t) => {
  const lab = makeStage(2, ...UNSORTED)
  t.ok(commission(lab).ok)
  const [nic] = lab.state.interfacesByMachine.rows(MACHINE)
  const facts = { name: 'ens3', linkConnected: true, linkSpeedMbps: 1, vendor: 'v', product: 'p' }
  const found = foundHardware({ mac: nic?.mac ?? '', ip: 5, facts, disk: disk('sd0') })
  const report = { ...found, disks: [disk('sd0'), disk('sd1')] }
  const [lived, restored] = onBoth(lab, {
    ...{ type: 'machine.facts', systemId: MACHINE, facts: report as never },
  })
  t.equal(restored, lived)
  t.same(runs(lab).length, 2)
})

t.test('the event of a failure is the same on a replica that was restored', async (t) => {
  const lab = makeStage(1, ...UNSORTED)
  t.ok(commission(lab).ok)
  const [row] = currentResults(lab.state, MACHINE, T.TESTING)
  const [lived, restored] = onBoth(lab, {
    ...{ type: 'scriptResult.report', systemId: MACHINE, resultId: row?.id ?? 0 },
    ...{ status: S.FAILED, exitStatus: 1, runtimeMs: null },
    ...{ output: '', stdout: '', stderr: '', result: '' },
  })
  t.equal(restored, lived)
  t.match([...lab.state.events.values()].at(-1), { description: /mine on ens3, \/dev\/sd0 failed/ })
})

t.test('tests that failed before say nothing of a commissioning without tests', async (t) => {
  const lab = makeStage(1)
  const signalOk = (): void => {
    lab.actor = SYSTEM
    lab.ok({ type: 'machine.signal', systemId: MACHINE, status: 'OK', error: '' })
  }
  t.ok(commission(lab).ok)
  const [row] = currentResults(lab.state, MACHINE, T.TESTING)
  lab.ok({
    ...{ type: 'scriptResult.report', systemId: MACHINE, resultId: row?.id ?? 0 },
    ...{ status: S.FAILED, exitStatus: 1, runtimeMs: null },
    ...{ output: '', stdout: '', stderr: '', result: '' },
  })
  signalOk()
  t.equal(statusOf(lab, MACHINE), M.FAILED_COMMISSIONING)
  t.ok(commission(lab, { testingScripts: ['none'] }).ok)
  signalOk()
  t.equal(statusOf(lab, MACHINE), M.READY)
})

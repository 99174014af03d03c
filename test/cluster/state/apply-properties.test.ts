// Whatever a command says, `apply` answers: a throw would stop every node that reads the log, for good. A refusal leaves
// nothing, and a state that was restored goes on like the one that lived through the log.
import fc from 'fast-check'
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { Command } from '#state/command.ts'
import { levelOf } from '#state/command-levels.ts'
import { dump, restore } from '#state/snapshot.ts'
import type { RegionState } from '#state/state.ts'
import {
  addMachine,
  BOB,
  bring,
  idOf,
  makeRoom,
  newImage,
  SYSTEM,
} from '#test/support/life-cycle.ts'
import { COMMAND_SAMPLES } from '#test/support/golden-commands.ts'
import { ADMIN, contentOf, makeServedLab, type Lab } from '#test/support/region-state.ts'
import { aimed, wildCommand } from '#test/support/wild-commands.ts'

const RUNS = Number(process.env['RUNS'] ?? 150)
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) }
const disk = (name: string) => ({
  ...{ name, model: 'm', serial: `s-${name}`, idPath: '', sizeBytes: 2 ** 40 },
  ...{ blockSizeBytes: 512, tags: ['ssd'] },
})

const SCRIPT = `#!/bin/sh
# --- Start MAAS 1.0 script metadata ---
# parameters:
#   target: {type: storage}
#   port: {type: interface}
#   constructor: {default: 1}
# --- End MAAS 1.0 script metadata ---
`
const script = (name: string, scriptType: number): Command => ({
  ...{ type: 'object.create', table: 'scripts' },
  fields: {
    ...{ name, title: '', description: '', tags: ['commissioning', 'node'], scriptType },
    ...{ hardwareType: 0, parallel: 0, timeoutSeconds: 0, destructive: false, mayReboot: false },
    ...{ recommission: false, applyConfiguredNetworking: false, forHardware: [] },
    ...{ value: SCRIPT, comment: '' },
  },
})

const BOB_ROW = {
  ...{ username: 'bob', email: 'b@example.org', isSuperuser: false, passwordHash: 'x' },
}

/** Machines in several statuses, a volume group, an upload, an import and a chassis under way. */
function makeStage(): Lab {
  const lab = makeRoom()
  lab.ok(script('mine', 0))
  lab.ok(script('other', 2))
  for (const [at, status] of [S.READY, S.READY, S.DEPLOYED, S.COMMISSIONING].entries()) {
    const powerType = at < 2 ? 'ipmi' : 'manual'
    const systemId = addMachine(lab, at + 1, {
      blockDevices: [disk('sda'), disk('sdb')],
      powerType,
    })
    bring(lab, systemId, status)
  }
  lab.actor = ADMIN
  const wish = { layout: 'lvm' } as const
  lab.ok({ type: 'storage.setLayout', systemId: idOf(1), wish })
  for (const name of ['bootUpload.begin', 'imageImport.start', 'chassis.add'] as const) {
    lab.run(COMMAND_SAMPLES[name] as Command)
  }
  lab.actor = SYSTEM
  lab.ok({ type: 'imageImport.claim', regionId: 'region' as SystemId })
  return lab
}

type Step = {
  readonly command: Command
  readonly afterMs: number
  readonly by: Lab['actor']
  /** Which of the ids that there are; null: those of the sample. */
  readonly aim: number | null
}
const step: fc.Arbitrary<Step> = fc.record({
  command: wildCommand,
  afterMs: fc.constantFrom(0, 1_000, 60_000, 31 * 60_000),
  by: fc.constantFrom(ADMIN, ADMIN, BOB, SYSTEM),
  aim: fc.option(fc.nat(20), { freq: 4 }),
})

/** From a snapshot whose rows come in another order: they may. */
function restored(state: RegionState): RegionState {
  return restore([...dump(state)].toReversed())
}

/** A state that lived through the log, and one that is restored from it again and again. */
function run(steps: readonly Step[], done: Set<string>, makeLab = makeStage): void {
  const lab = makeLab()
  const twin = Object.assign(makeLab(), { state: restored(lab.state) })
  let before = contentOf(lab.state)
  for (const [at, { command, afterMs, by, aim }] of steps.entries()) {
    const sent = aim === null ? command : aimed(lab.state, command, aim)
    // Such a command is never proposed.
    if (levelOf(sent) > lab.state.featureLevel) continue
    Object.assign(lab, { actor: by })
    Object.assign(twin, { actor: by })
    const { outcome } = lab.run(sent, afterMs)
    twin.run(sent, afterMs)
    const after = contentOf(lab.state)
    if (contentOf(twin.state) !== after) throw new Error(`${sent.type}: the twins differ`)
    if (!outcome.ok && after !== before) throw new Error(`${sent.type} left a trace`)
    if (outcome.ok) done.add(sent.type)
    before = after
    if (at % 8 === 7) twin.state = restored(twin.state)
  }
}

t.test('apply answers every command, and a refusal leaves nothing', async (t) => {
  const done = new Set<string>()
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => run(steps, done)),
    { numRuns: RUNS, ...seed },
  )
  // Else the walk would show nothing.
  t.ok(done.size > 60, `${done.size} types of commands did something`)
})

/** Of an older cluster, with what one had then. */
function makeOldStage(): Lab {
  const lab = makeServedLab()
  lab.ok({ type: 'cluster.raiseLevel', level: 2 })
  lab.ok({ type: 'user.create', ...BOB_ROW })
  lab.ok(newImage())
  for (const n of [1, 2]) addMachine(lab, n, { blockDevices: [disk('sda')] })
  return lab
}

t.test('a cluster that is upgraded in the middle of its log stays one', async (t) => {
  const done = new Set<string>()
  const raised: Step = {
    ...{ command: { type: 'cluster.raiseLevel', level: 3 }, afterMs: 1_000, by: SYSTEM, aim: null },
  }
  const half = fc.array(step, { maxLength: 40, size: 'max' })
  fc.assert(
    fc.property(half, half, (before, after) => {
      run([...before, raised, ...after], done, makeOldStage)
    }),
    { numRuns: RUNS, ...seed },
  )
  t.ok(done.has('cluster.raiseLevel') && done.size > 60, `${done.size} types did something`)
})

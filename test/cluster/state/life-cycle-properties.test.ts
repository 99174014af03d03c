// Whatever people, machines, racks and clocks do in whatever order: only transitions of the table happen, nothing
// is stuck in a passing status, owners and intents are where they must be.
import fc from 'fast-check'
import t from 'tap'
import { lifeOf, STATUS_RULES, TRANSITIONS, type Move } from '#model/life-cycle.ts'
import type { SystemId } from '#model/ids.ts'
import {
  MACHINE_STATUS as S,
  MACHINE_STATUS_NAMES,
  type Machine,
  type MachineStatus,
} from '#model/machine.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import { isByHand, POWER_INTENT_MS } from '#model/power.ts'
import type { Command } from '#state/command.ts'
import type { SignalStatus } from '#state/machine-commands.ts'
import type { RegionState } from '#state/state.ts'
import { dump, restore } from '#state/snapshot.ts'
import { addMachine, BOB, DEPLOY, idOf, makeRoom, SYSTEM } from '#test/support/life-cycle.ts'
import { ADMIN, contentOf, RACK, RACK_2, type Lab } from '#test/support/region-state.ts'

/** Bounded; `SEEDS=…` runs more. */
const RUNS = Number(process.env['RUNS'] ?? 1_000)
const STEPS = 60
const MACHINES = [1, 2, 3]

type Step = {
  readonly command: Command
  readonly afterMs: number
  readonly by: Lab['actor']
  /** Of what may be done in the machine's status; beyond it: the command, whatever it is. */
  readonly pick: number
}

const systemId = fc.constantFrom<SystemId>(...MACHINES.map(idOf))
const comment = fc.constant('')
const of = (type: string, more: Record<string, fc.Arbitrary<unknown>> = {}) =>
  fc.record({ type: fc.constant(type), systemId, comment, ...more }) as fc.Arbitrary<Command>
const options = fc.constant(DEFAULT_PROBE)
const power = fc.constantFrom('on', 'off', 'unknown', 'error')
const allocate: Command = {
  ...{ type: 'machine.allocate', constraints: {}, asked: '', agentName: '', comment: '' },
}
const VERBS = ['abort', 'markFixed', 'overrideFailedTesting', 'rescue', 'exitRescue'] as const

const people: fc.Arbitrary<Command> = fc.oneof(
  of('machine.commission', { options }),
  of('machine.test', { options }),
  of('machine.deploy', { options: fc.constant(DEPLOY) }),
  of('machine.release', { erase: fc.boolean() }),
  of('machine.markBroken', { error: fc.constant('why') }),
  of('machine.power', { action: fc.constantFrom('on', 'off', 'cycle'), soft: fc.boolean() }),
  ...[...VERBS, 'lock', 'unlock', 'unlock'].map((verb) => of(`machine.${verb}`)),
  fc.constant(allocate),
  fc.constant<Command>({ type: 'machine.accept', systemIds: null }),
)
const signals = ['OK', 'FAILED', 'WORKING', 'COMMISSIONING', 'TESTING', 'INSTALLING']
const rackId = fc.constantFrom(RACK, RACK_2)
const world: fc.Arbitrary<Command> = fc.oneof(
  of('machine.signal', { status: fc.constantFrom(...signals), error: comment }),
  of('machine.heartbeat'),
  of('machine.netboot', { on: fc.boolean() }),
  fc.constant<Command>({ type: 'time.advance' }),
  of('power.claim', { rackId, fence: fc.constant(-1) }),
  of('power.report', {
    ...{ rackId, token: fc.constantFrom(-1, 1), result: fc.constantFrom('done', 'failed') },
    ...{ state: power, message: comment },
  }),
  of('power.queryReport', { rackId, state: power, message: comment }),
)
const afterMs = fc.constantFrom(1, 1_000, 80_000, 240_000, 31 * 60_000)
const pick = fc.nat({ max: 30 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ command: people, afterMs, pick, by: fc.constantFrom(ADMIN, ADMIN, BOB) }),
  fc.record({ command: world, afterMs, pick, by: fc.constant(SYSTEM) }),
)
const walk = fc.array(step, { maxLength: STEPS, size: 'max' })

/** What makes each move happen, by whom. */
const BY_MOVE: { readonly [M in Move]: (id: SystemId) => Pick<Step, 'command' | 'by'> } = {
  ...verbs(VERBS),
  commission: (id) => admin({ type: 'machine.commission', ...verb(id), options: DEFAULT_PROBE }),
  test: (id) => admin({ type: 'machine.test', ...verb(id), options: DEFAULT_PROBE }),
  allocate: () => ({ command: allocate, by: BOB }),
  deploy: (id) => admin({ type: 'machine.deploy', ...verb(id), options: DEPLOY }),
  release: (id) => admin({ type: 'machine.release', ...verb(id) }),
  erase: (id) => admin({ type: 'machine.release', ...verb(id), erase: true }),
  markBroken: (id) => admin({ type: 'machine.markBroken', ...verb(id), error: 'why' }),
  enlistmentBegun: (id) => signal(id, 'COMMISSIONING'),
  enlisted: (id) => signal(id, 'OK'),
  commissioned: (id) => signal(id, 'OK'),
  testingBegun: (id) => signal(id, 'TESTING'),
  tested: (id) => signal(id, 'OK'),
  erased: (id) => signal(id, 'OK'),
  rescueBegun: (id) => signal(id, 'WORKING'),
  booted: (id) => ({ command: { type: 'machine.booted', systemId: id }, by: SYSTEM }),
  powered: (id) => ({
    command: {
      ...{ type: 'power.report', rackId: RACK, systemId: id, token: -1, result: 'done' },
      ...{ state: 'off', message: '' },
    },
    by: SYSTEM,
  }),
  failed: (id) => signal(id, 'FAILED'),
}

function verb(systemId: SystemId) {
  return { systemId, comment: '' }
}

function admin(command: Command): Pick<Step, 'command' | 'by'> {
  return { command, by: ADMIN }
}

function signal(systemId: SystemId, status: SignalStatus): Pick<Step, 'command' | 'by'> {
  return { command: { type: 'machine.signal', systemId, status, error: '' }, by: SYSTEM }
}

function verbs<T extends string>(names: readonly T[]) {
  const entries = names.map((name) => [
    name,
    (id: SystemId) => admin({ type: `machine.${name}`, ...verb(id) } as unknown as Command),
  ])
  return Object.fromEntries(entries) as {
    readonly [N in T]: (id: SystemId) => Pick<Step, 'command' | 'by'>
  }
}

/** Most steps are something that can be done. */
function chosen(state: RegionState, given: Step): Step {
  const { command, pick } = given
  const machine =
    'systemId' in command ? state.machines.get(command.systemId as SystemId) : undefined
  if (machine === undefined) return given
  const moves = TRANSITIONS.filter(({ from }) => from.includes(machine.status))
  const move = moves[pick]?.move
  return move === undefined ? given : { ...given, ...BY_MOVE[move](machine.systemId) }
}

/** −1 stands for what a rack knows now. */
function filledIn(state: RegionState, command: Command): Command {
  if (command.type === 'power.claim') {
    return { ...command, fence: state.powerIntents.get(command.systemId)?.fence ?? 0 }
  }
  if (command.type !== 'power.report' || command.token !== -1) return command
  return { ...command, token: state.powerIntents.get(command.systemId)?.claim?.token ?? 0 }
}

/** One by a BMC, two by hand; a plain user beside the administrator. */
function makeStage(): Lab {
  const lab = makeRoom()
  for (const n of MACHINES) addMachine(lab, n, { powerType: n === 1 ? 'ipmi' : 'manual' })
  return lab
}

/** `From 'Ready' to 'Allocated'`: what the table allows; a machine returns to wherever it can have come from. */
const ALLOWED: ReadonlySet<string> = new Set(
  TRANSITIONS.flatMap(({ move, from, to }) => {
    const goals =
      typeof to === 'number'
        ? [to]
        : [...sources(to === 'beforeTesting' ? 'test' : 'rescue'), S.NEW, S.READY]
    return from.flatMap((source) => goals.map((goal) => [move, source, goal] as const))
  }).map(([, source, goal]) => `From '${nameOf(source)}' to '${nameOf(goal)}'`),
)

function sources(move: string): readonly MachineStatus[] {
  return TRANSITIONS.filter((each) => each.move === move).flatMap(({ from }) => from)
}

function nameOf(status: MachineStatus): string {
  return MACHINE_STATUS_NAMES[status] ?? ''
}

/** Each change of a status has its event, and each event is in the table. Returns what happened. */
function checkWay(lab: Lab, before: Machine, after: Machine, since: number): readonly string[] {
  const texts = [...lab.state.events.values()]
    .filter(({ id, systemId, type }) => {
      return id > since && systemId === after.systemId && type === 'Node changed status'
    })
    .map(({ description }) => description)
  let at = nameOf(before.status)
  for (const text of texts) {
    const [, from = '', to = ''] = /^From '(.*)' to '(.*)'$/.exec(text) ?? []
    if (!ALLOWED.has(text) || from !== at) throw new Error(`${text} is not in the table`)
    at = to
  }
  if (at !== nameOf(after.status)) throw new Error(`${after.status} without an event`)
  return texts
}

function checkMachine(lab: Lab, machine: Machine): void {
  const { status, ownerId } = machine
  const life = lifeOf(machine)
  const intent = lab.state.powerIntents.get(machine.systemId)
  const fail = (text: string): never => {
    throw new Error(`${text}: ${JSON.stringify({ machine, intent })}`)
  }
  const { transient } = STATUS_RULES[status]
  if ((transient === null) !== (life.deadlineAt === null)) fail('deadline and status disagree')
  const pool: readonly number[] = [S.NEW, S.READY, S.FAILED_COMMISSIONING, S.BROKEN]
  if (pool.includes(status) && ownerId !== null) fail('somebody owns a machine of the pool')
  const owned: readonly number[] = [S.ALLOCATED, S.DEPLOYING, S.DEPLOYED]
  if (owned.includes(status) && ownerId === null) fail('nobody owns it')
  if (owned.includes(status) && life.lent) fail('an owner has it for an operation only')
  if (lab.state.deployments.has(machine.systemId) && ownerId === null)
    fail('a deployment of nobody')
  if (intent !== undefined && isByHand(machine.powerType)) fail('an intent for a hand')
  if (intent !== undefined && intent.fence > lab.state.revision) fail('a fence of the future')
}

function run(steps: readonly Step[], happened = new Set<string>()): Lab {
  const lab = makeStage()
  const fences = new Map<string, number>()
  for (const given of steps) {
    const { command, afterMs, by } = chosen(lab.state, given)
    const before = new Map([...lab.state.machines.entries()])
    const since = Math.max(...lab.state.events.keys())
    lab.actor = by
    const { outcome, changes } = lab.run(filledIn(lab.state, command), afterMs)
    const traces = changes.filter(({ table }) => !table.startsWith('session'))
    if (!outcome.ok && traces.length > 0) throw new Error(`${command.type} left a trace`)
    for (const [id, machine] of lab.state.machines.entries()) {
      for (const text of checkWay(lab, before.get(id) ?? machine, machine, since))
        happened.add(text)
      checkMachine(lab, machine)
      const fence = lab.state.powerIntents.get(id)?.fence ?? fences.get(id) ?? 0
      if (fence < (fences.get(id) ?? 0)) throw new Error('a fence went back')
      fences.set(id, fence)
    }
  }
  return lab
}

/** Everybody falls silent, and log time goes on. */
function checkEnd(lab: Lab): void {
  lab.actor = SYSTEM
  const deadlines = [...lab.state.machines.values()].map((each) => lifeOf(each).deadlineAt ?? 0)
  const last = Math.max(lab.stamp, ...deadlines)
  lab.run({ type: 'time.advance' }, last - lab.stamp)
  const stuck = [...lab.state.machines.values()].filter(
    ({ status }) => STATUS_RULES[status].transient !== null,
  )
  if (stuck.length > 0) throw new Error(`stuck: ${JSON.stringify(stuck)}`)
  lab.run({ type: 'time.advance' }, POWER_INTENT_MS)
  if (lab.state.powerIntents.size > 0) throw new Error('an intent outlived its time')
}

const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) }

t.test('only what the table says happens, and nothing is stuck at the end', async (t) => {
  const happened = new Set<string>()
  fc.assert(
    fc.property(walk, (steps) => checkEnd(run(steps, happened))),
    { numRuns: RUNS, ...seed },
  )
  // Else the walk would show nothing.
  t.ok(happened.size > 80, `${happened.size} different transitions happened`)
})

t.test('a restored state goes on alike', async (t) => {
  fc.assert(
    fc.property(walk, (steps) => {
      const lab = run(steps.slice(0, -5))
      const twin = restore(dump(lab.state))
      const go = (state: RegionState): string => {
        const again = makeStage()
        Object.assign(again, { state, stamp: lab.stamp })
        for (const { command, afterMs, by } of steps.slice(-5).map((each) => chosen(state, each))) {
          again.actor = by
          again.run(filledIn(state, command), afterMs)
        }
        return contentOf(state)
      }
      if (go(twin) !== go(lab.state)) throw new Error('the twins differ')
    }),
    { numRuns: Math.ceil(RUNS / 20), ...seed },
  )
  t.pass()
})

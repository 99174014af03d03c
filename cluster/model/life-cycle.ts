// The life of a machine as data: what each status boots, how long it may last, and every transition there is
// (MAAS's statuses and moves). The state machine moves machines by these tables and in no other way; nothing else
// says what follows what. A status that may not last names where it goes when it failed, by its machine's word, by
// its power, or by its deadline: so every one of them has an exit.
import type { BootPurpose } from './boot.ts'
import { MACHINE_STATUS, type Machine, type MachineLife, type MachineStatus } from './machine.ts'
import { isByHand } from './power.ts'

const S = MACHINE_STATUS

export type StatusRule = {
  /** What a machine in it boots when it asks the network; `netboot`: xinstall or, once installed, local. */
  readonly purpose: Exclude<BootPurpose, 'enlist'> | 'netboot' | 'before'
  /** Null: it may last for ever. */
  readonly transient: {
    /** Of log time without a sign of life; `timeout`: the setting `node_timeout`. */
    readonly minutes: number | 'timeout'
    /** Longer than this no sign of life helps. */
    readonly hoursMax: number
    readonly failsTo: MachineStatus
  } | null
}

/** A large slow disk, written all over, takes days. */
const ERASE_HOURS_MAX = 7 * 24

const lasts = (purpose: StatusRule['purpose']): StatusRule => ({ purpose, transient: null })
const passes = (
  purpose: StatusRule['purpose'],
  minutes: number | 'timeout',
  failsTo: MachineStatus,
  hoursMax = 24,
): StatusRule => ({ purpose, transient: { minutes, hoursMax, failsTo } })

export const STATUS_RULES: { readonly [N in MachineStatus]: StatusRule } = {
  [S.NEW]: lasts('commissioning'),
  [S.COMMISSIONING]: passes('commissioning', 'timeout', S.FAILED_COMMISSIONING),
  [S.FAILED_COMMISSIONING]: lasts('poweroff'),
  [S.MISSING]: lasts('poweroff'),
  [S.READY]: lasts('poweroff'),
  [S.RESERVED]: lasts('poweroff'),
  [S.DEPLOYED]: lasts('local'),
  [S.RETIRED]: lasts('poweroff'),
  [S.BROKEN]: lasts('poweroff'),
  [S.DEPLOYING]: passes('netboot', 'timeout', S.FAILED_DEPLOYMENT),
  [S.ALLOCATED]: lasts('poweroff'),
  [S.FAILED_DEPLOYMENT]: lasts('poweroff'),
  [S.RELEASING]: passes('commissioning', 5, S.FAILED_RELEASING),
  [S.FAILED_RELEASING]: lasts('poweroff'),
  [S.DISK_ERASING]: passes('commissioning', 'timeout', S.FAILED_DISK_ERASING, ERASE_HOURS_MAX),
  [S.FAILED_DISK_ERASING]: lasts('poweroff'),
  [S.RESCUE_MODE]: lasts('commissioning'),
  [S.ENTERING_RESCUE_MODE]: passes('commissioning', 'timeout', S.FAILED_ENTERING_RESCUE_MODE),
  [S.FAILED_ENTERING_RESCUE_MODE]: lasts('poweroff'),
  [S.EXITING_RESCUE_MODE]: passes('before', 5, S.FAILED_EXITING_RESCUE_MODE),
  [S.FAILED_EXITING_RESCUE_MODE]: lasts('poweroff'),
  [S.TESTING]: passes('commissioning', 'timeout', S.FAILED_TESTING),
  [S.FAILED_TESTING]: lasts('poweroff'),
}

/** What moves a machine: actions of people, then what becomes of them. */
export type Move =
  | 'commission'
  | 'test'
  | 'abort'
  | 'allocate'
  | 'deploy'
  | 'release'
  | 'erase'
  | 'markBroken'
  | 'markFixed'
  | 'overrideFailedTesting'
  | 'rescue'
  | 'exitRescue'
  // By signals of the machine.
  | 'enlistmentBegun'
  | 'enlisted'
  | 'commissioned'
  | 'testingBegun'
  | 'tested'
  | 'erased'
  | 'rescueBegun'
  /** The installed system asked for its user data. */
  | 'booted'
  /** The power is as the status waits for, or nobody can tell. */
  | 'powered'
  /** By the machine's word, its power, or its deadline: to the status's `failsTo`. */
  | 'failed'

/** `owner`: the owner or an administrator. */
export type MoveBy = 'user' | 'owner' | 'admin' | 'machine' | 'cluster'

/** `beforeTesting`, `beforeRescue`: where it came from. */
export type Destination = MachineStatus | 'beforeTesting' | 'beforeRescue'

/** `ifOwned`: off when somebody has it. `restore`: as the status needs it to which the machine returns. */
export type PowerWish = 'cycle' | 'off' | 'ifOwned' | 'restore'

export type Transition = {
  readonly move: Move
  readonly by: MoveBy
  readonly from: readonly MachineStatus[]
  readonly to: Destination
  readonly power?: PowerWish
}

const TESTABLE: readonly MachineStatus[] = [
  ...[S.NEW, S.FAILED_COMMISSIONING, S.MISSING, S.READY, S.RESERVED, S.DEPLOYED, S.RETIRED],
  ...[S.BROKEN, S.ALLOCATED, S.FAILED_DEPLOYMENT, S.FAILED_RELEASING, S.FAILED_DISK_ERASING],
  ...[S.RESCUE_MODE, S.FAILED_ENTERING_RESCUE_MODE, S.FAILED_EXITING_RESCUE_MODE],
  S.FAILED_TESTING,
]
const RESCUABLE: readonly MachineStatus[] = [
  ...[S.NEW, S.FAILED_COMMISSIONING, S.MISSING, S.READY, S.RESERVED, S.DEPLOYED, S.RETIRED],
  ...[S.BROKEN, S.ALLOCATED, S.FAILED_DEPLOYMENT, S.FAILED_DISK_ERASING, S.FAILED_TESTING],
  ...[S.FAILED_ENTERING_RESCUE_MODE, S.FAILED_EXITING_RESCUE_MODE],
]
export const RELEASABLE: readonly MachineStatus[] = [
  ...[S.RESERVED, S.DEPLOYED, S.BROKEN, S.DEPLOYING, S.ALLOCATED, S.FAILED_DEPLOYMENT],
  ...[S.FAILED_RELEASING, S.FAILED_DISK_ERASING],
]
const ALL: readonly MachineStatus[] = Object.values(S)

/** At most one for a move and a status. */
export const TRANSITIONS: readonly Transition[] = [
  {
    ...{ move: 'commission', by: 'admin', to: S.COMMISSIONING, power: 'cycle' },
    from: [S.NEW, S.FAILED_COMMISSIONING, S.READY, S.BROKEN, S.FAILED_TESTING],
  },
  { move: 'test', by: 'admin', from: TESTABLE, to: S.TESTING, power: 'cycle' },
  { move: 'abort', by: 'owner', from: [S.COMMISSIONING], to: S.NEW, power: 'off' },
  { move: 'abort', by: 'owner', from: [S.DEPLOYING], to: S.ALLOCATED, power: 'off' },
  {
    ...{ move: 'abort', by: 'owner', from: [S.DISK_ERASING], to: S.FAILED_DISK_ERASING },
    power: 'off',
  },
  { move: 'abort', by: 'owner', from: [S.TESTING], to: 'beforeTesting', power: 'restore' },
  // Not in MAAS, where a machine whose power cannot be changed is waited for.
  { move: 'abort', by: 'owner', from: [S.RELEASING], to: S.FAILED_RELEASING },
  {
    ...{ move: 'abort', by: 'owner', from: [S.ENTERING_RESCUE_MODE], to: 'beforeRescue' },
    power: 'restore',
  },
  {
    ...{ move: 'abort', by: 'owner', from: [S.EXITING_RESCUE_MODE] },
    to: S.FAILED_EXITING_RESCUE_MODE,
  },
  { move: 'allocate', by: 'user', from: [S.READY], to: S.ALLOCATED },
  { move: 'deploy', by: 'owner', from: [S.ALLOCATED], to: S.DEPLOYING, power: 'cycle' },
  { move: 'release', by: 'owner', from: RELEASABLE, to: S.RELEASING, power: 'off' },
  { move: 'erase', by: 'owner', from: RELEASABLE, to: S.DISK_ERASING, power: 'cycle' },
  {
    ...{ move: 'markBroken', by: 'owner', to: S.BROKEN, power: 'ifOwned' },
    from: ALL.filter((status) => status !== S.BROKEN),
  },
  { move: 'markFixed', by: 'admin', from: [S.BROKEN], to: S.READY },
  {
    ...{ move: 'overrideFailedTesting', by: 'admin', from: [S.FAILED_TESTING] },
    to: 'beforeTesting',
  },
  { move: 'rescue', by: 'admin', from: RESCUABLE, to: S.ENTERING_RESCUE_MODE, power: 'cycle' },
  {
    ...{ move: 'exitRescue', by: 'admin', to: S.EXITING_RESCUE_MODE, power: 'restore' },
    from: [
      ...[S.RESCUE_MODE, S.ENTERING_RESCUE_MODE],
      ...[S.FAILED_ENTERING_RESCUE_MODE, S.FAILED_EXITING_RESCUE_MODE],
    ],
  },
  { move: 'enlistmentBegun', by: 'machine', from: [S.NEW], to: S.COMMISSIONING },
  { move: 'enlisted', by: 'machine', from: [S.COMMISSIONING], to: S.NEW },
  { move: 'commissioned', by: 'machine', from: [S.COMMISSIONING], to: S.READY },
  { move: 'testingBegun', by: 'machine', from: [S.COMMISSIONING], to: S.TESTING },
  { move: 'tested', by: 'machine', from: [S.TESTING], to: 'beforeTesting' },
  { move: 'erased', by: 'machine', from: [S.DISK_ERASING], to: S.RELEASING, power: 'off' },
  { move: 'rescueBegun', by: 'machine', from: [S.ENTERING_RESCUE_MODE], to: S.RESCUE_MODE },
  { move: 'booted', by: 'machine', from: [S.DEPLOYING], to: S.DEPLOYED },
  { move: 'powered', by: 'cluster', from: [S.RELEASING], to: S.READY },
  { move: 'powered', by: 'cluster', from: [S.EXITING_RESCUE_MODE], to: 'beforeRescue' },
  ...ALL.flatMap((from): readonly Transition[] => {
    const { transient } = STATUS_RULES[from]
    return transient === null
      ? []
      : [{ move: 'failed', by: 'cluster', from: [from], to: transient.failsTo }]
  }),
]

export function transitionOf(move: Move, from: MachineStatus): Transition | undefined {
  return TRANSITIONS.find((each) => each.move === move && each.from.includes(from))
}

/** Of a row from before machines moved, and of a new one. */
export const FIRST_LIFE: MachineLife = {
  enteredAt: 0,
  deadlineAt: null,
  beforeTesting: null,
  beforeRescue: null,
  enlisting: false,
  lent: false,
  agentName: '',
  error: '',
}

export function lifeOf(machine: Machine): MachineLife {
  return machine.life ?? FIRST_LIFE
}

/** What failed or was broken before its test is Ready once it passed. */
const HEALED = new Set<MachineStatus>([S.FAILED_COMMISSIONING, S.FAILED_TESTING, S.BROKEN])

/** Every answer of it is a status that may last. */
export function destinationOf({ to }: Transition, life: MachineLife): MachineStatus {
  if (to === 'beforeRescue') return life.beforeRescue ?? S.READY
  if (to !== 'beforeTesting') return to
  const before = life.beforeTesting ?? S.READY
  return HEALED.has(before) ? S.READY : before
}

/** Whether it boots what it is deployed with: while it is, afterwards, and on the way back there from a rescue. */
export function bootsDeployed(machine: Machine): boolean {
  const { purpose } = STATUS_RULES[machine.status]
  if (purpose === 'before') return lifeOf(machine).beforeRescue === S.DEPLOYED
  return purpose === 'netboot' || purpose === 'local'
}

/**
 * What a known machine boots when it asks the network; an unknown MAC enlists. `fromMemory`: it was deployed to run
 * from memory, so there is nothing on its disks.
 */
export function purposeOf(machine: Machine, fromMemory: boolean): BootPurpose {
  const { purpose } = STATUS_RULES[machine.status]
  if (fromMemory && bootsDeployed(machine)) return 'xinstall'
  if (purpose === 'netboot') return machine.netboot ? 'xinstall' : 'local'
  if (purpose !== 'before') return purpose
  return bootsDeployed(machine) ? 'local' : 'poweroff'
}

/**
 * What an operator has set is never replaced by the word of a machine, and by hand is something that is set, but for a
 * machine that enlists itself: nobody has seen that yet.
 */
export function takesFoundBmc(machine: Machine): boolean {
  return machine.status === S.COMMISSIONING && lacksPower(machine)
}

/** That part of it which is the same before the commissioning of a machine that enlists itself has begun. */
export function lacksPower(machine: Machine, enlisting = lifeOf(machine).enlisting): boolean {
  return machine.powerType === '' || (enlisting && isByHand(machine.powerType))
}

// The tables themselves: complete, without dead ends, and MAAS's where MAAS says something.
import t from 'tap'
import {
  destinationOf,
  FIRST_LIFE,
  purposeOf,
  STATUS_RULES,
  TRANSITIONS,
  transitionOf,
} from '#model/life-cycle.ts'
import { MACHINE_STATUS, MACHINE_STATUS_NAMES, type MachineStatus } from '#model/machine.ts'

const S = MACHINE_STATUS
const ALL: readonly MachineStatus[] = Object.values(S)

t.test('every status has a rule and a name', async (t) => {
  t.equal(ALL.length, 23)
  for (const status of ALL) {
    t.ok(STATUS_RULES[status], `rule of ${status}`)
    t.ok(MACHINE_STATUS_NAMES[status], `name of ${status}`)
  }
})

t.test('a move leads from a status to one place at most', async (t) => {
  const seen = new Set<string>()
  for (const { move, from } of TRANSITIONS) {
    for (const status of from) {
      const name = `${move} from ${status}`
      t.notOk(seen.has(name), name)
      seen.add(name)
    }
  }
})

t.test('what may not last fails to something that may', async (t) => {
  const passing = ALL.filter((status) => STATUS_RULES[status].transient !== null)
  t.same(
    passing.map((status) => MACHINE_STATUS_NAMES[status]),
    [
      ...['Commissioning', 'Deploying', 'Releasing', 'Disk erasing', 'Entering rescue mode'],
      ...['Exiting rescue mode', 'Testing'],
    ],
  )
  for (const status of passing) {
    const failed = transitionOf('failed', status)
    if (failed === undefined) throw new Error(`status ${status} has no exit`)
    t.equal(STATUS_RULES[destinationOf(failed, FIRST_LIFE)].transient, null)
    t.ok(transitionOf('abort', status), `${status} can be aborted`)
  }
})

t.test('every status can be left, and every one is reached', async (t) => {
  const reached = new Set<MachineStatus>([S.NEW])
  for (const transition of TRANSITIONS) reached.add(destinationOf(transition, FIRST_LIFE))
  // Nothing here declares a machine missing, retired or reserved; MAAS does not either, in 2.0.
  const given = new Set<MachineStatus>([S.MISSING, S.RETIRED, S.RESERVED])
  for (const status of ALL) {
    t.ok(
      TRANSITIONS.some(({ from }) => from.includes(status)),
      `${status} can be left`,
    )
    if (!given.has(status)) t.ok(reached.has(status), `${status} is reached`)
  }
})

const purposes = [
  { statuses: [S.NEW, S.COMMISSIONING, S.TESTING, S.DISK_ERASING], purpose: 'commissioning' },
  { statuses: [S.ENTERING_RESCUE_MODE, S.RESCUE_MODE, S.RELEASING], purpose: 'commissioning' },
  { statuses: [S.DEPLOYING], purpose: 'xinstall' },
  { statuses: [S.DEPLOYING], netboot: false, purpose: 'local' },
  { statuses: [S.DEPLOYED], purpose: 'local' },
  { statuses: [S.READY, S.ALLOCATED, S.BROKEN, S.FAILED_DEPLOYMENT], purpose: 'poweroff' },
  { statuses: [S.EXITING_RESCUE_MODE], purpose: 'poweroff' },
  { statuses: [S.EXITING_RESCUE_MODE], beforeRescue: S.DEPLOYED, purpose: 'local' },
]
for (const { statuses, netboot = true, beforeRescue = null, purpose } of purposes) {
  t.test(`${statuses.join(', ')} boot ${purpose}, netboot ${netboot}`, async (t) => {
    for (const status of statuses) {
      const life = { ...FIRST_LIFE, beforeRescue }
      t.equal(purposeOf({ status, netboot, life } as never, false), purpose)
    }
  })
}

t.test('what runs from memory boots it from the network where another would boot its disk', (t) => {
  for (const status of Object.values(S)) {
    for (const netboot of [true, false]) {
      for (const beforeRescue of [null, S.READY, S.DEPLOYED]) {
        const life = { ...FIRST_LIFE, beforeRescue }
        const machine = { status, netboot, life } as never
        const otherwise = purposeOf(machine, false)
        const isLocal = otherwise === 'local' || otherwise === 'xinstall'
        t.equal(purposeOf(machine, true), isLocal ? 'xinstall' : otherwise, `${status}`)
      }
    }
  }
  t.end()
})

import fc from 'fast-check'
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { pollerOf } from '#model/power-poll.ts'

const id = (text: string) => text as SystemId
const RACKS = ['rack01', 'rack02', 'rack03', 'rack04'].map(id)
const MACHINES = Array.from({ length: 400 }, (_, at) => id(`m${at}`))
const UNKNOWN = { type: 'ipmi', state: 'unknown', rackId: null } as const
const asker = (machine: SystemId, racks: readonly SystemId[], turn = 0) =>
  pollerOf(machine, UNKNOWN, { racks, turn })

t.test('machines are spread over the racks that live', async (t) => {
  for (const rack of RACKS) {
    const share = MACHINES.filter((machine) => asker(machine, RACKS) === rack).length
    t.ok(share > 60 && share < 140, `${rack}: ${share} of 400`)
  }
  t.equal(asker(id('m1'), []), null)
})

t.test('a rack that dies gives away its own machines and no others', async (t) => {
  const [dead, ...living] = RACKS
  for (const machine of MACHINES) {
    const before = asker(machine, RACKS)
    const after = asker(machine, living)
    if (before === dead) t.ok(after !== null && living.includes(after))
    else t.equal(after, before)
  }
})

t.test('who reached the BMC goes on, as long as it lives and does', async (t) => {
  for (const rackId of RACKS) {
    const known = { type: 'ipmi', state: 'on', rackId } as const
    t.equal(pollerOf(id('m1'), known, { racks: RACKS, turn: 7 }), rackId)
    const others = RACKS.filter((rack) => rack !== rackId)
    t.not(pollerOf(id('m1'), known, { racks: others, turn: 7 }), rackId)
  }
})

t.test('while nobody reaches it every rack has its turn', async (t) => {
  const lost = { type: 'ipmi', state: 'error', rackId: id('rack02') } as const
  const turns = RACKS.map((_, turn) => pollerOf(id('m1'), lost, { racks: RACKS, turn }))
  t.same(new Set(turns), new Set(RACKS))
})

t.test('the order in which racks are listed does not matter', async () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(RACKS), fc.constantFrom(...MACHINES), (racks, machine) => {
      return asker(machine, racks) === asker(machine, racks.toSorted())
    }),
  )
})

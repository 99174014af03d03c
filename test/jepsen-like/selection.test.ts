import t from 'tap'
import { NEMESES, WORKLOADS } from '#chaos/registry.ts'
import { requiredFaults, select } from '#chaos/selection.ts'

const known = { workloads: WORKLOADS, nemeses: NEMESES }
const can = () => null
const names = (of: readonly { readonly name: string }[]) => of.map(({ name }) => name)

t.test('names and all', async (t) => {
  const some = select({ workload: ['register'], nemesis: ['kill', 'pause'] }, known, can)
  t.same(names(some.workloads), ['register'])
  t.same(names(some.nemeses), ['kill', 'pause'])
  const all = select({ workload: ['all'], nemesis: ['all'] }, known, can)
  t.same(names(all.workloads), names(WORKLOADS))
  t.same(names(all.nemeses), names(NEMESES))
  t.same(all.notes, [])
})

t.test('an unknown name is refused, and those that exist are listed', async (t) => {
  const refuse = (workload: string[], nemesis: string[]) => () =>
    select({ workload, nemesis }, known, can)
  t.throws(refuse(['register'], ['earthquake']), /no nemesis earthquake.*kill, pause/)
  t.throws(refuse(['poetry'], ['kill']), /no workload poetry.*register/)
  t.throws(refuse(['register'], []), /no nemesis was named/)
})

t.test('what is to come is left out of all with a note, and a row by name', async (t) => {
  const absence = (name: string) =>
    name === 'pause' ? ({ kind: 'to come', text: 'arrives with tea' } as const) : null
  const named = select({ workload: ['register'], nemesis: ['kill', 'pause'] }, known, absence)
  t.same(named.absent, [{ name: 'pause', why: 'arrives with tea' }])
  t.same(names(named.nemeses), ['kill'])
  const all = select({ workload: ['register'], nemesis: ['all'] }, known, absence)
  t.same(all.absent, [])
  t.same(all.notes, ['pause is left out: arrives with tea'])
  t.notOk(names(all.nemeses).includes('pause'))
})

t.test('what this host lacks is refused by name, and a row in all', async (t) => {
  const absence = (name: string) =>
    name === 'disk-full' ? ({ kind: 'not here', text: 'needs root' } as const) : null
  t.throws(
    () => select({ workload: ['register'], nemesis: ['disk-full'] }, known, absence),
    /disk-full needs root/,
  )
  const all = select({ workload: ['register'], nemesis: ['all'] }, known, absence)
  t.same(all.absent, [{ name: 'disk-full', why: 'needs root' }])
  t.same(all.notes, [])
})

t.test('too little time for what is required is refused', async (t) => {
  const kill = NEMESES.filter(({ name }) => name === 'kill')
  t.equal(requiredFaults(kill, 3, 8).length, 3)
  t.throws(() => requiredFaults(kill, 3, 7), /--seconds 7 is too short for 3 required faults.*8/)
})

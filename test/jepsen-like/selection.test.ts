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

t.test('what cannot be used is a row by name and a note in all', async (t) => {
  const cannot = (name: string) => (name === 'pause' ? 'needs a pause button' : null)
  const named = select({ workload: ['register'], nemesis: ['kill', 'pause'] }, known, cannot)
  t.same(named.absent, [{ name: 'pause', why: 'needs a pause button' }])
  t.same(names(named.nemeses), ['kill'])
  const all = select({ workload: ['register'], nemesis: ['all'] }, known, cannot)
  t.same(all.absent, [])
  t.same(all.notes, ['pause is left out: needs a pause button'])
})

t.test('too little time for what is required is refused', async (t) => {
  const kill = NEMESES.filter(({ name }) => name === 'kill')
  t.equal(requiredFaults(kill, 3, 8).length, 3)
  t.throws(() => requiredFaults(kill, 3, 7), /--seconds 7 is too short for 3 required faults.*8/)
})

import t from 'tap'
import { DISK_FULL, targetsOf } from '#chaos/nemeses/disk-full.ts'
import { faultName } from '#chaos/nemesis.ts'

const named = (variant: string) => {
  const kind = DISK_FULL.required(5).find((one) => one.variant === variant)
  if (kind === undefined) throw new Error(`no ${variant}`)
  return kind
}

t.test('one disk, one disk to the last byte, or those of a quorum', async (t) => {
  const five = ['a', 'b', 'c', 'd', 'e']
  t.same(targetsOf(named('one'), five), ['a'])
  t.same(targetsOf(named('full'), five), ['a'])
  t.same(targetsOf(named('quorum'), five), ['a', 'b', 'c'])
  t.same(targetsOf(named('quorum'), five.slice(2)), ['c', 'd'])
})

t.test('the leader’s disk and another one’s are both required', async (t) => {
  t.same(DISK_FULL.required(5).map(faultName), [
    ...['disk-full one (leader in)', 'disk-full one (leader out)'],
    'disk-full quorum (leader in)',
    ...['disk-full full (leader in)', 'disk-full full (leader out)'],
  ])
})

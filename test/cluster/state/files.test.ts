import t from 'tap'
import type { UserId } from '#model/ids.ts'
import { FILE_CHARACTERS_MAX, FILES_CHARACTERS_MAX } from '#state/limits.ts'
import { makeLab, type Lab } from '#test/support/region-state.ts'

const put = (lab: Lab, filename: string, content: string, ownerId = 1, key = filename) =>
  lab.run({ type: 'file.put', ownerId: ownerId as UserId, filename, content, key }).outcome

t.test('a file belongs to its user; writing it again replaces it and keeps its key', async (t) => {
  const lab = makeLab()
  t.ok(put(lab, 'a', 'YQ==', 1, 'first').ok)
  t.ok(put(lab, 'a', 'Yg==', 1, 'second').ok)
  t.same(
    [...lab.state.storedFiles.values()].map(({ key, content }) => [key, content]),
    [['first', 'Yg==']],
  )
  t.match(put(lab, 'a', 'YQ==', 99), { ok: false, code: 'NOT_FOUND' })
  const remove = (ownerId: number) =>
    lab.run({ type: 'file.delete', ownerId: ownerId as UserId, filename: 'a' }).outcome
  t.match(remove(2), { ok: false, code: 'NOT_FOUND' })
  t.ok(remove(1).ok)
  t.equal(lab.state.storedFiles.size, 0)
})

t.test('files are small, one and all together', async (t) => {
  const lab = makeLab()
  const full = 'a'.repeat(FILE_CHARACTERS_MAX)
  t.match(put(lab, 'a', `${full}a`), { ok: false, fields: { file: [/384 KiB/] } })
  const count = FILES_CHARACTERS_MAX / FILE_CHARACTERS_MAX
  for (let n = 0; n < count; n++) t.ok(put(lab, `f${n}`, full).ok)
  t.match(put(lab, 'more', 'a'), { ok: false, code: 'OVERLOADED' })
  t.ok(put(lab, 'f0', full).ok, 'what is replaced does not count')
})

t.test('files go with their user', async (t) => {
  const lab = makeLab()
  const user = { username: 'u', email: '', isSuperuser: false, passwordHash: '' }
  const { outcome } = lab.run({ type: 'user.create', ...user })
  t.ok(put(lab, 'a', 'YQ==', outcome.ok ? outcome.value.id : 0).ok)
  t.ok(lab.run({ type: 'user.delete', username: 'u' }).outcome.ok)
  t.equal(lab.state.storedFiles.size, 0)
})

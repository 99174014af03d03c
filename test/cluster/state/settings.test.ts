import t from 'tap'
import { makeLab } from '#test/support/region-state.ts'

t.test('a site’s own settings take short text under their own names only', (t) => {
  const lab = makeLab()
  const put = (name: string, value: string | number) =>
    lab.run({ type: 'setting.put', name, value }).outcome
  t.ok(put('custom/colour', 'green').ok)
  t.equal(lab.state.settings.get('custom/colour')?.value, 'green')
  t.match(put('custom/colour', 7), { ok: false, code: 'VALIDATION' })
  t.match(put('custom/colour', 'x'.repeat(4_097)), { ok: false, code: 'VALIDATION' })
  t.match(put('custom/../x', 'y'), { ok: false, code: 'VALIDATION' })
  t.match(put('elsewhere/colour', 'green'), { ok: false, code: 'VALIDATION' })
  t.equal(lab.state.settings.get('custom/colour')?.value, 'green', 'a refusal changes nothing')
  t.end()
})

t.test('a lease lasts between ten seconds and a day', (t) => {
  const lab = makeLab()
  const put = (value: number) =>
    lab.run({ type: 'setting.put', name: 'dhcp_lease_seconds', value }).outcome
  t.match(put(9), { ok: false, code: 'VALIDATION' })
  t.match(put(86_401), { ok: false, code: 'VALIDATION' })
  t.ok(put(10).ok)
  t.end()
})

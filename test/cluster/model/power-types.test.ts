// The power types are facts that forms are made from: each is whole, and none contradicts itself.
import t from 'tap'
import { POWER_TYPES } from '#model/power-types.ts'

t.test('names are given once, those of MAAS’s common types among them', async (t) => {
  const names = POWER_TYPES.map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
  for (const name of ['manual', 'ipmi', 'redfish', 'webhook', 'virsh', 'proxmox', 'lxd', 'amt']) {
    t.ok(names.includes(name), name)
  }
  t.same(POWER_TYPES.find(({ name }) => name === 'manual')?.fields, [])
})

t.test('a choice has choices, its default among them; a password is secret', async (t) => {
  for (const { name, fields } of POWER_TYPES) {
    const own = fields.map((field) => field.name)
    t.equal(new Set(own).size, own.length, `${name}: every parameter once`)
    for (const field of fields) {
      const at = `${name}.${field.name}`
      const values = field.choices.map(([value]) => value)
      t.equal(values.length > 0, field.type.endsWith('choice'), at)
      t.ok(values.length === 0 || field.default === '' || values.includes(field.default), at)
      t.equal(field.secret, field.type === 'password', at)
    }
  }
})

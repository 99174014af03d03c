// Parameters and what is wrong with them (maas-api §3).
import t from 'tap'
import { Form, Input } from '#api/input.ts'

const of = (query: string): Input => Input.fromPairs(new URLSearchParams(query))
const errorsOf = (form: Form): unknown => {
  try {
    form.check()
    return null
  } catch (error) {
    return (error as { readonly fields: unknown }).fields
  }
}

t.test('lists come repeated, by comma, or both; one value is the last', async (t) => {
  const input = of('tags=a,b&tags=c&tags=')
  t.strictSame(input.list('tags'), ['a', 'b', 'c'])
  t.equal(input.text('tags'), '')
  t.strictSame(input.list('none'), [])
})

t.test('flags have the many spellings of MAAS', async (t) => {
  for (const text of ['true', 'True', '1', 'on', 'YES', 'y', 't']) {
    t.equal(new Form(of(`x=${text}`)).flag('x'), true, text)
  }
  for (const text of ['false', 'False', '0', 'off', 'no', 'n', 'f', '']) {
    t.equal(new Form(of(`x=${text}`)).flag('x'), false, text)
  }
  const form = new Form(of('x=maybe'))
  form.flag('x')
  t.strictSame(errorsOf(form), { x: ['Enter true or false.'] })
})

t.test('an empty address is null, a wrong one is reported, an absent one is neither', async (t) => {
  const form = new Form(of('a=&b=192.0.2.1&c=192.0.2.999&e=2001:DB8::0:1'))
  t.equal(form.ip('a'), null)
  t.equal(form.ip('b'), 0xc0000201)
  t.equal(form.ip('c'), undefined)
  t.equal(form.ip('d'), undefined)
  t.equal(form.ip('e'), '2001:0db8:0000:0000:0000:0000:0000:0001')
  t.strictSame(errorsOf(form), { c: ['Enter a valid IPv4 or IPv6 address.'] })
})

const BAD_INTEGERS = ['x', '1.5', '1e3', '0x10', '99999999999999999999', '-1', '11']
t.test('whole numbers are whole and within bounds', async (t) => {
  for (const text of BAD_INTEGERS) {
    const form = new Form(of(`n=${text}`))
    form.integer('n', { min: 0, max: 10 })
    t.ok(errorsOf(form), text)
  }
})

t.test('prefixed parameters are a dictionary, and names of Object are only names', async (t) => {
  const input = of('power_parameters_a=1&power_parameters___proto__=2&__proto__=3')
  t.strictSame(
    [...input.withPrefix('power_parameters_')],
    [
      ['a', '1'],
      ['__proto__', '2'],
    ],
  )
  t.equal(input.text('__proto__'), '3')
})

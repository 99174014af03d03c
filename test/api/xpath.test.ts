import fc from 'fast-check'
import t from 'tap'
import { xpathProblem } from '#api/xpath.ts'

const GOOD = [
  '//node',
  '//node[@id="display"]/clock units="Hz" > 1000'.replace(' units="Hz"', '[@units="Hz"]'),
  "//node[@class='system']/vendor = 'Dell Inc.'",
  'count(//node[@id="cpu"]) >= 2 and not(//x)',
  'contains(//product/text(), "GPU") or .//node',
  'descendant-or-self::node()/child::lshw:vendor | ../*',
  '-1 + .5 * 2',
  '//*[position() = last()]',
]
const BAD = [
  '//node[',
  '//node]',
  '(a',
  'a)',
  '"open',
  'a =',
  '= a',
  'a | | b',
  'x::y',
  'a & b',
  ' ',
  'f(,a)',
  '#',
]

t.test('expressions that MAAS takes are taken', async (t) => {
  for (const text of GOOD) t.equal(xpathProblem(text), null, text)
})

t.test('what is none is told', async (t) => {
  for (const text of BAD) t.type(xpathProblem(text), 'string', text)
})

t.test('any text is judged', async (t) => {
  fc.assert(fc.property(fc.string(), (text) => xpathProblem(text) !== undefined))
  t.pass('none threw')
})

import t from 'tap'
import { formatTable, formatValue } from '#tools/output.ts'

t.test('a table has one aligned line a row, and a dash for nothing', async (t) => {
  const rows = [
    { id: 1, name: 'long name', on: true, at: { ip: '192.0.2.1' }, list: ['a', 'b'] },
    { id: 22, name: null, on: false, list: [] },
  ]
  t.equal(
    formatTable(rows, ['id', 'name', 'on', 'where:at.ip', 'list']),
    [
      'ID  NAME       ON   WHERE      LIST',
      '1   long name  yes  192.0.2.1  a,b',
      '22  -          no   -          -',
    ].join('\n'),
  )
  t.equal(formatTable([], ['id', 'name']), 'ID  NAME')
  const several = [{ list: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }] }]
  t.equal(formatTable(several, ['ips:list.ip']), 'IPS\n192.0.2.1,192.0.2.2')
})

t.test('what a machine calls itself cannot steer the terminal', async (t) => {
  const table = formatTable([{ name: '\u001b[2Jx\r\n\u009b1m' }], ['name'])
  t.equal(table, 'NAME\n\uFFFD[2Jx\uFFFD\uFFFD\uFFFD1m')
})

t.test('one object is a table of one row', async (t) => {
  t.equal(formatValue({ id: 1 }, 'table', ['id']), 'ID\n1')
})

t.test('JSON is one line', async (t) => {
  t.equal(formatValue([{ a: 'x\ny' }], 'json', []), '[{"a":"x\\ny"}]')
})

t.test('YAML keeps types apart and nests', async (t) => {
  const value = {
    name: 'web 1',
    number: 'no',
    text: '12',
    'odd: key': 'a: b',
    none: null,
    empty: [],
    list: [{ a: 1, b: [true] }, 'x'],
    map: { deep: { er: '' } },
  }
  t.equal(
    formatValue(value, 'yaml', []),
    `name: web 1
number: "no"
text: "12"
"odd: key": "a: b"
none: null
empty: []
list:
  - a: 1
    b:
      - true
  - x
map:
  deep:
    er: ""`,
  )
})

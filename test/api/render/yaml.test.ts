// YAML of plain data, read back by a parser that is not ours.
import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import { formatYaml } from '#api/render/yaml.ts'

// Starts programs: on a busy host each takes a while.
t.setTimeout(120_000)

t.test('nested maps and lists, each value of its own type', async (t) => {
  const text = formatYaml(
    {
      a: 'yes',
      b: { c: [1, 'x', { d: null, e: true }, ['f', []]], g: {} },
      'h i': -1.5,
      on: 'k: v # no\n- "comment"',
    },
    'quoted',
  )
  t.equal(
    text,
    [
      'a: "yes"',
      'b:',
      '  c:',
      '    - 1',
      '    - "x"',
      '    - d: null',
      '      e: true',
      '    - - "f"',
      '      - []',
      '  g: {}',
      '"h i": -1.5',
      '"on": "k: v # no\\n- \\"comment\\""',
      '',
    ].join('\n'),
  )
})

t.test('readable: only what could be read as something else is quoted', async (t) => {
  const value = {
    ...{ mac: '52:54:00:00:00:01', yes: 'no', port: '22', empty: '', list: [], none: {} },
    ...{ nested: [{ to: '0.0.0.0/0', via: [1, true] }, ['a', []]], umlaut: 'größe: "x"' },
  }
  const lines = [
    ...['mac: "52:54:00:00:00:01"', '"yes": "no"', 'port: "22"', 'empty: ""', 'list: []'],
    ...['none: {}', 'nested:', '  - to: "0.0.0.0/0"', '    via:', '      - 1', '      - true'],
    ...['  - - a', '    - []', 'umlaut: "größe: \\"x\\""', ''],
  ]
  t.equal(formatYaml(value, 'readable'), lines.join('\n'))
})

t.test('strings that other readers break stand escaped', async (t) => {
  t.equal(
    formatYaml({ a: '\u0085\u2028\ufeff\u007f' }, 'quoted'),
    'a: "\\u0085\\u2028\\ufeff\\u007f"\n',
  )
})

const hasYaml = (() => {
  try {
    execFileSync('python3', ['-c', 'import yaml'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()
const READ =
  'import json,sys,yaml; print(json.dumps([yaml.safe_load(x) for x in json.load(sys.stdin)]))'

t.test(
  'any data come back from PyYAML',
  { skip: hasYaml ? false : 'no PyYAML on this host' },
  async (t) => {
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.string({ unit: 'grapheme' }),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string({ unit: 'grapheme-ascii' }), tie('value'), { maxKeys: 4 }),
      ),
    })).value
    const samples = fc.sample(
      fc.dictionary(fc.constantFrom('a', 'yes', 'n', 'x y', '1', '-', '?', '<<', '='), value, {
        noNullPrototype: true,
      }),
      300,
    ) as { readonly [key: string]: never }[]
    const plain = JSON.parse(JSON.stringify(samples)) as typeof samples
    for (const strings of ['quoted', 'readable'] as const) {
      const input = JSON.stringify(plain.map((sample) => formatYaml(sample, strings)))
      const read = execFileSync('python3', ['-c', READ], { input, encoding: 'utf8' })
      t.strictSame(JSON.parse(read), plain, strings)
    }
  },
)

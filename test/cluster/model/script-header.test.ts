// The header of an uploaded script: the part of YAML that such headers use, and nothing guessed of the rest.
import t from 'tap'
import { parametersOf, parseHeader } from '#model/script-header.ts'

const script = (...lines: readonly string[]): string =>
  [
    '#!/bin/sh',
    '# --- Start MAAS 1.0 script metadata ---',
    ...lines.map((line) => `# ${line}`),
    '# --- End MAAS 1.0 script metadata ---',
    'true',
  ].join('\n')

const fieldsOf = (...lines: readonly string[]): unknown => {
  const header = parseHeader(script(...lines))
  return header.ok ? header.fields : header.message
}

t.test('mappings, lists and scalars are read', async (t) => {
  t.same(
    fieldsOf(
      'name: mine',
      'title: "Mine: all of it"',
      'timeout: 00:05:00 # five minutes',
      'tags: [a, b]',
      'for_hardware:',
      '  - pci:8086:1918',
      '  - modalias:usb:v*',
      'packages: {apt: [fio, "lsb-release"], url: http://example.org/x}',
      'parameters:',
      '  storage:',
      '    type: storage',
      "    argument_format: '--device={path}'",
      '  runs: {type: integer, default: 3}',
    ),
    {
      name: 'mine',
      title: 'Mine: all of it',
      timeout: '00:05:00',
      tags: ['a', 'b'],
      for_hardware: ['pci:8086:1918', 'modalias:usb:v*'],
      packages: { apt: ['fio', 'lsb-release'], url: 'http://example.org/x' },
      parameters: {
        storage: { type: 'storage', argument_format: '--device={path}' },
        runs: { type: 'integer', default: '3' },
      },
    },
  )
})

t.test('a script without a header has an empty one', async (t) => {
  t.same(parseHeader('#!/bin/sh\ntrue\n'), { ok: true, fields: {} })
})

const WRONG = [
  { name: 'no colon', lines: ['name'], says: /Line 3 is no 'key: value'/ },
  { name: 'a key twice', lines: ['a: 1', 'a: 2'], says: /Line 4 repeats a/ },
  { name: 'a tab', lines: ['a:\tb'], says: /Line 3 has a tab/ },
  { name: 'a value and a block', lines: ['a: 1', '  b: 2'], says: /indented more/ },
  { name: 'less indentation', lines: ['  a: 1', 'b: 2'], says: /indented too little/ },
  { name: 'an open bracket', lines: ['a: [b'], says: /not understood/ },
  { name: 'a key twice in braces', lines: ['a: {b: 1, b: 2}'], says: /not understood/ },
  { name: 'an escape', lines: [String.raw`a: "b\n"`], says: /not understood/ },
  { name: 'an anchor', lines: ['a: &b c'], says: /not understood/ },
  { name: 'a block scalar', lines: ['a: |'], says: /not understood/ },
  { name: 'a list at the top', lines: ['- a'], says: /no mapping/ },
  { name: 'a key that no row keeps', lines: ['__proto__: 1'], says: /Line 3 is no 'key: value'/ },
  { name: 'such a key in braces', lines: ['a: {__proto__: 1}'], says: /not understood/ },
  { name: 'depth', lines: [`a: ${'['.repeat(40)}`], says: /not understood/ },
]
for (const { name, lines, says } of WRONG) {
  t.test(`refused by line: ${name}`, async (t) => t.match(fieldsOf(...lines), says))
}

t.test('a header without an end, or with a line that is no comment, is refused', async (t) => {
  const begin = '#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n'
  t.match(parseHeader(`${begin}# a: b\n`), { ok: false, message: /no end/ })
  const end = '# --- End MAAS 1.0 script metadata ---\n'
  t.match(parseHeader(`${begin}a: b\n${end}`), { ok: false, message: /Line 3 is no comment/ })
})

t.test('parameters of disks default to all of them', async (t) => {
  const given = parametersOf(
    script('parameters:', '  storage: {type: storage}', '  name: {type: odd, required: false}'),
  )
  t.same(given, {
    storage: { type: 'storage', standard: 'all', required: true, argumentFormat: '' },
    name: { type: 'string', standard: '', required: false, argumentFormat: '' },
  })
  t.same(parametersOf(script('parameters: [')), {})
})

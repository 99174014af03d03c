// Transcripts: scenarios as text, with everything the cores said and did as golden output. `UPDATE=1`
// rewrites the outputs, never the claims; commit a rewritten file only if you can explain its diff.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { runScript, VERBS } from './run-script.ts'
import { difference } from './script.ts'

const FOLDER = join(import.meta.dirname, 'raft')
const README = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
const isUpdate = process.env['UPDATE'] === '1'
const files = globSync(join(FOLDER, '*.txt')).toSorted()

for (const path of files) {
  const file = basename(path)
  t.test(`transcript ${file}`, (t) => {
    const expected = readFileSync(path, 'utf8')
    const actual = runScript(file, expected)
    if (isUpdate && actual !== expected) writeFileSync(path, actual)
    const found = isUpdate ? [] : difference(expected, actual)
    t.equal(found.length, 0, [`${file} differs (- file, + run):`, ...found].join('\n'))
    t.end()
  })
}

t.test('README.md names every transcript and every verb, and no other transcript', (t) => {
  const names = files.map((path) => basename(path, '.txt'))
  const named = [...README.matchAll(/`([\w-]+)\.txt`/g)].map(([, name = '']) => name)
  t.strictSame([...new Set(named)].toSorted(), names.toSorted())
  for (const verb of Object.keys(VERBS))
    t.match(README, new RegExp(`\\| .*\`${verb}[ \`]`), `verb ${verb}`)
  t.end()
})

const SOUND = '> nodes a\n> campaign a\n> settle\n> expect a role=leader\n'

t.test('a sound script comes back with its outputs, and running that changes nothing', (t) => {
  const first = runScript('x.txt', SOUND)
  t.match(first, /\n {2}a: role follower→candidate, term 0→1/)
  t.equal(runScript('x.txt', first), first)
  t.strictSame(difference(first, first), [])
  t.end()
})

t.test('a changed output is told with its line numbers', (t) => {
  const actual = runScript('x.txt', SOUND)
  const stale = actual.replace('term 0→1', 'term 0→2')
  const found = difference(stale, actual)
  t.equal(found.length, 2)
  t.match(found[0], /^- 4: .*0→2/)
  t.match(found[1], /^\+ 4: .*0→1/)
  const shorter = actual.split('\n').toSpliced(3, 1).join('\n')
  t.match(difference(shorter, actual), [/^\+ 4: /])
  t.end()
})

t.test('a script that is wrong, or could not fail, is an error that names its line', (t) => {
  const wrong = [
    {
      name: 'no verb of ours',
      source: `${SOUND}> dance a\n`,
      message: /^x.txt:5: .*no verb dance/,
    },
    { name: 'no output, no verb', source: 'dance\n', message: /^x.txt:1: neither/ },
    { name: 'output before any verb', source: '  a: leader\n', message: /^x.txt:1: neither/ },
    { name: 'no such node', source: `${SOUND}> tick z\n`, message: /^x.txt:5: .*no node z/ },
    { name: 'too few words', source: `${SOUND}> read a\n`, message: /^x.txt:5: .*usage: read/ },
    { name: 'an option unknown', source: `${SOUND}> run a x=1\n`, message: /no option x/ },
    { name: 'nothing selected', source: `${SOUND}> drop a->z\n`, message: /no such message/ },
    { name: 'a claim unknown', source: `${SOUND}> expect a mood=good\n`, message: /no claim mood/ },
    { name: 'a claim of nothing', source: `${SOUND}> expect a\n`, message: /what must hold/ },
    { name: 'a claim that fails', source: `${SOUND}> expect a term=2\n`, message: /^x.txt:5: / },
    { name: 'no cluster', source: '> tick a\n', message: /first verb of a script is/ },
    { name: 'no claims', source: '> nodes a\n> campaign a\n', message: /claims nothing/ },
    { name: 'no events', source: '> nodes a\n> expect a term=0\n', message: /nothing happens/ },
    { name: 'an empty file', source: '', message: /claims nothing/ },
  ]
  for (const { name, source, message } of wrong) {
    t.throws(() => runScript('x.txt', source), { message }, name)
  }
  t.end()
})

t.test('a node that breaks an invariant stops the script', (t) => {
  // b loses a committed entry without knowing, and elects itself with c, which never had it.
  const source = [
    '> nodes a b c',
    '> campaign a',
    '> settle',
    '> cut c',
    '> propose a x',
    '> settle a b',
    '> lose-tail b 1',
    '> heal',
    '> cut a',
    '> unreachable c a',
    '> campaign b',
    '> settle',
    '> expect b role=leader',
  ].join('\n')
  t.throws(() => runScript('x.txt', source), { message: /^x.txt:12: .*lacks committed entry 2/ })
  t.end()
})

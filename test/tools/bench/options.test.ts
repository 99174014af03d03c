// The command line of `npm run bench`: a wrong one is one line and exit 2, before anything is started.
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { parseBenchArguments } from '#tools/bench/options.ts'

t.test('without options everything is measured, beside the peer', (t) => {
  const given = parseBenchArguments([])
  t.match(given, { kind: 'run', options: { rounds: 3, seconds: 4, failovers: 50, peer: true } })
  t.equal(given.kind === 'run' && given.options.only.has('P16'), true)
  t.end()
})

t.test('what is chosen is measured', (t) => {
  const given = parseBenchArguments(['--only', 'P1,P3', '--rounds', '5', '--no-peer'])
  t.match(given, { kind: 'run', options: { rounds: 5, peer: false } })
  t.strictSame(given.kind === 'run' && [...given.options.only], ['P1', 'P3'])
  t.end()
})

t.test('machines go through their lives among as many as wished', (t) => {
  const given = parseBenchArguments(['--only', 'M1', '--lives', '5', '--inventory', '3,30'])
  t.match(given, { kind: 'run', options: { lives: 5, inventories: [3, 30] } })
  t.end()
})

const WRONG = [
  { args: ['--nope'], why: /--nope/ },
  { args: ['word'], why: /word/ },
  { args: ['--only', 'P99'], why: /no measure P99/ },
  { args: ['--rounds', '0'], why: /--rounds takes a whole number/ },
  { args: ['--lives', '-1'], why: /--lives/ },
  { args: ['--inventory', '10,x'], why: /--inventory takes a whole number/ },
  { args: ['--seconds', 'x'], why: /--seconds takes a whole number/ },
]

t.test('what is wrong is said in one line', (t) => {
  for (const { args, why } of WRONG) {
    const given = parseBenchArguments(args)
    t.match(given, { kind: 'wrong', why }, args.join(' '))
    t.notMatch(given, { why: /\n/ })
  }
  t.end()
})

t.test('the program ends with 2 and without a stack trace; --help with 0', (t) => {
  const main = new URL('../../../tools/bench/main.ts', import.meta.url).pathname
  const run = (option: string) => {
    const args = ['--disable-warning=ExperimentalWarning', main, option]
    return spawnSync(process.execPath, args, { encoding: 'utf8' })
  }
  const wrong = run('--nope')
  t.equal(wrong.status, 2)
  t.match(wrong.stderr, /^bench: .*--nope.*\n$/)
  const help = run('--help')
  t.equal(help.status, 0)
  t.match(help.stdout, /--only/)
  t.equal(help.stderr, '')
  t.end()
})

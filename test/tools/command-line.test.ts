import t from 'tap'
import { findCommand, parseArguments, type Command } from '#tools/command-line.ts'
import { COMMANDS } from '#tools/command-table.ts'
import { UsageError } from '#tools/exit-codes.ts'
import { helpFor, overview } from '#tools/help.ts'

function command(...path: readonly string[]): Command {
  const found = findCommand(COMMANDS, path)
  if (found === undefined) throw new Error(`no command ${path.join(' ')}`)
  return found
}

t.test('defaults of the bootstrap are those of the contract (design §4)', async (t) => {
  const args = parseArguments(command('region', 'bootstrap'), [])
  t.equal(args.number('nodes'), 3)
  t.equal(args.text('dir'), './ironraft-data')
  t.equal(args.number('api-port'), 5240)
  t.equal(args.number('peer-port'), 5250)
  t.equal(args.flag('detach'), false)
})

const WRONG: readonly { readonly path: string; readonly words: string; readonly says: RegExp }[] = [
  { path: 'region bootstrap', words: '--nodes 2', says: /--nodes must be one of 1, 3, 5/ },
  { path: 'region bootstrap', words: '--nodes', says: /argument missing/ },
  { path: 'region bootstrap', words: '--api-port 0', says: /port, 1 to 65535/ },
  { path: 'region bootstrap', words: '--api-port 65536', says: /port, 1 to 65535/ },
  { path: 'region bootstrap', words: '--api-port x', says: /port, 1 to 65535/ },
  { path: 'region bootstrap', words: '--nope', says: /Unknown option '--nope'/ },
  { path: 'region bootstrap', words: 'extra', says: /unexpected argument 'extra'/ },
  { path: 'machines get', words: '', says: /SYSTEM_ID is missing/ },
  { path: 'machines list', words: '-o xml', says: /table, wide, json, yaml/ },
  { path: 'machines list', words: '=x', says: /unexpected argument/ },
  { path: 'login', words: 'me', says: /URL\[,URL\] is missing/ },
]
for (const { path, words, says } of WRONG) {
  t.test(`'${path} ${words}' is refused in a sentence`, async (t) => {
    const given = words.split(' ').filter(Boolean)
    const parse = () => parseArguments(command(...path.split(' ')), given)
    t.throws(parse, { message: says, constructor: UsageError })
  })
}

t.test('switches can be said and unsaid, options repeated, fields given', async (t) => {
  const update = parseArguments(command('vlans', 'update'), ['7', '--no-dhcp-on', 'mtu=9000'])
  t.equal(update.at(0), '7')
  t.same(update.many('dhcp-on'), ['false'])
  t.same(update.fields, { mtu: '9000' })
  const macs = ['--mac-addresses', 'a', '--mac-addresses', 'b']
  t.same(parseArguments(command('machines', 'create'), macs).many('mac-addresses'), ['a', 'b'])
  t.same(parseArguments(command('machines', 'list'), ['hostname=a=b']).fields, { hostname: 'a=b' })
})

t.test('every command has help that names all it takes', async (t) => {
  for (const one of COMMANDS) {
    const text = helpFor(COMMANDS, one.path) ?? ''
    for (const option of one.options) t.match(text, `--${option.name}`)
    for (const positional of one.positionals ?? []) t.ok(text.includes(positional.name))
  }
  t.equal(helpFor(COMMANDS, ['nothing']), undefined)
})

t.test('the overview names every noun but not the hidden command', async (t) => {
  const text = overview(COMMANDS)
  for (const { path } of COMMANDS) t.ok(text.includes(path[0] ?? ''))
  t.match(text, 'region bootstrap|init|token|join|leave|remove|transfer|status|stop')
  t.ok(text.split('\n').every((line) => line.length <= 100))
})

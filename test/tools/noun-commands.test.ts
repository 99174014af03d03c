// Every noun and verb is a call that MAAS's API or ours has: nothing is asked for that no server knows.
import t from 'tap'
import { callsOf } from '#api/maas-catalogue.ts'
import { OPERATIONS } from '#api/v1/operations.ts'
import { isOnItem, NOUN_COMMANDS, NOUNS } from '#tools/noun-commands.ts'
import type { Noun, Verb } from '#tools/nouns/noun.ts'

function calledPath(noun: Noun, verb: Verb): string {
  if (isOnItem(verb)) return `${noun.itemPath ?? noun.path}/x`
  return (verb.path ?? noun.path).replaceAll('{}', 'x')
}

/** As `v1/operations.ts` names it, whatever the parameter of its path is called. */
function ownCall(noun: Noun, verb: Verb): string {
  const method = verb.method ?? { create: 'POST', update: 'PATCH', delete: 'DELETE' }[verb.verb]
  const wanted = `${method} /api/v1/${calledPath(noun, verb)}`
  return Object.keys(OPERATIONS).find((one) => one.replaceAll(/\{\w+\}/g, 'x') === wanted) ?? wanted
}

function signature({ verb, op, method }: Verb): string {
  if (op !== undefined) return `${method ?? 'POST'}:${op}`
  if (method === 'GET') return method
  return { create: 'POST', update: 'PUT', delete: 'DELETE' }[verb] ?? `no method for ${verb}`
}

t.test('every verb is in the catalogue', async (t) => {
  for (const noun of NOUNS) {
    for (const verb of noun.verbs ?? []) {
      if ((verb.api ?? noun.api) === 'v1') {
        t.ok(Object.hasOwn(OPERATIONS, ownCall(noun, verb)), `${noun.noun} ${verb.verb}`)
        continue
      }
      const calls = callsOf(calledPath(noun, verb))
      t.ok(calls?.has(signature(verb)), `${noun.noun} ${verb.verb}`)
    }
  }
})

t.test('every list and get is in the catalogue', async (t) => {
  for (const noun of NOUNS) {
    if (noun.api === 'v1') {
      t.ok(Object.hasOwn(OPERATIONS, `GET /api/v1/${noun.path}`), `${noun.noun} list`)
      continue
    }
    const listed = NOUN_COMMANDS.some(({ path }) => path[0] === noun.noun && path[1] === 'list')
    const op = noun.query?.['op']
    const call = op === undefined ? 'GET' : `GET:${op}`
    // VLANs come with the fabrics: MAAS lists them per fabric only.
    const path = noun.noun === 'vlans' ? 'fabrics' : noun.path
    if (listed) t.ok(callsOf(path)?.has(call), `${noun.noun} list`)
    if (noun.get !== undefined) continue
    t.ok(callsOf(`${noun.itemPath ?? noun.path}/x`)?.has('GET'), `${noun.noun} get`)
  }
})

t.test('no command is there twice, no option twice in a command', async (t) => {
  const paths = NOUN_COMMANDS.map(({ path }) => path.join(' '))
  t.same([...new Set(paths)], paths)
  for (const { path, options } of NOUN_COMMANDS) {
    const names = options.map(({ name }) => name)
    t.same([...new Set(names)], names, path.join(' '))
  }
})

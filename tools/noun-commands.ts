// The nouns of the API as commands: list, get and what else each can do. The nouns themselves are data.
import type { Command, Option } from './command-line.ts'
import { CONTENT_NOUNS } from './nouns/content.ts'
import { INTERFACE_NOUNS } from './nouns/interfaces.ts'
import { MACHINE_NOUNS } from './nouns/machines.ts'
import { NAME_NOUNS } from './nouns/names.ts'
import { NETWORK_NOUNS } from './nouns/network.ts'
import type { Noun, Verb } from './nouns/noun.ts'
import { OWN_NOUNS } from './nouns/own-api.ts'
import { PEOPLE_NOUNS } from './nouns/people.ts'
import { SITE_NOUNS } from './nouns/site.ts'

export const NOUNS: readonly Noun[] = [
  ...MACHINE_NOUNS,
  ...INTERFACE_NOUNS,
  ...NETWORK_NOUNS,
  ...NAME_NOUNS,
  ...PEOPLE_NOUNS,
  ...SITE_NOUNS,
  ...CONTENT_NOUNS,
  ...OWN_NOUNS,
]

export const OUTPUT: readonly Option[] = [
  {
    name: 'output',
    short: 'o',
    value: 'FORM',
    choices: ['table', 'wide', 'json', 'yaml'],
    help: 'table, wide, json or yaml (default table)',
  },
  { name: 'json', help: 'the same as -o json' },
  {
    name: 'profile',
    value: 'PROFILE',
    help: 'login to use (default IRONRAFT_PROFILE, or the only)',
  },
  { name: 'url', value: 'URL[,URL]', help: 'regions to ask (default IRONRAFT_ENDPOINT)' },
]
const WATCH: Option = {
  name: 'watch',
  help: 'go on, and print what changes (superusers); Ctrl-C ends it',
}

/** For what the machine does. */
const WAITING: readonly Option[] = [
  { name: 'wait', help: 'return when it is done (exit 1: it failed, 6: it took too long)' },
  {
    ...{ name: 'timeout', value: 'SECONDS', kind: 'count', default: '3600' },
    help: 'how long to wait (default 3600)',
  },
]
/** For what the regions know. */
const WAIT: readonly Option[] = [
  { name: 'wait', help: 'until every region that can be reached has it' },
  {
    ...{ name: 'timeout', value: 'SECONDS', kind: 'count', default: '30' },
    help: 'for --wait (default 30)',
  },
]

export const NOUN_COMMANDS: readonly Command[] = NOUNS.flatMap((noun) => [
  ...readCommands(noun),
  ...(noun.verbs ?? []).map((verb) => verbCommand(noun, verb)),
])

function readCommands(noun: Noun): Command[] {
  const list: Command = {
    path: [noun.noun, 'list'],
    summary: `list ${noun.summary}`,
    fields: true,
    options: noun.tables === undefined ? OUTPUT : [WATCH, ...OUTPUT],
    load: async () => {
      const { listNoun } = await import('./commands/list-noun.ts')
      return (args, io) => listNoun(noun, args, io)
    },
  }
  const get: Command = {
    path: [noun.noun, 'get'],
    summary: `show one of ${noun.summary.startsWith('your ') ? '' : 'the '}${noun.summary}`,
    positionals: [{ name: noun.id }],
    options: OUTPUT,
    load: async () => {
      const { getNoun } = await import('./commands/list-noun.ts')
      return (args, io) => getNoun(noun, args, io)
    },
  }
  // Settings are asked for by name; there is no list of them.
  const listed = noun.noun === 'config' || noun.list === 'none' ? [] : [list]
  return noun.get === 'none' ? listed : [...listed, get]
}

function verbCommand(noun: Noun, verb: Verb): Command {
  const { summary, positionals = [], options = [] } = verb
  const names = [...(isOnItem(verb) ? [{ name: noun.id }] : []), ...positionals]
  return {
    path: [noun.noun, verb.verb],
    summary,
    ...(names.length === 0 ? {} : { positionals: names.map(({ name }) => ({ name })) }),
    fields: verb.verb !== 'delete',
    options: [...options, ...waitOf(verb), ...OUTPUT],
    load: async () => {
      const { runVerb } = await import('./commands/run-verb.ts')
      return (args, io) => runVerb({ noun, verb }, args, io)
    },
  }
}

export function isOnItem({ verb, on }: Verb): boolean {
  return (on ?? (verb === 'create' ? 'collection' : 'item')) === 'item'
}

function waitOf(verb: Verb): readonly Option[] {
  if (verb.waitsFor !== undefined) return WAITING
  return verb.method === 'GET' ? [] : WAIT
}

// Verbs that are inputs of a core (ticks, proposals, reads …), completions of what it handed out, and the
// network's doings.
import assert from 'node:assert/strict'
import type { ProposeConfigurationResult } from '#raft/reconfigure.ts'
import type { Command, Envelope } from '#state/command.ts'
import { encodeRequest } from './session-machine.ts'
import type { Flight, Stage } from './stage.ts'
import { type Call, listOf, numberOf, type Play, type Verb, wordOf } from './verb.ts'
import { configurationOf } from './verbs-cluster.ts'

const MANY = 64

export const INPUT_VERBS: Readonly<Record<string, Verb>> = {
  tick: {
    usage: 'tick a [6] · tick all [6]: time passes at these nodes; nothing is sent before `run`',
    words: [1, 2],
    run: ({ stage }, call) => {
      const count = numberOf(call.words[1], 1)
      for (let i = 0; i < count; i++) {
        for (const id of idsOf(stage, wordOf(call, 0))) stage.step(id, ({ raft }) => raft.tick())
      }
    },
  },
  beat: {
    usage: 'beat [3]: one tick at every node, then `settle`; so many times',
    words: [0, 1],
    run: ({ stage }, call) => {
      for (let i = 0; i < numberOf(call.words[0], 1); i++) {
        for (const id of idsOf(stage, 'all')) stage.step(id, ({ raft }) => raft.tick())
        stage.settle(stage.ids)
      }
    },
  },
  campaign: {
    usage: 'campaign a: its election timeout is over now',
    words: [1, 1],
    run: ({ stage }, call) => stage.step(wordOf(call, 0), ({ raft }) => raft.campaign()),
  },
  propose: {
    usage: 'propose a x y "two words" x*500: one batch; text*n repeats',
    words: [2, MANY],
    run: ({ stage }, { words: [id = '', ...texts] }) => {
      propose(stage, id, texts.map(repeated))
    },
  },
  session: {
    usage: 'session a s [incarnation=1]: proposes to open session s of a client named s',
    options: ['incarnation', 'node'],
    words: [2, 2],
    run: ({ stage }, call) => {
      const id = wordOf(call, 1)
      const incarnation = numberOf(call.options.get('incarnation'), 1)
      const nodeId = call.options.get('node') ?? id
      request(stage, call, null, { type: 'session.open', id, nodeId, incarnation })
    },
  },
  request: {
    usage: 'request a s/3 lab [answered-below=2]: make space lab, request 3 of session s',
    options: ['answered-below'],
    words: [3, 3],
    run: ({ stage }, call) => {
      const [session = '', number] = wordOf(call, 1).split('/')
      const sequence = numberOf(number)
      const answeredBelow = numberOf(call.options.get('answered-below'), 1)
      const command = { type: 'space.create', name: wordOf(call, 2), description: '' } as const
      request(stage, call, { session, sequence, answeredBelow }, command)
    },
  },
  read: {
    usage: 'read a 7: a client asks for a linearizable read, request 7',
    words: [2, 2],
    run: ({ stage }, call) => {
      stage.step(wordOf(call, 0), ({ raft }) => raft.readIndex(numberOf(wordOf(call, 1))))
    },
  },
  transfer: {
    usage: 'transfer a b · transfer a best',
    words: [2, 2],
    run: ({ stage }, call) => {
      const to = wordOf(call, 1)
      stage.step(wordOf(call, 0), ({ raft }) => {
        const target = raft.transferLeadership(to === 'best' ? null : to)
        stage.say(`the transfer goes to ${target ?? 'nobody'}`)
      })
    },
  },
  configure: {
    usage: 'configure a voters=a,b,c [outgoing=…] [learners=…] [learners-next=…] [auto-leave=yes]',
    options: ['voters', 'outgoing', 'learners', 'learners-next', 'auto-leave'],
    words: [1, 1],
    run: ({ stage }, call) => {
      stage.step(wordOf(call, 0), ({ raft }) => {
        sayResult(stage, raft.proposeConfiguration(configurationOf(call)))
      })
    },
  },
  change: {
    usage: 'change a [add=d] [promote=d] [demote=b] [remove=c]: a wish about single nodes',
    options: ['add', 'promote', 'demote', 'remove'],
    words: [1, 1],
    run: ({ stage }, { words: [id = ''], options }) => {
      stage.step(id, ({ raft }) => {
        const result = raft.changeMembership({
          addLearners: listOf(options.get('add')),
          promote: listOf(options.get('promote')),
          demote: listOf(options.get('demote')),
          remove: listOf(options.get('remove')),
        })
        sayResult(stage, result)
      })
    },
  },
  unreachable: {
    usage: 'unreachable a b: a is told that its connection to b died',
    words: [2, 2],
    run: ({ stage }, call) => {
      stage.step(wordOf(call, 0), ({ raft }) => raft.reportUnreachable(wordOf(call, 1)))
    },
  },
  'snapshot-sent': {
    usage: 'snapshot-sent a b ok|failed: a is told how its stream to b ended',
    words: [3, 3],
    run: ({ stage }, call) => {
      const how = wordOf(call, 2)
      assert(how === 'ok' || how === 'failed', 'ok or failed')
      stage.step(wordOf(call, 0), ({ raft }) => raft.reportSnapshot(wordOf(call, 1), how === 'ok'))
    },
  },
  ready: {
    usage: 'ready a: takes one Ready; its messages leave, its write begins',
    words: [1, 1],
    run: ({ stage }, call) => void stage.ready(wordOf(call, 0)),
  },
  write: {
    usage: 'write a: the write under way is on disk',
    words: [1, 1],
    run: ({ stage }, call) => assert(stage.write(wordOf(call, 0)), 'no write is under way'),
  },
  apply: {
    usage: 'apply a: what was handed out is applied',
    words: [1, 1],
    run: ({ stage }, call) => assert(stage.apply(wordOf(call, 0)), 'there is nothing to apply'),
  },
  run: {
    usage: 'run a b …: `ready`, `write` and `apply` there until nothing is left to do',
    words: [1, MANY],
    run: ({ stage }, { words }) => {
      for (const word of words) for (const id of idsOf(stage, word)) stage.run(id)
    },
  },
  settle: {
    usage: 'settle [a b …]: `run` and `deliver` at all nodes, or these, until nothing moves',
    words: [0, MANY],
    run: ({ stage }, { words }) => stage.settle(words.length === 0 ? stage.ids : words),
  },
  deliver: {
    usage: 'deliver #7 #5 · deliver a->b heartbeat · deliver: in this order, or as sent',
    words: [0, MANY],
    run: (play, call) => {
      for (const flight of selected(play, call)) play.stage.deliver(flight)
    },
  },
  drop: {
    usage: 'drop …: as `deliver`, but they are lost',
    words: [0, MANY],
    run: (play, call) => {
      for (const flight of selected(play, call)) play.stage.drop(flight)
    },
  },
  duplicate: {
    usage: 'duplicate #7 …: a copy of a message, delivered already or not, is on its way',
    words: [1, MANY],
    run: ({ stage }, { words }) => {
      for (const word of words) stage.duplicate(numberOf(word.replace('#', '')))
    },
  },
}

function idsOf(stage: Stage, word: string): readonly string[] {
  return word === 'all' ? stage.up.map(({ id }) => id) : [word]
}

function propose(stage: Stage, id: string, texts: readonly string[]): void {
  stage.step(id, ({ raft }) => {
    const result = raft.propose(texts.map((text) => new TextEncoder().encode(text)))
    if (result.ok) stage.say(`accepted as ${result.index}@${result.term}`)
    else stage.say(`refused: ${result.reason}, leader ${result.leader ?? 'unknown'}`)
  })
}

function sayResult(stage: Stage, result: ProposeConfigurationResult): void {
  if (result.ok) stage.say(`accepted as ${result.index}@${result.term}`)
  else stage.say(`refused: ${result.reason}${result.detail && `, ${result.detail}`}`)
}

function request(stage: Stage, call: Call, name: Envelope['request'], command: Command): void {
  propose(stage, wordOf(call, 0), [encodeRequest(name, command)])
}

function repeated(text: string): string {
  const [, unit = '', count] = /^(.+)\*(\d+)$/.exec(text) ?? []
  return count === undefined ? text : unit.repeat(Number(count))
}

/** Numbers select one by one, in the order given; routes and types together select a set. */
function selected({ stage }: Play, { words }: Call): readonly Flight[] {
  if (words.length > 0 && words.every((word) => word.startsWith('#'))) {
    return words.map((word) => {
      const number = numberOf(word.slice(1))
      const flight = stage.network.find((each) => each.number === number)
      assert(flight !== undefined, `${word} is not on its way`)
      return flight
    })
  }
  const found = stage.network.filter((flight) => words.every((word) => isLike(flight, word)))
  assert(found.length > 0, 'no such message is on its way')
  return found
}

function isLike({ message }: Flight, word: string): boolean {
  if (!word.includes('->')) return message.type === word
  const [from, to] = word.split('->')
  return (from === '' || from === message.from) && (to === '' || to === message.to)
}

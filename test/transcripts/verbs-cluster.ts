// Verbs that set the stage and break it: nodes, disks, the network's cuts, crashes and lost data.
import assert from 'node:assert/strict'
import { defaultRaftConfig, type RaftConfig } from '#raft/config.ts'
import type { Configuration, NodeId } from '#raft/types.ts'
import { RaftDisk } from '#test/support/raft-disk.ts'
import { entry } from '#test/support/raft-messages.ts'
import { describeStatus } from './describe.ts'
import { Stage } from './stage.ts'
import { type Call, listOf, numberOf, type Play, type Verb, wordOf } from './verb.ts'

const MANY = 16
const CONFIGURATION = ['voters', 'outgoing', 'learners', 'learners-next', 'auto-leave']
const LIMITS = Object.keys(defaultRaftConfig)

export const CLUSTER_VERBS: Readonly<Record<string, Verb>> = {
  nodes: {
    usage: 'nodes a b c [voters=a,b] [learners=c] [outgoing=…] [inflightMessagesMax=2 …]',
    options: [...CONFIGURATION, ...LIMITS],
    words: [1, MANY],
    run: (play, call) => {
      const config = configOf(call)
      play.stage = new Stage({ ids: call.words, configuration: configurationOf(call), config })
      for (const id of call.words) show(play, id)
    },
  },
  disk: {
    usage: 'disk a terms=1,1,4 term=7 [vote=b] [commit=3]',
    options: ['terms', 'term', 'vote', 'commit'],
    words: [1, 1],
    run: (play, call) => {
      const terms = listOf(call.options.get('terms')).map((term) => numberOf(term))
      const disk = emptyDisk(play, call)
      const hardState = {
        currentTerm: numberOf(call.options.get('term')),
        votedFor: call.options.get('vote') ?? null,
        commitIndex: numberOf(call.options.get('commit'), 0),
      }
      disk.write({
        hardState,
        entries: terms.map((term, i) => entry(i + 1, term, `old ${i + 1}@${term}`)),
        snapshot: null,
      })
      play.stage.replaceDisk(wordOf(call, 0), disk)
      show(play, wordOf(call, 0))
    },
  },
  'lose-tail': {
    usage: 'lose-tail a 5: restarts from a disk that has lost the entries after 5',
    words: [2, 2],
    run: (play, call) => {
      const { disk: old } = play.node(call)
      const last = numberOf(wordOf(call, 1))
      assert(last < old.lastIndex, 'there is a tail to lose')
      const disk = emptyDisk(play, call)
      disk.snapshot = old.snapshot
      const commitIndex = Math.min(old.hardState.commitIndex, last)
      const entries = old.entries.filter(({ index }) => index <= last)
      disk.write({ hardState: { ...old.hardState, commitIndex }, entries, snapshot: null })
      play.stage.replaceDisk(wordOf(call, 0), disk)
      show(play, wordOf(call, 0))
    },
  },
  wipe: {
    usage: 'wipe a: restarts from an empty disk, as if new',
    words: [1, 1],
    run: (play, call) => {
      play.stage.replaceDisk(wordOf(call, 0), emptyDisk(play, call))
      show(play, wordOf(call, 0))
    },
  },
  forget: {
    usage: 'forget a 1: a is told, in its life 1, that its disk lost what it had promised',
    words: [2, 2],
    run: ({ stage }, call) => {
      stage.step(wordOf(call, 0), ({ raft }) => raft.forget(numberOf(wordOf(call, 1))))
    },
  },
  recover: {
    usage: 'recover a: a is told that it holds again all that it may have promised',
    words: [1, 1],
    run: ({ stage }, call) => stage.step(wordOf(call, 0), ({ raft }) => raft.recover()),
  },
  crash: {
    usage: 'crash a [keeps=write]: un-synced work is lost, or the write under way reached the disk',
    options: ['keeps'],
    words: [1, 1],
    run: (play, call) => {
      const keeps = call.options.get('keeps')
      assert(keeps === undefined || keeps === 'write', 'keeps=write or nothing')
      play.stage.crash(wordOf(call, 0), keeps === 'write')
      play.stage.say(`${wordOf(call, 0)} is down`)
    },
  },
  restart: {
    usage: 'restart a',
    words: [1, 1],
    run: (play, call) => {
      play.stage.restart(wordOf(call, 0))
      show(play, wordOf(call, 0))
    },
  },
  cut: {
    usage: 'cut a b c: these from all others, both ways · cut a->b …: one way',
    words: [1, MANY],
    run: (play, { words }) => {
      const { stage } = play
      const isOneWay = words.some((word) => word.includes('->'))
      const pairs = isOneWay ? words.map(pairOf) : borderOf(words, stage.ids)
      for (const [from, to] of pairs) {
        stage.node(from)
        stage.node(to)
        stage.cuts.add(`${from}→${to}`)
      }
      stage.say(`cut: ${[...stage.cuts].join(' ')}`)
    },
  },
  heal: {
    usage: 'heal [a->b …]: all cuts end, or these',
    words: [0, MANY],
    run: ({ stage }, { words }) => {
      if (words.length === 0) stage.cuts.clear()
      for (const [from, to] of words.map(pairOf)) stage.cuts.delete(`${from}→${to}`)
      stage.say(stage.cuts.size === 0 ? 'no cuts' : `cut: ${[...stage.cuts].join(' ')}`)
    },
  },
  hold: {
    usage: 'hold a writes|applies: `run` and `settle` leave them undone',
    words: [2, 2],
    run: (play, call) => hold(play, call, true),
  },
  release: {
    usage: 'release a writes|applies',
    words: [2, 2],
    run: (play, call) => hold(play, call, false),
  },
  draw: {
    usage: 'draw a 3: its next election timeouts are 3 ticks above the shortest',
    words: [2, 2],
    run: (play, call) => {
      play.stage.draw(wordOf(call, 0), numberOf(wordOf(call, 1)))
      play.stage.say(`${wordOf(call, 0)} draws ${wordOf(call, 1)} from now on`)
    },
  },
  compact: {
    usage: 'compact a: what is applied becomes a snapshot and leaves the log',
    words: [1, 1],
    run: (play, call) => {
      play.stage.compact(wordOf(call, 0))
      const { lastIncludedIndex, lastIncludedTerm } = play.node(call).disk.snapshot
      play.stage.say(`${wordOf(call, 0)} has snapshot ${lastIncludedIndex}@${lastIncludedTerm}`)
    },
  },
}

export function configurationOf({ words, options }: Call): Configuration {
  return {
    voters: options.has('voters') ? listOf(options.get('voters')) : words,
    votersOutgoing: listOf(options.get('outgoing')),
    learners: listOf(options.get('learners')),
    learnersNext: listOf(options.get('learners-next')),
    autoLeave: options.get('auto-leave') === 'yes',
  }
}

function configOf({ options }: Call): Partial<RaftConfig> {
  const given = [...options].filter(([key]) => LIMITS.includes(key))
  return Object.fromEntries(given.map(([key, value]) => [key, numberOf(value)]))
}

/** As the node's first one was: the configuration the script began with. */
function emptyDisk(play: Play, call: Call): RaftDisk {
  play.node(call)
  return new RaftDisk(play.stage.configuration)
}

function hold(play: Play, call: Call, isHeld: boolean): void {
  const what = wordOf(call, 1)
  assert(what === 'writes' || what === 'applies', 'writes or applies')
  play.stage.hold(wordOf(call, 0), what, isHeld)
  play.stage.say(`${wordOf(call, 0)} ${isHeld ? 'holds' : 'no longer holds'} its ${what}`)
}

function pairOf(word: string): readonly [NodeId, NodeId] {
  const [from = '', to = '', ...rest] = word.split('->')
  assert(from !== '' && to !== '' && rest.length === 0, `${word} is not a->b`)
  return [from, to]
}

function borderOf(inside: readonly NodeId[], all: readonly NodeId[]): [NodeId, NodeId][] {
  const outside = all.filter((id) => !inside.includes(id))
  return inside.flatMap((a) =>
    outside.flatMap((b): [NodeId, NodeId][] => [
      [a, b],
      [b, a],
    ]),
  )
}

function show(play: Play, id: NodeId): void {
  play.stage.say(`${id}: ${describeStatus(play.stage.node(id).raft.status())}`)
}

import t from 'tap'
import { checkNames, type NamesOf } from '#chaos/checkers/dns-names.ts'
import type { Operation } from '#chaos/history.ts'
import { operation, type Span } from '../support/operations.ts'

const A: NamesOf = { a: ['1'] }
const B: NamesOf = { b: ['1'] }
const BOTH: NamesOf = { a: ['1'], b: ['1'] }

const write = (names: NamesOf, revision: number, span: Span): Operation =>
  operation('move', span, { key: 'g', input: { names }, output: { revision } })
const unknown = (names: NamesOf, from: number): Operation =>
  operation('move', [from], { key: 'g', input: { names } })
const refused = (names: NamesOf, span: Span): Operation =>
  operation('move', span, { key: 'g', input: { names }, outcome: 'fail' })

/** The other direction, as it should be. */
function turned(names: NamesOf): NamesOf {
  const pointers: Record<string, string[]> = {}
  for (const [name, ips] of Object.entries(names)) {
    for (const ip of ips) pointers[ip] = [...(pointers[ip] ?? []), name]
  }
  return pointers
}

type Sketch = {
  readonly f?: 'ask' | 'last'
  readonly server?: string
  readonly connection?: string
  readonly serials?: readonly number[]
  readonly pointers?: NamesOf
}

const ask = (names: NamesOf, serial: number, span: Span, sketch: Sketch = {}): Operation => {
  const { f = 'ask', server = 'node-1', connection = null } = sketch
  const { serials = [serial, serial], pointers = turned(names) } = sketch
  return operation(f, span, {
    ...{ key: 'g', input: { server, connection }, output: { serials, names, pointers } },
  })
}
const last = (names: NamesOf, serial: number, server = 'node-1'): Operation =>
  ask(names, serial, [90, 91], { f: 'last', server })
const silent = operation('last', [90, 91], {
  ...{ key: 'g', input: { server: 'rack-1', connection: null }, outcome: 'fail' },
})

const CASES: readonly {
  readonly name: string
  readonly history: readonly Operation[]
  readonly says: RegExp
}[] = [
  {
    name: 'one after another, each at its revision',
    history: [
      ...[write(A, 10, [0, 1]), ask(A, 10, [2, 3]), write(B, 12, [4, 5]), ask(B, 12, [6, 7])],
      last(B, 12),
    ],
    says: /2 servers|1 servers at 2 revisions, all coherent/,
  },
  {
    name: 'a server that is behind tells of its revision what was then',
    history: [write(A, 10, [0, 1]), write(B, 12, [2, 3]), ask(A, 11, [4, 5]), last(B, 12)],
    says: /all coherent/,
  },
  {
    name: 'two names of one address',
    history: [write(BOTH, 10, [0, 1]), ask(BOTH, 10, [2, 3]), last(BOTH, 10)],
    says: /all coherent/,
  },
  {
    name: 'a PTR that is missing',
    history: [write(A, 10, [0, 1]), ask(A, 10, [2, 3], { pointers: {} }), last(A, 10)],
    says: /node-1 says that a is 1, and 1 has no PTR to it/,
  },
  {
    name: 'a PTR that stayed behind after a rename',
    history: [
      ...[write(A, 10, [0, 1]), write(B, 11, [2, 3])],
      ...[ask(B, 11, [4, 5], { pointers: { 1: ['a', 'b'] } }), last(B, 11)],
    ],
    says: /node-1 has a PTR of 1 to a, which is not there/,
  },
  {
    name: 'changed while it was asked: nothing is said about both directions',
    history: [
      ...[write(A, 10, [0, 1]), write(B, 11, [2, 3])],
      ...[ask(B, 11, [2, 3], { serials: [10, 11], pointers: { 1: ['a'] } }), last(B, 11)],
    ],
    says: /all coherent/,
  },
  {
    name: 'serials that go back within an exchange',
    history: [...[write(A, 10, [0, 1]), ask(A, 10, [2, 3], { serials: [10, 9, 10] }), last(A, 10)]],
    says: /went back in one exchange: 10, 9, 10/,
  },
  {
    name: 'both directions stale together',
    history: [write(A, 10, [0, 1]), write(B, 12, [2, 3]), ask(A, 12, [4, 5]), last(B, 12)],
    says: /node-1 at revision 12 tells of g what it was not then/,
  },
  {
    name: 'nothing where something was acknowledged',
    history: [write(A, 10, [0, 1]), ask({}, 10, [2, 3]), last(A, 10)],
    says: /tells of g what it was not then/,
  },
  {
    name: 'what is to come, two writes early',
    history: [...[ask(B, 9, [0, 9]), write(A, 10, [0, 1]), write(B, 12, [2, 3])], last(B, 12)],
    says: /at revision 9 tells of g what it was not then/,
  },
  {
    name: 'an unanswered write may be done or not, from one revision on',
    history: [
      ...[write(A, 10, [0, 1]), unknown(B, 2), ask(A, 12, [4, 5]), ask(B, 13, [6, 7])],
      last(B, 13),
    ],
    says: /all coherent/,
  },
  {
    name: 'an unanswered write that is done at one server and not at another of that revision',
    history: [
      ...[write(A, 10, [0, 1]), unknown(B, 2), ask(A, 12, [4, 5])],
      ...[ask(B, 12, [4, 5], { server: 'node-2' }), last(B, 13)],
    ],
    says: /two servers at one revision disagree about g@12/,
  },
  {
    name: 'a refused write that is done all the same',
    history: [write(A, 10, [0, 1]), refused(B, [2, 3]), ask(B, 12, [4, 5]), last(A, 12)],
    says: /tells of g what it was not then/,
  },
  {
    name: 'back over one connection',
    history: [
      ...[write(A, 10, [0, 1]), ask(A, 12, [2, 3], { connection: 'c' })],
      ...[ask(A, 11, [4, 5], { connection: 'c' }), last(A, 12)],
    ],
    says: /serials went back over connection c/,
  },
  {
    name: 'back after a connection of another process',
    history: [
      ...[write(A, 10, [0, 1]), ask(A, 12, [2, 3], { connection: 'c' })],
      ...[ask(A, 11, [4, 5], { connection: 'd' }), ask(A, 11, [4, 5]), last(A, 12)],
    ],
    says: /all coherent/,
  },
  {
    name: 'a rack that stays behind',
    history: [write(A, 10, [0, 1]), write(B, 12, [2, 3]), last(B, 12), last(A, 11, 'rack-1')],
    says: /rack-1 never came to revision 12 after healing/,
  },
  {
    name: 'a rack that does not answer in the end',
    history: [write(A, 10, [0, 1]), last(A, 10), silent],
    says: /rack-1 does not answer after healing/,
  },
  {
    name: 'two that disagree in the end, at different revisions',
    history: [...[write(A, 10, [0, 1]), unknown(B, 2), last(A, 12), last(B, 13, 'node-2')]],
    says: /in the end two servers disagree about g/,
  },
  {
    name: 'nobody was asked in the end',
    history: [write(A, 10, [0, 1]), ask(A, 10, [2, 3])],
    says: /no server was asked in the end/,
  },
  { name: 'no answer at all', history: [write(A, 10, [0, 1])], says: /no answer could be told/ },
]

for (const { name, history, says } of CASES) {
  t.test(name, async (t) => t.match(checkNames(history).summary, says))
}

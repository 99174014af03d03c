// What a verb of a transcript is, and how its line is read: words, and `key=value` options; a value or a
// word with spaces stands in quotes.
import assert from 'node:assert/strict'
import type { RaftNode } from '#test/support/raft-node.ts'
import type { Stage } from './stage.ts'

export type Call = {
  readonly words: readonly string[]
  readonly options: ReadonlyMap<string, string>
}

export type Verb = {
  /** Words and options as a reader would write them. */
  readonly usage: string
  /** Names of the options it knows; every other one is an error. `*`: any. */
  readonly options?: readonly string[]
  /** Of words: least and most. */
  readonly words: readonly [number, number]
  readonly run: (play: Play, call: Call) => void
}

/** What one script acts on. */
export class Play {
  #stage: Stage | null = null

  get stage(): Stage {
    assert(this.#stage !== null, 'the first verb of a script is `nodes`')
    return this.#stage
  }

  set stage(stage: Stage) {
    assert(this.#stage === null, 'a script has one cluster')
    this.#stage = stage
  }

  get hasStage(): boolean {
    return this.#stage !== null
  }

  node(call: Call, at = 0): RaftNode {
    return this.stage.node(wordOf(call, at))
  }
}

export function parseCall(text: string): Call & { readonly verb: string } {
  const tokens = text.match(/(?:[^\s"]+|"[^"]*")+/g) ?? []
  const words: string[] = []
  const options = new Map<string, string>()
  for (const token of tokens) {
    const equals = token.startsWith('"') ? -1 : token.indexOf('=')
    if (equals < 0) {
      words.push(token.replaceAll('"', ''))
      continue
    }
    const key = token.slice(0, equals)
    assert(!options.has(key), `${key} is given twice`)
    options.set(key, token.slice(equals + 1).replaceAll('"', ''))
  }
  const [verb = '', ...rest] = words
  return { verb, words: rest, options }
}

export function checkCall(verb: Verb, call: Call): void {
  const [least, most] = verb.words
  const count = call.words.length
  assert(count >= least && count <= most, `usage: ${verb.usage}`)
  const known = verb.options ?? []
  for (const key of call.options.keys()) {
    assert(known.includes('*') || known.includes(key), `no option ${key}; usage: ${verb.usage}`)
  }
}

export function wordOf(call: Call, at: number): string {
  const word = call.words[at]
  assert(word !== undefined, `word ${at + 1} is missing`)
  return word
}

export function numberOf(text: string | undefined, otherwise?: number): number {
  if (text === undefined && otherwise !== undefined) return otherwise
  assert(text !== undefined && /^\d+$/.test(text), `${text} is not a number`)
  return Number(text)
}

/** `a,b`; nothing for '' or absent. */
export function listOf(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : text.split(',')
}

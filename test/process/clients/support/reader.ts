// What one client makes of an answer: it must have the status that the client counts as done and be readable by it.
import { AssertionError } from 'node:assert/strict'
import type { Answer } from './answer.ts'
import { misfits, type Shapes } from './shapes.ts'

export class Reader {
  readonly #shapes: Shapes
  constructor(shapes: Shapes) {
    this.#shapes = shapes
  }

  /** The JSON of a 2xx as `type`; throws what the client would have failed on. */
  // oxlint-disable-next-line typescript/no-explicit-any -- its shape was checked
  async read(type: string, what: string, asked: Promise<Answer>): Promise<any> {
    const answer = await asked
    const wrong =
      answer.status < 200 || answer.status > 299
        ? [`${answer.status} ${answer.text}`]
        : misfits(this.#shapes, Object.hasOwn(this.#shapes, type) ? `<${type}>` : type, answer.json)
    if (wrong.length === 0) return answer.json
    const message = `${what}:\n${wrong.slice(0, 20).join('\n')}`
    throw new AssertionError({ message })
  }
}

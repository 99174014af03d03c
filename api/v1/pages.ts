// Lists in pages that belong together: the rows of the first page's revision are kept (rows never change, so a
// reference each) until the client has read them or has been away too long. They are kept by this region; a cursor that
// another region is shown, or that is too old, is answered 410: read the list anew.
import type { Clock } from '#model/ports.ts'
import type { View } from '#node/region.ts'
import { json, type Answer, type Call } from '../call.ts'
import { Rejection } from '../errors.ts'
import { integer, readParams, text, type Params } from '../params.ts'

const LIMIT_DEFAULT = 100
const LIMIT_MAX = 500
export const PAGE_QUERY = {
  limit: integer(`Rows of a page; ${LIMIT_DEFAULT} by default.`, { min: 1, max: LIMIT_MAX }),
  cursor: text('Where to go on: `next_cursor` of the page before.'),
} satisfies Params
/** Lists under way; the oldest is forgotten for a new one. */
const PINS_MAX = 64
const PIN_MS = 300_000

type Pin = {
  readonly list: string
  readonly userId: number
  readonly revision: number
  readonly rows: readonly unknown[]
  readonly untilMs: number
  /** When it was what everybody else saw, by this node's clock. */
  readonly freshAtMs: number
}

export type PageOf<Row> = {
  /** Names the list: a cursor of one is none of another. */
  readonly list: string
  readonly rows: (view: View) => readonly Row[]
  readonly render: (row: Row) => unknown
}

export class Pages {
  readonly #clock: Clock
  readonly #pins = new Map<string, Pin>()
  #last = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async page<Row>(call: Call, { list, rows, render }: PageOf<Row>): Promise<Answer> {
    const { limit = LIMIT_DEFAULT, cursor = '' } = readParams(call.input, PAGE_QUERY)
    const { nodeId } = call.region
    const at =
      cursor === ''
        ? { nodeId, pin: await this.#pin(call, list, rows), offset: 0 }
        : parseCursor(cursor)
    const pin = at.nodeId === nodeId ? this.#pins.get(at.pin) : undefined
    const isMine = pin?.list === list && pin.userId === call.user.id
    if (pin === undefined || !isMine || pin.untilMs <= this.#clock.monotonicMs()) {
      throw new Rejection('COMPACTED', 'The cursor is too old: read the list anew.')
    }
    call.noteRevision(pin.revision, Math.round(this.#clock.monotonicMs() - pin.freshAtMs))
    const end = at.offset + limit
    const items = pin.rows.slice(at.offset, end).map((row) => render(row as Row))
    const isLast = end >= pin.rows.length
    const next = isLast ? null : formatCursor({ ...at, offset: end })
    return json({ items, revision: pin.revision, next_cursor: next })
  }

  async #pin<Row>(call: Call, list: string, rows: PageOf<Row>['rows']): Promise<string> {
    const view = await call.view()
    const nowMs = this.#clock.monotonicMs()
    // In the order in which they were made, hence in that in which they end.
    for (const [name, { untilMs }] of this.#pins) {
      if (untilMs > nowMs && this.#pins.size < PINS_MAX) break
      this.#pins.delete(name)
    }
    const name = String(++this.#last)
    const { revision, stalenessMs } = view
    const ends = { untilMs: nowMs + PIN_MS, freshAtMs: nowMs - stalenessMs }
    const pin = { list, userId: call.user.id, revision, rows: rows(view), ...ends }
    this.#pins.set(name, pin)
    return name
  }
}

type Cursor = { readonly nodeId: string; readonly pin: string; readonly offset: number }

function formatCursor({ nodeId, pin, offset }: Cursor): string {
  return Buffer.from(`${nodeId} ${pin} ${offset}`).toString('base64url')
}

function parseCursor(given: string): Cursor {
  const plain = Buffer.from(given.slice(0, 256), 'base64url').toString()
  const [, nodeId = '', pin = '', offset = ''] = /^(\S+) (\d+) (\d{1,9})$/.exec(plain) ?? []
  if (nodeId === '') throw new Rejection('BAD_REQUEST', 'This is no cursor.')
  return { nodeId, pin, offset: Number(offset) }
}

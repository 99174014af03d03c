// Bodies as nearly all are: short, of a known length, JSON or a form in UTF-8. Read here without the general
// parser, which takes a tenth of a request's CPU for its options, its decoder and four promises (measured);
// whatever is unusual is left to it, and what is read here means exactly the same.
import type { IncomingMessage } from 'node:http'
import type { Context } from 'koa'

const SHORT_BYTES_MAX = 16_384

const KINDS: ReadonlyMap<string, 'json' | 'text'> = new Map([
  ['application/json', 'json'],
  ['application/json; charset=utf-8', 'json'],
  ['application/x-www-form-urlencoded', 'text'],
])
const METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

export type ShortBody = { readonly raw: string; readonly parsed: unknown }

/** Null: not for here, and nothing was read. Rejects with an error of status 400. */
export function readShortBody(ctx: Context): Promise<ShortBody> | null {
  const { req } = ctx
  if (!METHODS.has(req.method ?? '') || req.closed) return null
  const { headers } = req
  const kind = KINDS.get(headers['content-type'] ?? '')
  if (kind === undefined || headers['content-encoding'] !== undefined) return null
  const length = Number(headers['content-length'])
  if (!(length > 0 && length <= SHORT_BYTES_MAX)) return null
  return gather(req, kind)
}

function gather(req: IncomingMessage, kind: 'json' | 'text'): Promise<ShortBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let ended = false
    const fail = (): void => {
      // Every request closes; an error for nobody would cost as much as all else here.
      if (!ended) reject(unreadable('The request ended before its body did.'))
    }
    req.on('data', (chunk: Buffer) => void chunks.push(chunk))
    req.on('end', () => {
      ended = true
      const [first] = chunks
      const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
      try {
        resolve(parse(bytes.toString('utf8'), kind))
      } catch (error) {
        reject(error as Error)
      }
    })
    req.on('error', fail)
    req.on('close', fail)
  })
}

function parse(text: string, kind: 'json' | 'text'): ShortBody {
  // A byte order mark is no part of the text.
  const raw = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  return { raw, parsed: kind === 'json' ? parseJson(raw) : raw }
}

const CONTAINER = /^[ \t\n\r]*[[{]/
/** As text or escaped; those few are looked at key by key. */
const PERHAPS_PROTO = /__proto__|\\u00/

/** Objects and lists only, and no key that could become a prototype. Throws what becomes 400. */
function parseJson(text: string): unknown {
  if (!CONTAINER.test(text)) throw unreadable('JSON is an object or a list here.')
  try {
    return PERHAPS_PROTO.test(text) ? JSON.parse(text, refuseProto) : JSON.parse(text)
  } catch (cause) {
    throw unreadable('The JSON is malformed.', cause)
  }
}

function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('A key is named __proto__.')
  return value
}

/** As the general parser's errors: `toRejection` has the text for clients. */
function unreadable(why: string, cause?: unknown): Error {
  return Object.assign(new Error(why, { cause }), { status: 400 })
}

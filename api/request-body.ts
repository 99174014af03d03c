// The body of a request: read once, within a limit, and turned into parameters. Short forms and JSON are read by
// `short-body.ts`, others by @koa/bodyparser (forms as text, because MAAS repeats keys and never nests them), multipart
// by busboy.
import type { IncomingMessage } from 'node:http'
import { bodyParser } from '@koa/bodyparser'
import type { Context, Middleware } from 'koa'
import { Rejection } from './errors.ts'
import { Input } from './input.ts'
import { parseMultipart } from './multipart.ts'
import { readShortBody } from './short-body.ts'

/** Larger bodies are refused with 413. The longest legal one is an enlistment with its inventory. */
const BODY_BYTES_MAX = 1 << 20

/** With an image in it; longer ones are sent in pieces. In base64 a third of it is lost. */
const LARGE_BODY_BYTES_MAX = 32 << 20
/** Of an image, as MAAS's clients cut them. */
const PIECE_BYTES_MAX = 4 << 20

const FORM = 'application/x-www-form-urlencoded'

/** Middleware: afterwards `ctx.request.body` is a form's text or a JSON value. */
export function makeBodyParser(): Middleware {
  const general = bodyParser({
    enableTypes: ['json', 'text'],
    // These take the places of the first ones of the parser's own lists.
    extendTypes: { text: [FORM], json: ['application/json', 'application/merge-patch+json'] },
    jsonLimit: BODY_BYTES_MAX,
    textLimit: BODY_BYTES_MAX,
  })
  return async (ctx, next) => {
    const short = readShortBody(ctx)
    if (short === null) return general(ctx, next)
    const { raw, parsed } = await short
    ctx.request.rawBody = raw
    ctx.request.body = parsed
    return next()
  }
}

/** What the client sent, for fingerprints and signatures; empty when nothing was. */
export function rawBodyOf(ctx: Context): string {
  return ctx.request.rawBody ?? ''
}

export function isForm(ctx: Context): boolean {
  return (ctx.get('content-type') || '').toLowerCase().startsWith(FORM)
}

/** Parameters of the body of a POST or PUT. */
export async function readInput(ctx: Context, isLarge = false): Promise<Input> {
  const contentType = ctx.get('content-type')
  if (contentType.toLowerCase().startsWith('multipart/form-data')) {
    const bytesMax = isLarge ? LARGE_BODY_BYTES_MAX : BODY_BYTES_MAX
    const body = await readBytes(ctx.req, bytesMax)
    ctx.request.rawBody = body.toString('latin1')
    return parseMultipart(contentType, body, bytesMax)
  }
  const { body } = ctx.request
  if (typeof body === 'string') return Input.fromPairs(new URLSearchParams(body))
  if (ctx.request.rawBody !== undefined) return flatten(body)
  if (Number(ctx.get('content-length') || 0) > 0 || ctx.get('transfer-encoding') !== '') {
    const message = 'Send a form (urlencoded or multipart) or a JSON object.'
    throw new Rejection('BAD_REQUEST', message, { status: 415 })
  }
  return new Input()
}

/** The bytes of a piece; throws BAD_REQUEST for any other body. */
export async function readOctets(ctx: Context): Promise<Buffer> {
  const type = ctx.get('content-type').toLowerCase()
  if (type.startsWith('application/octet-stream')) return readBytes(ctx.req, PIECE_BYTES_MAX)
  throw new Rejection('BAD_REQUEST', 'Send the bytes as application/octet-stream.')
}

/** A flat JSON object as parameters: lists repeat the name, objects stay JSON text. */
function flatten(body: unknown): Input {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new Rejection('BAD_REQUEST', 'The JSON body must be an object.')
  }
  const input = new Input()
  for (const [name, value] of Object.entries(body)) {
    for (const item of Array.isArray(value) ? value : [value]) input.add(name, textOf(item))
  }
  return input
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

async function readBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = chunk as Buffer
    size += bytes.length
    if (size > bytesMax) {
      throw new Rejection('PAYLOAD_TOO_LARGE', 'The request body is too large.')
    }
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

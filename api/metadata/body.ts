// The body of what machines send: larger than those of the API, because it holds what scripts printed.
import type { Context } from 'koa'
import { Rejection } from '../errors.ts'
import { Input } from '../input.ts'
import { parseMultipart } from '../multipart.ts'
import { isForm } from '../request-body.ts'

const BODY_BYTES_MAX = 4 << 20

/** Throws PAYLOAD_TOO_LARGE, before it is read when its length is told. */
export async function readMachineBody(ctx: Context): Promise<Buffer> {
  if (Number(ctx.get('content-length') || 0) > BODY_BYTES_MAX) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > BODY_BYTES_MAX) throw tooLarge()
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  // Of a form the signature is about its fields, too, and may stand among them.
  if (isForm(ctx)) ctx.request.rawBody = body.toString('utf8')
  return body
}

/** Fields of a form or of multipart; of anything else none. */
export async function parseMachineInput(ctx: Context, body: Buffer): Promise<Input> {
  const contentType = ctx.get('content-type')
  if (contentType.toLowerCase().startsWith('multipart/form-data')) {
    return parseMultipart(contentType, body)
  }
  return isForm(ctx) ? Input.fromPairs(new URLSearchParams(body.toString('utf8'))) : new Input()
}

function tooLarge(): Rejection {
  return new Rejection('PAYLOAD_TOO_LARGE', `A machine may send ${BODY_BYTES_MAX} bytes at once.`)
}

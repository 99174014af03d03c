// Writes an answer to the connection. JSON is made once; a long list goes out piece by piece with
// backpressure, so that one slow reader holds one piece and not the whole list.
import { Readable } from 'node:stream'
import type { Context } from 'koa'
import type { Answer } from './call.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

export async function sendAnswer(ctx: Context, { status, body }: Answer): Promise<void> {
  ctx.status = status
  switch (body.kind) {
    case 'json':
      ctx.set('Content-Type', JSON_TYPE)
      ctx.body = JSON.stringify(body.value)
      return
    case 'jsonText':
      ctx.set('Content-Type', JSON_TYPE)
      ctx.body = body.text
      return
    case 'chunks':
      ctx.set('Content-Type', JSON_TYPE)
      ctx.body = Readable.from(yieldBetween(body.chunks))
      return
    case 'text':
      ctx.set('Content-Type', 'text/plain; charset=utf-8')
      ctx.body = body.text
      return
    case 'bytes':
      ctx.set('Content-Type', body.contentType)
      // What users uploaded is never taken for a page of ours.
      ctx.set('X-Content-Type-Options', 'nosniff')
      ctx.body = body.bytes
      return
    case 'empty':
      ctx.body = null
      return
    default:
      body satisfies never
  }
}

/** One turn of the event loop for everybody else after each piece. */
async function* yieldBetween(chunks: Iterable<string>): AsyncGenerator<string> {
  for (const chunk of chunks) {
    yield chunk
    await new Promise((resolve) => setImmediate(resolve))
  }
}

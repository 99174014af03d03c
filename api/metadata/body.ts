// The body of what machines send: larger than those of the API, because it holds what scripts printed. It is read before
// it is known who sends it, so a short one only, unless a token is named that some machine has; and what is held at a
// time has a limit, of each client and of all.
import type { Context } from 'koa'
import { HeldBodies } from '#platform/held-bodies.ts'
import { Rejection } from '../errors.ts'
import { Input } from '../input.ts'
import { parseMultipart } from '../multipart.ts'
import { isForm } from '../request-body.ts'

const BODY_BYTES_MAX = 4 << 20
/** Of who names no token in its header. */
const UNKNOWN_BYTES_MAX = 64 << 10
const LIMITS = { ofClientBytes: 16 << 20, allBytes: 128 << 20 } as const

type From = { readonly client: string; readonly isKnown: boolean }

export class MachineBodies {
  readonly #held = new HeldBodies(LIMITS)

  /** Gives the body to `use` and forgets it afterwards. Throws PAYLOAD_TOO_LARGE, RATE_LIMITED. */
  async with<T>(
    ctx: Context,
    { client, isKnown }: From,
    use: (body: Buffer) => Promise<T>,
  ): Promise<T> {
    const bytesMax = isKnown ? BODY_BYTES_MAX : UNKNOWN_BYTES_MAX
    const refuse = (why: 'tooLong' | 'tooMuch'): never => {
      if (why === 'tooLong') throw tooLarge(bytesMax)
      throw new Rejection('RATE_LIMITED', 'Too much is sent at once.')
    }
    // Before it is read, when its length is told.
    if (Number(ctx.get('content-length') || 0) > bytesMax) refuse('tooLong')
    return this.#held.with(ctx.req, { client, bytesMax, refuse }, (body) => {
      // Of a form the signature is about its fields, too, and may stand among them.
      if (isForm(ctx)) ctx.request.rawBody = body.toString('utf8')
      return use(body)
    })
  }
}

/** Fields of a form or of multipart; of anything else none. */
export async function parseMachineInput(ctx: Context, body: Buffer): Promise<Input> {
  const contentType = ctx.get('content-type')
  if (contentType.toLowerCase().startsWith('multipart/form-data')) {
    return parseMultipart(contentType, body)
  }
  return isForm(ctx) ? Input.fromPairs(new URLSearchParams(body.toString('utf8'))) : new Input()
}

function tooLarge(bytesMax: number): Rejection {
  return new Rejection('PAYLOAD_TOO_LARGE', `At most ${bytesMax} bytes may be sent at once.`)
}

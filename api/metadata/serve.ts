// The metadata service of machines, `/MAAS/metadata/…`: what they boot with, what they are, what they do, and what they
// report. Its paths, rights and bodies are not those of the API, so it stands before the API's own parser and router.
import type { Context, Middleware } from 'koa'
import { formatIp, type Ip } from '#model/ip.ts'
import type { SystemId } from '#model/ids.ts'
import type { Clock, Logger, Random } from '#model/ports.ts'
import type { Region } from '#node/region.ts'
import type { Actor } from '#state/command.ts'
import { NO_CONTENT, text, type Answer } from '../call.ts'
import { Rejection } from '../errors.ts'
import { clientAddressOf } from '../client-address.ts'
import { Input } from '../input.ts'
import { sendAnswer } from '../send-answer.ts'
import { answerById } from './by-id.ts'
import { Buckets } from './buckets.ts'
import { MachineBodies, parseMachineInput } from './body.ts'
import { metadataUrlOf, originsOf } from './origins.ts'
import { answerDocument, answerEnlistDocument } from './documents.ts'
import { MachineAuthenticator } from './machine-auth.ts'
import { isMetadataPath, parseMetadataPath, type MetadataPath, type Place } from './path.ts'
import { enlistPreseed } from './preseed.ts'
import { MachineWords } from './machine-words.ts'
import { takeStatus } from './webhook.ts'

export type MetadataOptions = {
  readonly region: Region
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** A boot asks some hundred times in a minute. By address, so before anything is looked up. */
const REQUESTS = { burst: 600, perSecond: 20 } as const
const VERSIONS = 'latest\n2012-03-01'

/** Serves its paths and hands on all others. */
export function makeMetadata(options: MetadataOptions): Middleware {
  const service = new Metadata(options)
  return (ctx, next) => (isMetadataPath(ctx.path) ? service.serve(ctx) : next())
}

class Metadata {
  readonly #options: MetadataOptions
  readonly #authenticator: MachineAuthenticator
  readonly #requests: Buckets
  readonly #bodies = new MachineBodies()
  readonly #words: MachineWords

  constructor(options: MetadataOptions) {
    this.#options = options
    this.#authenticator = new MachineAuthenticator(options)
    this.#requests = new Buckets(options.clock, REQUESTS)
    this.#words = new MachineWords(options.clock)
  }

  async serve(ctx: Context): Promise<void> {
    const { region } = this.#options
    const client = clientAddressOf(region.local().state, ctx)
    if (!this.#requests.take(client === undefined ? '' : formatIp(client))) {
      throw new Rejection('RATE_LIMITED', 'This address asks too often.')
    }
    const path = parseMetadataPath(ctx.path)
    if (path === undefined) throw new Rejection('NOT_FOUND', 'Not Found')
    const method = ctx.method === 'HEAD' ? 'GET' : ctx.method
    if (method !== 'GET' && method !== 'POST') throw methodNotAllowed('GET, POST')
    // Secrets are in many of these answers.
    ctx.set('Cache-Control', 'no-store')
    const answer = (body: Buffer) => this.#answer(ctx, { path, body, method, client })
    if (method === 'GET') {
      await sendAnswer(ctx, await answer(Buffer.alloc(0)))
      return
    }
    const isKnown = await this.#authenticator.isKnown(ctx)
    const from = { client: client === undefined ? '' : formatIp(client), isKnown }
    await sendAnswer(ctx, await this.#bodies.with(ctx, from, answer))
  }

  async #answer(ctx: Context, asked: Asked): Promise<Answer> {
    const { path, method, body } = asked
    switch (path.kind) {
      case 'status':
        if (method !== 'POST') throw methodNotAllowed('POST')
        return this.#status(ctx, asked, path.systemId)
      case 'enlistPreseed':
        if (method !== 'GET') throw methodNotAllowed('GET')
        return text(enlistPreseed(metadataUrlOf(this.#place(ctx, asked).origins)))
      case 'byId': {
        const input = await inputOf(ctx, body)
        return answerById(this.#options, { ...this.#place(ctx, asked), input }, path.systemId)
      }
      case 'versions':
        if (path.place !== 'enlist') await this.#authenticator.machine(ctx)
        return text(VERSIONS)
      case 'document':
        return this.#document(ctx, asked, path)
      default:
        return path satisfies never
    }
  }

  /** Judged by what this region knows: an event of cloud-init is worth no round trip. */
  async #status(ctx: Context, asked: Asked, systemId: SystemId): Promise<Answer> {
    const { machine, token } = await this.#authenticator.machine(ctx)
    if (machine.systemId !== systemId) {
      throw new Rejection('FORBIDDEN', 'The token is that of another machine.')
    }
    const { region } = this.#options
    const { actor } = this.#place(ctx, asked)
    await takeStatus({ region, machine, token, actor }, asked.body, this.#words)
    return NO_CONTENT
  }

  async #document(
    ctx: Context,
    asked: Asked,
    { place, name }: { readonly place: Place; readonly name: string },
  ): Promise<Answer> {
    const { region } = this.#options
    const at = this.#place(ctx, asked)
    // A machine that nobody knows has no token, and asks for the scripts of enlisting.
    const isAnonymous = place === 'enlist' || (name === 'maas-scripts' && !isSigned(ctx))
    if (isAnonymous) {
      if (asked.method !== 'GET') throw methodNotAllowed('GET')
      return answerEnlistDocument((await region.read('linearizable')).state, at, name)
    }
    const { machine, token } = await this.#authenticator.machine(ctx)
    const input = await inputOf(ctx, asked.body)
    const { state } = await region.read('linearizable')
    // Moved since the token was looked up, as it may be here on a node that was behind.
    const now = state.machines.get(machine.systemId)
    if (now === undefined) throw new Rejection('NOT_FOUND', 'Not Found')
    const call = { ...at, state, machine: now, token, input, isHead: ctx.method === 'HEAD' }
    return answerDocument(call, { place, name, method: asked.method }, this.#words)
  }

  #place(ctx: Context, { client, method }: Asked) {
    const { region, clock } = this.#options
    const requestId: unknown = ctx.state['requestId']
    const remoteAddress = client === undefined ? '' : formatIp(client)
    const actor: Actor = {
      ...{ kind: 'system', userId: null, username: '', remoteAddress },
      requestId: typeof requestId === 'string' ? requestId : '',
    }
    return {
      ...{ region, actor, client, method },
      origins: originsOf(region.local().state, ctx),
      wallSeconds: Math.floor(clock.wallMs() / 1_000),
    }
  }
}

type Asked = {
  readonly path: MetadataPath
  readonly method: 'GET' | 'POST'
  readonly body: Buffer
  readonly client: Ip | undefined
}

function isSigned(ctx: Context): boolean {
  return ctx.get('authorization') !== '' || ctx.querystring.includes('oauth_token=')
}

/** Of the body, then of the query: `op` may stand in either. */
async function inputOf(ctx: Context, body: Buffer): Promise<Input> {
  const input = await parseMachineInput(ctx, body)
  if (input.has('op')) return input
  const op = new URLSearchParams(ctx.querystring).get('op')
  if (op !== null) input.add('op', op)
  return input
}

function methodNotAllowed(allow: string): Rejection {
  const headers = { Allow: allow }
  return new Rejection('BAD_REQUEST', 'Method Not Allowed', { status: 405, headers })
}

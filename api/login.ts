// POST /MAAS/accounts/authenticate/: an API key for a name and a password (maas-api §5.1). Guessing costs
// one scrypt each, a few at a time, so that it cannot take the CPU from the Raft loop.
import type { Context } from 'koa'
import { mintApiKey } from './api-keys.ts'
import { json } from './call.ts'
import { makeCall, queryOf, type Service } from './dispatch.ts'
import { Rejection } from './errors.ts'
import { Form } from './input.ts'
import { verifyPassword } from './passwords.ts'
import { readInput } from './request-body.ts'
import { sendAnswer } from './send-answer.ts'

/** Checks under way; more are told to come back. */
const CHECKS_MAX = 4
const DEFAULT_CONSUMER = 'MAAS consumer'

export function makeLogin(service: Service) {
  let checks = 0

  const isRight = async (password: string, hash: string): Promise<boolean> => {
    if (checks >= CHECKS_MAX) {
      throw new Rejection('OVERLOADED', 'Too many logins at once; try again shortly.')
    }
    checks++
    try {
      return await verifyPassword(password, hash)
    } finally {
      checks--
    }
  }

  return async (ctx: Context): Promise<void> => {
    const input = await readInput(ctx)
    const form = new Form(input)
    for (const name of ['username', 'password']) form.require(name)
    const username = form.text('username') ?? ''
    const password = form.text('password', { max: 1_024 }) ?? ''
    const consumer = form.text('consumer') || DEFAULT_CONSUMER
    form.check()
    const { state } = await service.region.read('linearizable')
    const user = state.usersByUsername.first(username)
    if (!(await isRight(password, user?.passwordHash ?? '')) || user === undefined) {
      throw new Rejection('FORBIDDEN', 'Wrong user name or password.')
    }
    const known = state.apiKeysByUser.rows(user.id).find(({ name }) => name === consumer)
    const key = known ?? { ...mintApiKey(service.random), name: consumer }
    if (known === undefined) {
      const call = makeCall(service, ctx, { user, input, query: queryOf(ctx) })
      await call.propose({ type: 'apiKey.create', userId: user.id, ...key })
    }
    const answer = {
      consumer_key: key.consumerKey,
      name: key.name,
      token_key: key.tokenKey,
      token_secret: key.tokenSecret,
    }
    await sendAnswer(ctx, json(answer))
  }
}

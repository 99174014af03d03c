// `op=get_token` (MAAS 3): what the machine proves itself with at the metadata service, for who has to repair one.
import { json, type Answer, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { operation, takingNothing, type Action } from '../resource.ts'
import { machineOf } from './find-machine.ts'

async function machineToken(call: Call): Promise<Answer> {
  const state = await call.state()
  const token = state.machineTokens.get(machineOf(state, call).systemId)
  if (token === undefined) throw notFound('Token')
  const { consumerKey, tokenKey, tokenSecret } = token
  return json({ token_key: tokenKey, token_secret: tokenSecret, consumer_key: consumerKey })
}

export const GET_TOKEN: Action = takingNothing(
  operation('GET', 'get_token', { access: 'admin', doc: 'Show the token.' }, machineToken),
)

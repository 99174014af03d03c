// account/: the API keys of the one who asks (maas-api §5.1).
import { formatApiKey, mintApiKey, tokenKeyOf } from '../api-keys.ts'
import { json, NO_CONTENT, type Call } from '../call.ts'
import { mandatory, text, type Values } from '../params.ts'
import { operation, taking, type Resource } from '../resource.ts'

const DEFAULT_NAME = 'MAAS consumer'

const NAME = text('What it is for.')
const CREATED = { name: NAME }
const DELETED = { token_key: mandatory(text('Middle part of the key.')) }
const RENAMED = {
  token: mandatory(text('The key, or its middle part.')),
  name: mandatory(NAME),
}

async function createToken(call: Call, { name = DEFAULT_NAME }: Values<typeof CREATED>) {
  const minted = mintApiKey(call.random)
  const request = call.requestName()
  const tokenKey = request === null ? minted.tokenKey : tokenKeyOf(request)
  const userId = call.user.id
  await call.propose({ type: 'apiKey.create', ...minted, tokenKey, userId, name })
  // For a repeated request this is the key that the first one made.
  const key = call.after().apiKeys.get(tokenKey) ?? { ...minted, tokenKey, name }
  return json({
    token_key: key.tokenKey,
    token_secret: key.tokenSecret,
    consumer_key: key.consumerKey,
    name: key.name,
  })
}

async function listTokens(call: Call) {
  const { apiKeysByUser } = await call.state()
  const keys = apiKeysByUser.rows(call.user.id)
  return json(keys.map((key) => ({ name: key.name, token: formatApiKey(key) })))
}

async function deleteToken(call: Call) {
  const tokenKey = call.input.mandatory('token_key')
  await call.propose({ type: 'apiKey.delete', tokenKey, userId: call.user.id })
  return NO_CONTENT
}

async function renameToken(call: Call, { name = '' }: Values<typeof RENAMED>) {
  // MAAS takes the whole key or its middle part.
  const token = call.input.mandatory('token')
  call.input.mandatory('name')
  const tokenKey = token.split(':')[1] ?? token
  await call.propose({ type: 'apiKey.rename', tokenKey, userId: call.user.id, name })
  return json(null)
}

export const ACCOUNT: readonly Resource[] = [
  {
    name: 'AccountHandler',
    path: 'account/',
    doc: 'Manage your own API keys.',
    actions: [
      taking(
        CREATED,
        (run) => operation('POST', 'create_authorisation_token', { doc: 'Make an API key.' }, run),
        createToken,
      ),
      operation('GET', 'list_authorisation_tokens', { doc: 'List your API keys.' }, listTokens),
      taking(
        DELETED,
        (run) => {
          return operation('POST', 'delete_authorisation_token', { doc: 'Delete an API key.' }, run)
        },
        deleteToken,
      ),
      taking(
        RENAMED,
        (run) => operation('POST', 'update_token_name', { doc: 'Rename an API key.' }, run),
        renameToken,
      ),
    ],
  },
]

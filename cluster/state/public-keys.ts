// SSH keys and certificates of users. The shell has checked that they are what they say; here they are texts.
import {
  type Context,
  created,
  DONE,
  type Handler,
  invalid,
  nextId,
  notFound,
  refuse,
} from './context.ts'
import type { SshKeyId, SslKeyId } from '#model/ids.ts'
import { PUBLIC_KEYS_PER_USER_MAX } from './limits.ts'
import type { SshKey } from './tables.ts'

const HAS_IT = 'This key has already been added for this user.'
const TOO_MANY = `A user has at most ${PUBLIC_KEYS_PER_USER_MAX} of them.`
const NOT_YOURS = "Can't delete a key you don't own."

export const createSshKey: Handler<'sshKey.create'> = (context, { userId, key, keysource }) => {
  const { state } = context
  if (!state.users.has(userId)) return notFound('User')
  const own = state.sshKeysByUser.rows(userId)
  if (own.some((row) => row.key === key && row.keysource === keysource)) {
    return invalid('key', HAS_IT)
  }
  if (own.length >= PUBLIC_KEYS_PER_USER_MAX) return invalid('key', TOO_MANY)
  return created(addSshKey(context, { userId, key, keysource }))
}

export const importSshKeys: Handler<'sshKey.import'> = (context, { userId, keysource, keys }) => {
  const { state } = context
  if (!state.users.has(userId)) return notFound('User')
  const own = state.sshKeysByUser.rows(userId)
  const known = new Set(own.filter((row) => row.keysource === keysource).map(({ key }) => key))
  const fresh = [...new Set(keys)].filter((key) => !known.has(key))
  if (own.length + fresh.length > PUBLIC_KEYS_PER_USER_MAX) return invalid('key', TOO_MANY)
  for (const key of fresh) addSshKey(context, { userId, key, keysource })
  return DONE
}

function addSshKey(
  { state, wall }: Context,
  fields: Pick<SshKey, 'userId' | 'key' | 'keysource'>,
): SshKeyId {
  const id = nextId<SshKeyId>(state, 'sshKeys')
  state.sshKeys.put(id, { id, ...fields, createdWall: wall })
  return id
}

export const deleteSshKey: Handler<'sshKey.delete'> = ({ state }, { id, userId }) => {
  const row = state.sshKeys.get(id)
  if (row === undefined) return notFound('SSHKey')
  if (row.userId !== userId) return refuse('FORBIDDEN', NOT_YOURS)
  state.sshKeys.delete(id)
  return DONE
}

export const createSslKey: Handler<'sslKey.create'> = ({ state, wall }, { userId, key }) => {
  if (!state.users.has(userId)) return notFound('User')
  const own = state.sslKeysByUser.rows(userId)
  if (own.some((row) => row.key === key)) return invalid('key', HAS_IT)
  if (own.length >= PUBLIC_KEYS_PER_USER_MAX) return invalid('key', TOO_MANY)
  const id = nextId<SslKeyId>(state, 'sslKeys')
  state.sslKeys.put(id, { id, userId, key, createdWall: wall })
  return created(id)
}

export const deleteSslKey: Handler<'sslKey.delete'> = ({ state }, { id, userId }) => {
  const row = state.sslKeys.get(id)
  if (row === undefined) return notFound('SSLKey')
  if (row.userId !== userId) return refuse('FORBIDDEN', NOT_YOURS)
  state.sslKeys.delete(id)
  return DONE
}

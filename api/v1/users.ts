// /api/v1/users and /api/v1/account: what MAAS's API cannot do to users, which is to change them.
import type { Context } from 'koa'
import type { User } from '#state/tables.ts'
import { NO_CONTENT, type Answer, type Call } from '../call.ts'
import { fieldError, notFound } from '../errors.ts'
import type { PasswordChecks } from '../password-checks.ts'
import { hashPassword } from '../passwords.ts'
import { checkIfMatch, tagged } from './entity-tag.ts'
import { parsedPatch } from './merge-patch.ts'
import type { Pages } from './pages.ts'
import { parsed } from './parsed.ts'
import { PASSWORD_CHANGE, USER_PATCH } from './schemas.ts'

export function makeListUsers(pages: Pages) {
  return (call: Call): Promise<Answer> =>
    pages.page(call, {
      list: 'users',
      rows: ({ state }) => [...state.users.values()],
      render: renderUser,
    })
}

export async function readUser(call: Call, ctx: Context): Promise<Answer> {
  return tagged(ctx, renderUser(await userOf(call)))
}

/** A new password ends the user's browser sessions; its keys and tokens stay. */
export async function patchUser(call: Call, ctx: Context): Promise<Answer> {
  const { username, email, is_superuser: isSuperuser, password } = parsedPatch(ctx, USER_PATCH)
  const user = await userOf(call)
  const isConditional = checkIfMatch(ctx, renderUser(user))
  const set = {
    ...(username === undefined ? {} : { username }),
    ...(email === undefined ? {} : { email }),
    ...(isSuperuser === undefined ? {} : { isSuperuser }),
    ...(password === undefined ? {} : { passwordHash: await hashPassword(password) }),
  }
  const { id } = user
  const expected = isConditional
    ? { username: user.username, email: user.email, isSuperuser: user.isSuperuser }
    : null
  await call.propose({ type: 'user.patch', id, set, expected })
  const changed = call.after().users.get(id)
  if (changed === undefined) throw notFound('User')
  return tagged(ctx, renderUser(changed))
}

/** One's own, by who knows the present one. */
export function makeChangePassword(passwords: PasswordChecks) {
  return async (call: Call, ctx: Context): Promise<Answer> => {
    const given = parsed(PASSWORD_CHANGE, ctx.request.body)
    const { id, username } = call.user
    const { remoteAddress: address } = call.actor
    const user = await passwords.userOf({ username, password: given.current_password, address })
    if (user === null) throw fieldError('current_password', 'This is not your password.')
    const passwordHash = await hashPassword(given.new_password)
    await call.propose({ type: 'user.update', id, set: { passwordHash } })
    return NO_CONTENT
  }
}

async function userOf(call: Call): Promise<User> {
  const user = (await call.state()).usersByUsername.first(call.param('username'))
  if (user === undefined) throw notFound('User')
  return user
}

function renderUser({ id, username, email, isSuperuser, createdWall }: User) {
  const created = new Date(createdWall).toISOString()
  return { id, username, email, is_superuser: isSuperuser, created }
}

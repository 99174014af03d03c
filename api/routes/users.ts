// users/: accounts (maas-api §9).
import type { UserId } from '#model/ids.ts'
import { json, NO_CONTENT, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { Form } from '../input.ts'
import { hashPassword } from '../passwords.ts'
import { renderUser } from '../render/user.ts'
import { create, operation, read, remove, type Resource } from '../resource.ts'

const PASSWORD_CHARACTERS_MAX = 1_024

async function createUser(call: Call) {
  const form = new Form(call.input)
  const mandatory = ['username', 'email', 'password', 'is_superuser']
  for (const name of mandatory) call.input.mandatory(name)
  for (const name of mandatory) form.require(name)
  const username = form.text('username', { max: 150 }) ?? ''
  const email = form.text('email', {
    max: 254,
    pattern: /^[^\s@]+@[^\s@]+$/,
    message: 'Enter a valid email address.',
  })
  const password = form.text('password', { max: PASSWORD_CHARACTERS_MAX }) ?? ''
  const isSuperuser = form.flag('is_superuser') ?? false
  form.check()
  const passwordHash = await hashPassword(password)
  const command = { type: 'user.create', username, email: email ?? '', isSuperuser } as const
  const { id } = await call.propose({ ...command, passwordHash })
  return json(renderCreated(call, id, username))
}

function renderCreated(call: Call, id: UserId, username: string) {
  const user = call.after().users.get(id)
  return user === undefined ? { username } : renderUser(user)
}

async function deleteUser(call: Call) {
  const username = call.param('username')
  const to = call.input.text('transfer_resources_to') ?? ''
  if (username === call.user.username) {
    throw new Rejection('BAD_REQUEST', 'An administrator cannot self-delete.')
  }
  if (to === '') await call.propose({ type: 'user.delete', username })
  else await call.propose({ type: 'user.transfer', username, to })
  return NO_CONTENT
}

export const USERS: readonly Resource[] = [
  {
    name: 'UsersHandler',
    path: 'users/',
    doc: 'Manage the user accounts of this region.',
    actions: [
      read('user', 'List users.', async (call) => {
        const { users } = await call.state()
        return json([...users.values()].map(renderUser))
      }),
      create('admin', 'Create a user.', createUser),
      operation('GET', 'whoami', { doc: 'Show the user of the API key in use.' }, async (call) => {
        await call.state()
        return json(renderUser(call.user))
      }),
    ],
  },
  {
    name: 'UserHandler',
    path: 'users/{username}/',
    doc: 'Manage one user account.',
    actions: [
      read('user', 'Show a user.', async (call) => {
        const { usersByUsername } = await call.state()
        const user = usersByUsername.first(call.param('username'))
        if (user === undefined) throw notFound('User')
        return json(renderUser(user))
      }),
      remove('admin', 'Delete a user.', deleteUser),
    ],
  },
]

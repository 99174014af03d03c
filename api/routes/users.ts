// users/: accounts (maas-api §9).
import type { UserId } from '#model/ids.ts'
import { json, NO_CONTENT, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { Form } from '../input.ts'
import { flag, mandatory, text, type Values } from '../params.ts'
import { hashPassword } from '../passwords.ts'
import { renderUser } from '../render/user.ts'
import { create, operation, read, remove, taking, type Resource } from '../resource.ts'

const PASSWORD_CHARACTERS_MAX = 1_024

const USER = {
  username: mandatory(text('Name to log in with.', { max: 150 })),
  email: mandatory(
    text('Where to write to.', {
      ...{ max: 254, pattern: /^[^\s@]+@[^\s@]+$/, message: 'Enter a valid email address.' },
    }),
  ),
  password: mandatory(text('Password.', { max: PASSWORD_CHARACTERS_MAX })),
  is_superuser: mandatory(flag('An administrator.')),
}

const DELETED = {
  transfer_resources_to: text('Name of the user who gets what this one owns.'),
}

async function createUser(call: Call, values: Values<typeof USER>) {
  const form = new Form(call.input)
  for (const name of Object.keys(USER)) call.input.mandatory(name)
  for (const name of Object.keys(USER)) form.require(name)
  form.check()
  const { username = '', email, password = '', is_superuser: isSuperuser = false } = values
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
      taking(USER, (run) => create('admin', 'Create a user.', run), createUser),
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
      taking(DELETED, (run) => remove('admin', 'Delete a user.', run), deleteUser),
    ],
  },
]

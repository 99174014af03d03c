// A user as MAAS shows one (maas-api §8); the password hash stays where it is.
import type { User } from '#state/tables.ts'
import { uri } from './names.ts'

export function renderUser(user: User) {
  return {
    is_superuser: user.isSuperuser,
    username: user.username,
    email: user.email,
    is_local: true,
    resource_uri: uri('users', user.username),
  }
}

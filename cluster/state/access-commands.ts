// The commands about who may come in: users, their public keys, access tokens and login sessions.
import type { AccessTokenId, SshKeyId, SslKeyId, UserId } from '#model/ids.ts'
import type { AccessScope, User } from './tables.ts'

type UserFields = Pick<User, 'username' | 'email' | 'isSuperuser' | 'passwordHash'>

export type AccessCommand =
  /** `user.update` that is refused PRECONDITION_FAILED unless the user is as `expected` says; null: any. */
  | {
      readonly type: 'user.patch'
      readonly id: UserId
      readonly set: Partial<UserFields>
      readonly expected: Pick<UserFields, 'username' | 'email' | 'isSuperuser'> | null
    }
  /** `user.delete` of one who owns things: they become the property of the user `to`. */
  | { readonly type: 'user.transfer'; readonly username: string; readonly to: string }
  | {
      readonly type: 'sshKey.create'
      readonly userId: UserId
      /** One line, as in authorized_keys. */
      readonly key: string
      /** `lp:NAME` or `gh:NAME` where it was taken from there, else ''. */
      readonly keysource: string
    }
  /** All of them or none; those that the user has from there already are left as they are. */
  | {
      readonly type: 'sshKey.import'
      readonly userId: UserId
      readonly keysource: string
      readonly keys: readonly string[]
    }
  | { readonly type: 'sshKey.delete'; readonly id: SshKeyId; readonly userId: UserId }
  /** `key` is a certificate in PEM. */
  | { readonly type: 'sslKey.create'; readonly userId: UserId; readonly key: string }
  | { readonly type: 'sslKey.delete'; readonly id: SslKeyId; readonly userId: UserId }
  | {
      readonly type: 'accessToken.create'
      readonly userId: UserId
      readonly name: string
      /** SHA-256 (hex) of the token. */
      readonly digest: string
      readonly scope: AccessScope
      /** Of log time; null: until it is revoked. */
      readonly lifetimeMs: number | null
    }
  /** `expectedName` null: whatever it is called now. */
  | {
      readonly type: 'accessToken.rename'
      readonly id: AccessTokenId
      readonly userId: UserId
      readonly name: string
      readonly expectedName: string | null
    }
  | { readonly type: 'accessToken.delete'; readonly id: AccessTokenId; readonly userId: UserId }
  /** A user logged in with its password; `digest` is the SHA-256 (hex) of the cookie. */
  | {
      readonly type: 'login.open'
      readonly userId: UserId
      readonly digest: string
      readonly lifetimeMs: number
    }
  | { readonly type: 'login.close'; readonly digest: string }

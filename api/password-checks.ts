// The one door for passwords: limited tries, a few checks at once (each is some 200 ms of a core, which must not
// take the CPU from the Raft loop), and the same time and words for an unknown name as for a wrong password.
import type { Clock, Metrics } from '#model/ports.ts'
import type { Region } from '#node/region.ts'
import type { User } from '#state/tables.ts'
import { Rejection } from './errors.ts'
import { LoginLimits } from './login-limits.ts'
import { verifyPassword } from './passwords.ts'

/** Checks under way; more are told to come back. */
const CHECKS_MAX = 4

export type PasswordChecksOptions = {
  readonly region: Region
  readonly clock: Clock
  readonly metrics: Metrics
}

export class PasswordChecks {
  readonly #options: PasswordChecksOptions
  readonly #limits = new LoginLimits()
  #underWay = 0

  constructor(options: PasswordChecksOptions) {
    this.#options = options
  }

  /** Null: wrong name or password. Throws RATE_LIMITED, OVERLOADED, NO_QUORUM. */
  async userOf(login: {
    readonly username: string
    readonly password: string
    readonly address: string
  }): Promise<User | null> {
    const { username, password, address } = login
    const { region, clock, metrics } = this.#options
    const waitMs = this.#limits.take(username, address, clock.monotonicMs())
    if (waitMs > 0) {
      metrics.count('ironraft_api_logins_total', { result: 'limited' })
      const retryAfterSeconds = Math.ceil(waitMs / 1_000)
      const message = `Too many failed logins; try again in ${retryAfterSeconds} s.`
      throw new Rejection('RATE_LIMITED', message, { retryAfterSeconds })
    }
    const giveBack = (): void => this.#limits.giveBack(username, address, clock.monotonicMs())
    let isRight = false
    let user: User | undefined
    try {
      const { state } = await region.read('linearizable')
      user = state.usersByUsername.first(username)
      isRight = await this.#isRight(password, user?.passwordHash ?? '')
    } catch (error) {
      giveBack()
      throw error
    }
    metrics.count('ironraft_api_logins_total', { result: isRight ? 'right' : 'wrong' })
    if (!isRight || user === undefined) return null
    giveBack()
    return user
  }

  async #isRight(password: string, hash: string): Promise<boolean> {
    if (this.#underWay >= CHECKS_MAX) {
      throw new Rejection('OVERLOADED', 'Too many logins at once; try again shortly.')
    }
    this.#underWay++
    try {
      return await verifyPassword(password, hash)
    } finally {
      this.#underWay--
    }
  }
}

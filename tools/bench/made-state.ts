// A state made by applying commands in one process, and the backup of it that `region restore` takes: the quickest way to a
// region with much in it. What is in it is what the commands leave, not what somebody believes they leave.
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Pace } from '#node/pace.ts'
import { encodeCut } from '#node/snapshots.ts'
import { systemClock } from '#platform/system.ts'
import { apply } from '#state/apply.ts'
import type { Actor, Command } from '#state/command.ts'
import { takeCut } from '#state/cut.ts'
import type { ValueOf } from '#state/outcome.ts'
import { emptyState, type RegionState } from '#state/state.ts'
import { encodeBackup } from '#storage/backup-file.ts'

const MADE_WALL = 1_700_000_000_000

const NOBODY: Actor = {
  ...{ kind: 'system', userId: null, username: '', remoteAddress: '', requestId: '' },
}
export const ADMIN: Actor = {
  ...{ kind: 'user', userId: 1 as never, username: 'admin', remoteAddress: '', requestId: '' },
}

export class MadeState {
  readonly state: RegionState = emptyState()
  #sequence = 1

  /** With a cluster, an administrator (user 1) and a session. */
  constructor() {
    const admin = { username: 'admin', email: '', isSuperuser: true, passwordHash: 'x' }
    const apiKey = { tokenKey: 't', tokenSecret: 's', consumerKey: 'c', name: 'first' }
    const cluster = { clusterId: 'bench', admin, apiKey, joinTokenDigest: 'd' }
    this.send({ type: 'cluster.initialise', ...cluster })
    this.send({ type: 'session.open', id: 's', nodeId: 'a', incarnation: 1 })
  }

  /** A millisecond of log time passes with each. Throws when it is refused. */
  send<C extends Command>(command: C, actor: Actor = NOBODY): ValueOf<C['type']> {
    const isBare = command.type === 'cluster.initialise' || command.type === 'session.open'
    const sequence = this.#sequence
    const request = isBare ? null : { session: 's', sequence, answeredBelow: sequence }
    if (!isBare) this.#sequence++
    const index = this.state.revision + 1
    const envelope = { version: 1, request, wall: MADE_WALL, actor, idempotency: null, command }
    const { outcome } = apply(this.state, envelope as never, { index, stamp: index })
    this.state.journal.take()
    if (!outcome.ok) throw new Error(`${command.type}: ${outcome.message}`)
    return outcome.value as ValueOf<C['type']>
  }

  /** Writes the backup. */
  async write(file: string): Promise<void> {
    const cut = takeCut(this.state)
    const { revision, stamp } = cut
    const header = {
      ...{ clusterId: 'bench', revision, stamp, featureLevel: this.state.featureLevel },
      ...{ createdWall: systemClock.wallMs(), productVersion: 'bench' },
    }
    const chunks = encodeCut(cut, new Pace(systemClock, 50))
    await pipeline(Readable.from(encodeBackup(header, chunks)), createWriteStream(file))
  }
}

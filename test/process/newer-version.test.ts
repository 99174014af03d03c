// A node whose log was written by a newer version ends with one line and exit code 8, and guesses nothing.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { SYSTEM_ACTOR } from '#node/region-node.ts'
import { encodeEnvelope } from '#protocol/envelope.ts'
import type { Command } from '#state/command.ts'
import { openLevelLogStore } from '#storage/level-log-store.ts'
import { makeCluster } from '#tools/make-cluster.ts'
import { freePorts, ironraft, lastLine } from './support/cluster.ts'

t.setTimeout(120_000)

const cases: readonly { readonly name: string; readonly command: object; readonly says: RegExp }[] =
  [
    {
      name: 'an unknown command',
      command: { type: 'machine.fly' },
      says: /^ironraft: Unknown command: machine.fly\.$/,
    },
    {
      name: 'a feature level beyond it',
      command: { type: 'cluster.raiseLevel', level: 99 },
      says: /^ironraft: The cluster is at feature level 99, this version supports up to/,
    },
  ]
for (const { name, command, says } of cases) {
  t.test(`a region that finds ${name} in its log exits with 8`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'ironraft-newer-'))
    t.teardown(() => rm(directory, { recursive: true, force: true }))
    const port = await freePorts(2)
    const layout = { directory, nodeCount: 1, host: '127.0.0.1', apiPort: port, peerPort: port + 1 }
    await makeCluster(layout)
    const node = join(directory, 'node-1')
    await writeLog(node, [initialise, command as Command])
    const ran = await ironraft('region', 'run', '--dir', node)
    t.equal(ran.code, 8, ran.stderr)
    t.match(lastLine(ran.stderr), says)
  })
}

const initialise: Command = {
  type: 'cluster.initialise',
  clusterId: 'c',
  admin: { username: 'admin', email: '', isSuperuser: true, passwordHash: '' },
  apiKey: { tokenKey: 't', tokenSecret: 's', consumerKey: 'c', name: 'k' },
  joinTokenDigest: 'd',
}

/** Committed by the only voter, as far as its log says; all by a session that `session.open` made. */
async function writeLog(node: string, commands: readonly Command[]): Promise<void> {
  const open: Command = { type: 'session.open', id: 's', nodeId: 'n', incarnation: 1 }
  const log = await openLevelLogStore(node)
  const entries = [...commands.slice(0, 1), open, ...commands.slice(1)].map((command, at) => {
    const request = at < 2 ? null : { session: 's', sequence: at, answeredBelow: at }
    const envelope = { version: 1, wall: 1, actor: SYSTEM_ACTOR, idempotency: null } as const
    const data = encodeEnvelope({ ...envelope, request, command })
    return { term: 1, index: at + 1, kind: 'command' as const, stamp: at, data }
  })
  const commitIndex = entries.length
  await log.save({
    hardState: { currentTerm: 1, votedFor: null, commitIndex },
    ...{ entries, snapshot: null },
  })
  await log.close()
}

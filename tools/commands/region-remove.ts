// `ironraft region remove ID`: takes a node out of the cluster for good, also a dead one. Its id is never
// used again. Refused (exit 4) when the rest would be no quorum.
import { openCluster } from '../cluster-session.ts'
import type { Client } from '../client.ts'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'
import { type MemberRow, untilSettled } from '../member-progress.ts'

const TIMEOUT_MS = 60_000

export async function runRemove(args: Arguments, io: Io): Promise<number> {
  const client = await openCluster(args, io)
  const id = args.at(0)
  await client.send({
    method: 'DELETE',
    path: `/api/v1/cluster/members/${encodeURIComponent(id)}`,
  })
  const row = await untilSettled({
    look: () => findMember(client, id),
    wish: 'leave',
    say: (line) => io.error(line),
    timeoutMs: TIMEOUT_MS,
    stopped: io.stopped(),
  })
  const { status } = row
  io.out(args.flag('json') ? JSON.stringify({ id, status }) : `${id} is removed.`)
  return EXIT.ok
}

/** Undefined also when no region answers now: whoever waits looks again. */
export async function findMember(client: Client, id: string): Promise<MemberRow | undefined> {
  type Answer = { readonly members: readonly MemberRow[] }
  const answer = await client.get<Answer>('/api/v1/cluster/members').catch(() => null)
  return answer?.members.find((member) => member.id === id)
}

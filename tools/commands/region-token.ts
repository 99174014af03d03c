// `ironraft region token`: a one-time token with which a region node (or, with --rack, a rack) joins.
import { openCluster } from '../cluster-session.ts'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT, UsageError } from '../exit-codes.ts'

type Made = { readonly token: string; readonly kind: string; readonly lifetime_seconds: number }

export async function runToken(args: Arguments, io: Io): Promise<number> {
  const minutes = args.number('minutes') ?? 0
  if (minutes > 30 * 24 * 60) throw new UsageError('--minutes is at most 43200, thirty days')
  const client = await openCluster(args, io)
  const kind = args.flag('rack') ? 'rack' : 'region'
  const reply = await client.send({
    method: 'POST',
    path: '/api/v1/cluster/tokens',
    json: { kind, lifetime_seconds: minutes * 60 },
  })
  const made = JSON.parse(reply.text) as Made
  if (args.flag('json')) io.out(JSON.stringify(made))
  else {
    const command = kind === 'rack' ? 'ironraft rack start --token' : 'ironraft region join'
    io.error(`Good once, for ${minutes} minutes. On the new host: ${command} TOKEN`)
    io.out(made.token)
  }
  return EXIT.ok
}

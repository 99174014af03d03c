// `ironraft region token`: a one-time token with which a region node (or, with --rack, a rack) joins; and which
// tokens there are, and an end to one of them.
import type { Client } from '../client.ts'
import { openCluster } from '../cluster-session.ts'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { formatTable } from '../output.ts'

type Made = { readonly token: string; readonly kind: string; readonly lifetime_seconds: number }
type Listed = { readonly tokens: readonly Readonly<Record<string, unknown>>[] }

const PATH = '/api/v1/cluster/tokens'
const COLUMNS = ['id', 'kind', 'status', 'one_time', 'remaining_seconds', 'used_by', 'created']

export async function runToken(args: Arguments, io: Io): Promise<number> {
  const revoked = args.text('revoke')
  if (args.flag('list') && revoked !== undefined) {
    throw new UsageError('give --list or --revoke, not both')
  }
  const minutes = args.number('minutes') ?? 0
  if (minutes > 30 * 24 * 60) throw new UsageError('--minutes is at most 43200, thirty days')
  const client = await openCluster(args, io)
  if (args.flag('list')) return list(client, args, io)
  if (revoked !== undefined) return revoke(client, { id: revoked, json: args.flag('json') }, io)
  const kind = args.flag('rack') ? 'rack' : 'region'
  const json = { kind, lifetime_seconds: minutes * 60 }
  const reply = await client.send({ method: 'POST', path: PATH, json })
  const made = JSON.parse(reply.text) as Made
  if (args.flag('json')) io.out(JSON.stringify(made))
  else {
    const command = kind === 'rack' ? 'ironraft rack start --token' : 'ironraft region join'
    io.error(`Good once, for ${minutes} minutes. On the new host: ${command} TOKEN`)
    io.out(made.token)
  }
  return EXIT.ok
}

async function list(client: Client, args: Arguments, io: Io): Promise<number> {
  const { text } = await client.send({ method: 'GET', path: PATH })
  const { tokens } = JSON.parse(text) as Listed
  io.out(args.flag('json') ? JSON.stringify({ tokens }) : formatTable(tokens, COLUMNS))
  return EXIT.ok
}

async function revoke(
  client: Client,
  what: { readonly id: string; readonly json: boolean },
  io: Io,
): Promise<number> {
  const path = `${PATH}/${encodeURIComponent(what.id)}`
  const { text } = await client.send({ method: 'DELETE', path })
  io.out(what.json ? text : `Token ${what.id} admits nobody any more.`)
  return EXIT.ok
}

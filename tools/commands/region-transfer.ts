// `ironraft region transfer [ID]`: hands leadership to a node, or to the most up-to-date one.
import { openCluster } from '../cluster-session.ts'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'

export async function runTransfer(args: Arguments, io: Io): Promise<number> {
  const client = await openCluster(args, io)
  const id = args.at(0)
  const reply = await client.send({
    method: 'POST',
    path: '/api/v1/cluster/transfer',
    json: id === '' ? {} : { to: id },
  })
  const { leader } = JSON.parse(reply.text) as { readonly leader: string }
  io.out(args.flag('json') ? JSON.stringify({ leader }) : `${leader} leads.`)
  return EXIT.ok
}

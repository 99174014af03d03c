// `ironraft region init`: a cluster of one node on a real host. Others will join it with a token.
import { resolve } from 'node:path'
import { UsageError } from '../exit-codes.ts'
import { advertised, bootstrap } from './region-bootstrap.ts'
import type { Arguments, Io } from '../command-line.ts'

export async function runInit(args: Arguments, io: Io): Promise<number> {
  const host = args.text('host')
  if (host === undefined) {
    throw new UsageError('--host is missing: the address of this host that others reach')
  }
  return bootstrap(
    {
      directory: resolve(io.cwd, args.text('dir') ?? ''),
      nodeCount: 1,
      host,
      apiPort: args.number('api-port') ?? 0,
      peerPort: args.number('peer-port') ?? 0,
      advertise: advertised(args),
    },
    { detach: args.flag('detach'), json: args.flag('json') },
    io,
  )
}

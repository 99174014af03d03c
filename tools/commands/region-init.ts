// `ironraft region init`: a cluster of one node on a real host. Others will join it with a token.
import { bootstrap } from './region-bootstrap.ts'
import { layoutOf } from './layout-options.ts'
import type { Arguments, Io } from '../command-line.ts'

export async function runInit(args: Arguments, io: Io): Promise<number> {
  const how = { detach: args.flag('detach'), json: args.flag('json') }
  return bootstrap(layoutOf(args, io, 1), how, io)
}

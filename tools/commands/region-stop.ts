// `ironraft region stop`: ends the nodes of a data directory, gracefully. Fine to run when none is running.
import { resolve } from 'node:path'
import { expectCluster } from '../cluster-directory.ts'
import { EXIT } from '../exit-codes.ts'
import { takeDown } from '../run-cluster.ts'
import type { Arguments, Io } from '../command-line.ts'

export async function runStop(args: Arguments, io: Io): Promise<number> {
  const directory = resolve(io.cwd, args.text('dir') ?? '')
  const cluster = await expectCluster(directory)
  const stopped = await takeDown(directory, cluster)
  if (args.flag('json')) io.out(JSON.stringify({ cluster_id: cluster.clusterId, stopped }))
  else io.out(stopped === 1 ? '1 region node stopped.' : `${stopped} region nodes stopped.`)
  return EXIT.ok
}

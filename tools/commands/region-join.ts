// `ironraft region join TOKEN`: one more region node, on this host. It catches up as a learner and returns
// (or goes on in the foreground) when it is a voter that the others reach and that is well. Safe to run again.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { NodeFile } from '#node/node-file.ts'
import { parseToken, type RackToken } from '#protocol/token.ts'
import { Client } from '../client.ts'
import type { ClusterFile } from '../cluster-directory.ts'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { makeJoiner } from '../make-joiner.ts'
import type { Layout } from '../make-cluster.ts'
import { untilSettled } from '../member-progress.ts'
import { bringUp, takeDown, type RunningCluster } from '../run-cluster.ts'
import { layoutOf } from './layout-options.ts'
import { bootstrapNodes, untilStopped } from './region-bootstrap.ts'
import { findMember } from './region-remove.ts'

/** The cluster gives a join up after ten minutes; a little more, to hear so. */
const JOIN_MS = 660_000
/** Of a voter, until the others reach it and it is sure of its disk: seconds. */
const TAKE_PART_MS = 60_000

export async function runJoin(args: Arguments, io: Io): Promise<number> {
  const layout = layoutOf(args, io, 1)
  const token = args.at(0) === '' ? null : parseToken(args.at(0))
  const stopped = io.stopped()
  const say = (line: string): void => io.error(line)
  const running = await bringUp(layout, stopped, (empty) => make(empty, token, say))
  expectJoined(running.cluster, token)
  await untilVoter(running, io, stopped)
  const [node] = bootstrapNodes(running)
  const { clusterId } = running.cluster
  const text = `${node?.id} is a voter of cluster ${clusterId}: ${node?.api_url}`
  io.out(args.flag('json') ? JSON.stringify({ cluster_id: clusterId, node }) : text)
  if (args.flag('detach')) return EXIT.ok
  await untilStopped(running, stopped, io)
  await takeDown(layout.directory, running.cluster)
  return EXIT.ok
}

function make(
  layout: Layout,
  token: RackToken | null,
  say: (line: string) => void,
): Promise<ClusterFile> {
  if (token !== null) return makeJoiner(layout, token, say)
  throw new UsageError('TOKEN is missing: `ironraft region token` makes one on a region')
}

function expectJoined(cluster: ClusterFile, token: RackToken | null): void {
  if (token === null || token.clusterId === cluster.clusterId) return
  const text = `The directory holds a node of cluster ${cluster.clusterId}, the token is of another.`
  throw new AppError('DIRECTORY_IN_USE', text)
}

/** The node itself ends when the cluster gives it up; the others can still say why. */
async function untilVoter(running: RunningCluster, io: Io, stopped: AbortSignal): Promise<void> {
  const [node] = running.nodes
  if (node === undefined) throw new AppError('INTERNAL', 'The directory holds no node.')
  const text = await readFile(join(node.directory, 'node.json'), 'utf8')
  const { peers } = JSON.parse(text) as NodeFile
  // The others first: a node that is behind does not know its own row yet.
  const others = peers.map(({ apiUrl }) => apiUrl).filter((url) => url !== node.apiUrl)
  const client = new Client({ urls: [...others, node.apiUrl], apiKey: null, timeoutMs: 2_000 })
  const waiting = {
    look: () => findMember(client, node.id),
    say: (line: string) => io.error(line),
    stopped,
  }
  await untilSettled({ ...waiting, wish: 'join', timeoutMs: JOIN_MS })
  // Who removes another node next must not be refused because nobody has heard of this one yet.
  await untilSettled({ ...waiting, wish: 'take part', timeoutMs: TAKE_PART_MS })
}

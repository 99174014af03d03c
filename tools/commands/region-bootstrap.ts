// `ironraft region bootstrap`: a whole cluster on one host. The JSON is a contract (design §4).
import { madeBy } from '../cluster-directory.ts'
import { EXIT } from '../exit-codes.ts'
import { bringUp, takeDown, type RunningCluster } from '../run-cluster.ts'
import type { Arguments, Io } from '../command-line.ts'
import type { Layout } from '../make-cluster.ts'
import { layoutOf } from './layout-options.ts'

export async function runBootstrap(args: Arguments, io: Io): Promise<number> {
  const layout = layoutOf(args, io, args.number('nodes') ?? 3)
  return bootstrap(layout, { detach: args.flag('detach'), json: args.flag('json') }, io)
}

export async function bootstrap(
  layout: Layout,
  how: { readonly detach: boolean; readonly json: boolean },
  io: Io,
): Promise<number> {
  const stopped = io.stopped()
  const running = await bringUp(layout, stopped)
  // Last on standard output: whatever else is said goes to standard error.
  io.out(how.json ? JSON.stringify(bootstrapJson(running)) : describeCluster(running))
  for (const failure of running.failures) io.error(`ironraft: ${failure}`)
  if (how.detach) return running.failures.length === 0 ? EXIT.ok : EXIT.error
  if (!how.json) io.out('Ctrl-C stops it.')
  await untilStopped(running, stopped, io)
  await takeDown(layout.directory, running.cluster)
  return EXIT.ok
}

export function bootstrapJson({ cluster, nodes }: RunningCluster) {
  const { admin, rackToken } = madeBy(cluster)
  const { username, password, apiKey } = admin
  return {
    cluster_id: cluster.clusterId,
    nodes: bootstrapNodes({ nodes }),
    admin: { username, password, api_key: apiKey },
    rack_token: rackToken,
  }
}

export function bootstrapNodes({ nodes }: Pick<RunningCluster, 'nodes'>) {
  return nodes.map((node) => ({
    id: node.id,
    pid: node.pid,
    api_url: node.apiUrl,
    peer_address: node.peerAddress,
    data_dir: node.directory,
  }))
}

export function describeCluster({ cluster, nodes }: RunningCluster): string {
  const { admin, rackToken } = madeBy(cluster)
  return [
    `Cluster ${cluster.clusterId} is ready.`,
    ...nodes.map(
      (node) => `  ${node.id}  ${node.apiUrl}  pid ${node.pid ?? 'none'}  ${node.directory}`,
    ),
    `Administrator: ${admin.username}, password ${admin.password}`,
    `API key: ${admin.apiKey}`,
    `Rack token: ${rackToken}`,
  ].join('\n')
}

/** A node that ends is reported and left alone: the others go on without it. */
export async function untilStopped(
  { started }: RunningCluster,
  stopped: AbortSignal,
  io: Io,
): Promise<void> {
  // The children are not waited for by the event loop; this timer keeps it running.
  const timer = setInterval(() => {}, 60_000)
  for (const node of started) {
    void node.ended.then((how) => {
      if (!stopped.aborted) io.error(`ironraft: ${node.directory} ended (${how})`)
    })
  }
  await new Promise((resolve) => {
    if (stopped.aborted) resolve(null)
    stopped.addEventListener('abort', resolve, { once: true })
  })
  clearInterval(timer)
}

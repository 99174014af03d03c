// P5 on both sides: ours as it ships, etcd with its defaults.
import { join } from 'node:path'
import { authorization, type Cluster, leaderOf, startCluster, stopCluster } from './cluster.ts'
import { type Etcd, startEtcd } from './etcd.ts'
import { failovers, type FailoverSide, writeOnce } from './failover.ts'
import type { BenchOptions, Measured } from './main.ts'

export async function measureFailover(options: BenchOptions): Promise<readonly Measured[]> {
  if (!options.only.has('P5')) return []
  const directory = join(options.directory, 'failover')
  let cluster = await startCluster(directory)
  options.say(`P5: ${options.failovers} kills of our leader`)
  const ours = await failovers(
    ourSide(
      () => cluster,
      async () => {
        cluster = await startCluster(directory)
      },
    ),
    options.failovers,
  )
  await stopCluster(directory)
  options.say(`P5 ours: ${ours.join(' ')}`)
  const peer = options.peer ? await etcdFailovers(options) : null
  const shared = { id: 'P5', unit: 'ms', peerName: 'etcd' }
  const worst = (times: readonly number[]): readonly number[] => [times.at(-1) ?? 0]
  return [
    { ...shared, what: 'kill -9 of the leader → next acknowledged write', ours, peer },
    { ...shared, what: '… the worst', ours: worst(ours), peer: peer && worst(peer) },
  ]
}

function ourSide(cluster: () => Cluster, restart: () => Promise<void>): FailoverSide {
  let nonce = 0
  return {
    settleMs: 1_500,
    leader: async () => {
      const leader = await leaderOf(cluster())
      return cluster().nodes.findIndex(({ id }) => id === leader)
    },
    kill: (position) => process.kill(cluster().nodes[position]?.pid ?? 0, 'SIGKILL'),
    restart,
    write: (position) =>
      writeOnce({
        url: `${cluster().nodes[position]?.api_url}/api/v1/settings/bench%2Ffailover`,
        method: 'PUT',
        headers: {
          'content-type': 'application/json',
          authorization: authorization(cluster().apiKey)
            .replace('{nonce}', `f${process.pid}-${nonce++}`)
            .replace('{now}', String(Math.floor(Date.now() / 1_000))),
        },
        body: '{"value":"x"}',
      }),
  }
}

async function etcdFailovers(options: BenchOptions): Promise<readonly number[]> {
  const etcd: Etcd = await startEtcd(options.directory)
  const body = '{"key":"Zg==","value":"eA=="}'
  try {
    const times = await failovers(
      {
        settleMs: 2_000,
        leader: etcd.leader,
        kill: (position) => void etcd.processes[position]?.kill('SIGKILL'),
        restart: async (position) => etcd.restart(position),
        write: (position) =>
          writeOnce({
            url: `${etcd.origins[position]}/v3/kv/put`,
            method: 'POST',
            headers: {},
            body,
          }),
      },
      options.failovers,
    )
    options.say(`P5 etcd: ${times.join(' ')}`)
    return times
  } finally {
    await etcd.stop()
  }
}

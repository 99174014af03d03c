// P5 on both sides: ours as it ships, etcd with its defaults.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { authorization, type Cluster, leaderOf, startCluster, stopCluster } from './cluster.ts'
import { type Etcd, startEtcd } from './etcd.ts'
import { failovers, type FailoverSide, gracefulStops, writeOnce } from './failover.ts'
import type { BenchOptions, Measured } from './main.ts'

type Times = { readonly kills: readonly number[]; readonly stops: readonly number[] }

export async function measureFailover(options: BenchOptions): Promise<readonly Measured[]> {
  if (!options.only.has('P5')) return []
  const ours = await ourFailovers(options)
  const peer = options.peer ? await etcdFailovers(options) : null
  return [
    ...rowsOf('kill -9 of the leader → next acknowledged write', ours.kills, peer?.kills),
    ...rowsOf('SIGTERM of the leader → longest without one', ours.stops, peer?.stops),
  ]
}

function rowsOf(
  what: string,
  ours: readonly number[],
  peer: readonly number[] | undefined,
): readonly Measured[] {
  const row = (name: string, of: (sorted: readonly number[]) => readonly number[]): Measured => {
    const theirs = peer === undefined ? null : of(peer)
    return { id: 'P5', what: name, unit: 'ms', ours: of(ours), peer: theirs, peerName: 'etcd' }
  }
  return [
    row(`${what}, ${ours.length} times`, (all) => all),
    row('… p99', (all) => [all[Math.ceil(all.length * 0.99) - 1] ?? 0]),
    row('… the worst', (all) => [all.at(-1) ?? 0]),
  ]
}

async function ourFailovers({ directory: parent, failovers: rounds, say }: BenchOptions) {
  const directory = join(parent, 'failover')
  let cluster = await startCluster(directory)
  const restart = async (): Promise<void> => {
    cluster = await startCluster(directory)
  }
  const side = ourSide(() => cluster, restart)
  try {
    return await bothEnds('ours', side, { rounds, say })
  } finally {
    await stopCluster(directory)
  }
}

async function bothEnds(
  name: string,
  side: FailoverSide,
  { rounds, say }: { readonly rounds: number; readonly say: (line: string) => void },
): Promise<Times> {
  say(`P5: ${rounds} kills and as many stops of the leader, ${name}`)
  const kills = await failovers(side, rounds)
  say(`P5 ${name}, killed: ${kills.join(' ')}`)
  const stops = await gracefulStops(side, rounds)
  say(`P5 ${name}, stopped: ${stops.join(' ')}`)
  return { kills, stops }
}

function ourSide(cluster: () => Cluster, restart: () => Promise<void>): FailoverSide {
  let nonce = 0
  const pidAt = (position: number): number => {
    const node = cluster().nodes[position]
    if (node === undefined) throw new Error(`there is no node ${position}`)
    return node.pid
  }
  return {
    settleMs: 1_500,
    leader: async () => {
      const leader = await leaderOf(cluster())
      return cluster().nodes.findIndex(({ id }) => id === leader)
    },
    kill: (position, signal) => void process.kill(pidAt(position), signal),
    isGone: (position) => hasEnded(pidAt(position)),
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

/** Also when nobody has collected it yet. */
function hasEnded(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return true
  }
}

async function etcdFailovers({ directory, failovers: rounds, say }: BenchOptions): Promise<Times> {
  const etcd: Etcd = await startEtcd(directory)
  const body = '{"key":"Zg==","value":"eA=="}'
  const side: FailoverSide = {
    settleMs: 2_000,
    leader: etcd.leader,
    kill: (position, signal) => void etcd.processes[position]?.kill(signal),
    isGone: (position) => {
      const process = etcd.processes[position]
      return process === undefined || process.exitCode !== null || process.signalCode !== null
    },
    restart: async (position) => etcd.restart(position),
    write: (position) =>
      writeOnce({
        url: `${etcd.origins[position]}/v3/kv/put`,
        ...{ method: 'POST', headers: {}, body },
      }),
  }
  try {
    return await bothEnds('etcd', side, { rounds, say })
  } finally {
    await etcd.stop()
  }
}

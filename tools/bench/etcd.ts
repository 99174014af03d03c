// The peer: three etcd nodes on loopback from Debian's etcd-server, with its defaults, and a gRPC client of
// the two calls we compare with (hand-coded protobuf over Node's http2, as there is no other dependency).
import { spawn, type ChildProcess } from 'node:child_process'
import { rm } from 'node:fs/promises'
import http2 from 'node:http2'
import { join } from 'node:path'
import { summarise, type LoadResult } from './http-load.ts'

export type Etcd = {
  /** Gateway origins, one a node. */
  readonly origins: readonly string[]
  readonly processes: readonly ChildProcess[]
  /** Position of the leader. */
  readonly leader: () => Promise<number>
  readonly restart: (position: number) => void
  readonly stop: () => Promise<void>
}

const CLIENT_PORT = 23791
const PEER_PORT = 23801

export async function startEtcd(directory: string): Promise<Etcd> {
  const names = [0, 1, 2].map((i) => `n${i}=http://127.0.0.1:${PEER_PORT + i}`).join(',')
  const launch = (i: number, state: 'new' | 'existing'): ChildProcess =>
    spawn(
      'etcd',
      [
        ...['--name', `n${i}`, '--data-dir', join(directory, `etcd-${i}`)],
        ...['--listen-peer-urls', `http://127.0.0.1:${PEER_PORT + i}`],
        ...['--initial-advertise-peer-urls', `http://127.0.0.1:${PEER_PORT + i}`],
        ...['--listen-client-urls', `http://127.0.0.1:${CLIENT_PORT + i}`],
        ...['--advertise-client-urls', `http://127.0.0.1:${CLIENT_PORT + i}`],
        ...['--initial-cluster', names, '--initial-cluster-state', state],
        ...['--logger', 'zap', '--log-level', 'error'],
      ],
      { stdio: 'ignore' },
    )
  const processes = [0, 1, 2].map((i) => launch(i, 'new'))
  const origins = [0, 1, 2].map((i) => `http://127.0.0.1:${CLIENT_PORT + i}`)
  const etcd: Etcd = {
    origins,
    processes,
    leader: () => findLeader(origins),
    restart: (position) => {
      processes[position] = launch(position, 'existing')
    },
    stop: async () => {
      for (const process of processes) process.kill('SIGKILL')
      for (const i of [0, 1, 2]) {
        await rm(join(directory, `etcd-${i}`), { recursive: true, force: true })
      }
    },
  }
  await etcd.leader()
  return etcd
}

async function findLeader(origins: readonly string[]): Promise<number> {
  const deadline = performance.now() + 20_000
  while (performance.now() < deadline) {
    for (const [position, origin] of origins.entries()) {
      try {
        const response = await fetch(`${origin}/v3/maintenance/status`, {
          method: 'POST',
          body: '{}',
          signal: AbortSignal.timeout(500),
        })
        const status = (await response.json()) as {
          readonly leader?: string
          readonly header: { readonly member_id: string }
        }
        if (status.leader === status.header.member_id) return position
      } catch {
        // Not up yet, or just killed.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('etcd has no leader after 20 s')
}

/** `Put` of `valueBytes` over gRPC, closed loop, `clients` over 4 connections to one node. */
async function grpcPuts(options: {
  readonly origin: string
  readonly clients: number
  readonly valueBytes: number
  readonly warmSeconds: number
  readonly seconds: number
}): Promise<LoadResult> {
  const sessions = Array.from({ length: Math.min(4, options.clients) }, () =>
    http2.connect(options.origin),
  )
  const value = Buffer.alloc(options.valueBytes, 'v')
  const latencies: number[] = []
  let errors = 0
  let key = 0
  let phase: 'warm' | 'measure' | 'stop' = 'warm'
  const put = (position: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const stream = sessions[position % sessions.length]?.request({
        ':method': 'POST',
        ':path': '/etcdserverpb.KV/Put',
        'content-type': 'application/grpc',
        te: 'trailers',
      })
      if (stream === undefined) throw new Error('no session')
      let ok = false
      stream.on('trailers', (trailers) => {
        ok = trailers['grpc-status'] === '0'
      })
      stream.resume()
      stream.on('end', () => (ok ? resolve() : reject(new Error('grpc'))))
      stream.on('error', reject)
      const name = Buffer.from(`/bench/k${key++ % 1_000}`)
      stream.end(grpcFrame(Buffer.concat([field(1, name), field(2, value)])))
    })
  const client = async (position: number): Promise<void> => {
    while (phase !== 'stop') {
      const began = performance.now()
      try {
        await put(position)
        if (phase === 'measure') latencies.push(performance.now() - began)
      } catch {
        if (phase === 'measure') errors++
      }
    }
  }
  const clients = Array.from({ length: options.clients }, (_, position) => client(position))
  await new Promise((resolve) => setTimeout(resolve, options.warmSeconds * 1_000))
  phase = 'measure'
  await new Promise((resolve) => setTimeout(resolve, options.seconds * 1_000))
  phase = 'stop'
  await Promise.all(clients)
  for (const session of sessions) session.destroy()
  return summarise(latencies, options.seconds, errors)
}

/** One length-delimited protobuf field. */
function field(number: number, bytes: Buffer): Buffer {
  const length: number[] = []
  for (let rest = bytes.length; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest)
      break
    }
    length.push((rest & 127) | 128)
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes])
}

function grpcFrame(message: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(message.length, 1)
  return Buffer.concat([header, message])
}

if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? '{}') as Parameters<typeof grpcPuts>[0]
  process.stdout.write(`${JSON.stringify(await grpcPuts(options))}\n`)
  process.exit(0)
}

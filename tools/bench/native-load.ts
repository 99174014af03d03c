// P2 and P3 on our side: durable commands through the framed mTLS link that racks use, straight to one region.
// The command is an event whose text has `valueBytes` bytes, which a rack may record: committed by a quorum.
import { makeSystemId, type SystemId } from '#model/ids.ts'
import { systemRandom } from '#platform/system.ts'
import type { RegionToRack } from '#protocol/rack.ts'
import { parseHostPort, parseToken } from '#protocol/token.ts'
import { enroll } from '#rack/enroll.ts'
import { connectRegion } from '#rack/region-connection.ts'
import { summarise, type LoadResult } from './http-load.ts'

export type NativeJob = {
  readonly token: string
  readonly peerAddress: string
  readonly clients: number
  readonly warmSeconds: number
  readonly seconds: number
  readonly valueBytes: number
}

const CONNECTIONS_MAX = 4

async function load(job: NativeJob): Promise<LoadResult> {
  const links = await Promise.all(
    Array.from({ length: Math.min(CONNECTIONS_MAX, job.clients) }, () => openLink(job)),
  )
  const description = 'v'.repeat(job.valueBytes)
  const latencies: number[] = []
  let errors = 0
  let phase: 'warm' | 'measure' | 'stop' = 'warm'
  const client = async (position: number): Promise<void> => {
    const link = links[position % links.length]
    while (phase !== 'stop' && link !== undefined) {
      const began = performance.now()
      const ok = await link.request(description)
      if (phase !== 'measure') continue
      if (ok) latencies.push(performance.now() - began)
      else errors++
    }
  }
  const clients = Array.from({ length: job.clients }, (_, position) => client(position))
  await new Promise((resolve) => setTimeout(resolve, job.warmSeconds * 1_000))
  phase = 'measure'
  const began = performance.now()
  await new Promise((resolve) => setTimeout(resolve, job.seconds * 1_000))
  const seconds = (performance.now() - began) / 1_000
  phase = 'stop'
  await Promise.all(clients)
  for (const link of links) link.close()
  return summarise(latencies, seconds, errors)
}

async function openLink(job: NativeJob) {
  const token = parseToken(job.token)
  const address = parseHostPort(job.peerAddress)
  if (address === undefined) throw new Error('the peer address is malformed')
  const rackId: SystemId = makeSystemId(systemRandom.integer)
  const { secret, caFingerprint } = token
  const identity = { rackId, hostname: 'bench', secret, caFingerprint, timeoutMs: 5_000 }
  const credentials = await enroll({ ...address, ...identity })
  const waiting = new Map<number, (ok: boolean) => void>()
  const onMessage = (message: RegionToRack): void => {
    if (message.type !== 'reply') return
    waiting.get(message.id)?.(message.reply.ok && message.reply.outcome.ok)
    waiting.delete(message.id)
  }
  const connection = await connectRegion({
    credentials: { ...credentials, incarnation: 1 },
    ...address,
    timeoutMs: 5_000,
    onMessage,
    onClose: () => {
      for (const settle of waiting.values()) settle(false)
    },
  })
  let id = 0
  const request = (description: string): Promise<boolean> =>
    new Promise((resolve) => {
      waiting.set(++id, resolve)
      connection.send({
        type: 'request',
        id,
        command: {
          ...{ type: 'event.record', systemId: null, username: 'bench', level: 'DEBUG' },
          ...{ eventType: 'bench', description },
        },
      })
    })
  return { request, close: () => connection.close() }
}

if (import.meta.main) {
  const result = await load(JSON.parse(process.argv[2] ?? '{}') as NativeJob)
  process.stdout.write(`${JSON.stringify(result)}\n`)
  process.exit(0)
}

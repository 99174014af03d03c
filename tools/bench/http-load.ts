// Closed-loop HTTP load, run as a process of its own so that the client's CPU is not the server's. The same
// code drives both sides of a comparison. Reads one JSON job from argv, prints one JSON result.
import http from 'node:http'

export type HttpJob = {
  /** Origins; clients are spread over them. */
  readonly origins: readonly string[]
  readonly method: string
  /** `{k}` is replaced by a key number below `keys`. */
  readonly path: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly clients: number
  readonly warmSeconds: number
  readonly seconds: number
  readonly keys: number
}

export type LoadResult = {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errors: number
}

export function summarise(latencies: number[], seconds: number, errors: number): LoadResult {
  latencies.sort((a, b) => a - b)
  const quantile = (q: number): number => {
    const value = latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))]
    return Math.round((value ?? 0) * 1_000) / 1_000
  }
  const perSecond = Math.round(latencies.length / seconds)
  return { perSecond, p50Ms: quantile(0.5), p99Ms: quantile(0.99), errors }
}

let nonce = 0

/** A fresh nonce and the time of day in an OAuth header, as a real client sends them. */
function sign(headers: Readonly<Record<string, string>>): Record<string, string> {
  const authorization = headers['authorization']
  if (authorization === undefined) return { ...headers }
  return {
    ...headers,
    authorization: authorization
      .replace('{nonce}', `${process.pid}-${nonce++}`)
      .replace('{now}', String(Math.floor(Date.now() / 1_000))),
  }
}

async function load(job: HttpJob): Promise<LoadResult> {
  const agents = job.origins.map(
    () => new http.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY }),
  )
  const latencies: number[] = []
  let errors = 0
  let key = 0
  let phase: 'warm' | 'measure' | 'stop' = 'warm'

  const request = (position: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const which = position % job.origins.length
      const number = String(key++ % job.keys)
      const url = new URL(job.path.replaceAll('{k}', number), job.origins[which])
      const body = job.body.replaceAll('{k}', Buffer.from(`/bench/k${number}`).toString('base64'))
      const headers = { ...sign(job.headers), 'content-length': Buffer.byteLength(body) }
      const agent = agents[which]
      const sent = http.request(
        url,
        { method: job.method, headers, ...(agent === undefined ? {} : { agent }) },
        (response) => {
          response.resume()
          response.on('end', () => {
            const status = response.statusCode ?? 0
            if (status >= 200 && status < 300) resolve()
            else reject(new Error(`status ${status}`))
          })
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })

  const client = async (position: number): Promise<void> => {
    while (phase !== 'stop') {
      const began = performance.now()
      try {
        await request(position)
        if (phase === 'measure') latencies.push(performance.now() - began)
      } catch {
        if (phase === 'measure') errors++
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
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
  return summarise(latencies, seconds, errors)
}

if (import.meta.main) {
  const result = await load(JSON.parse(process.argv[2] ?? '{}') as HttpJob)
  process.stdout.write(`${JSON.stringify(result)}\n`)
  process.exit(0)
}

// P5: SIGKILL of the leader → next write acknowledged by a survivor. Probes start every 10 ms on both
// survivors, as a crowd of clients would; what counts is the first success.
import http from 'node:http'

export type FailoverSide = {
  /** Position of the leader now. */
  readonly leader: () => Promise<number>
  readonly kill: (position: number) => void
  readonly restart: (position: number) => Promise<void>
  /** One write at a node; resolves true when it was acknowledged. */
  readonly write: (position: number) => Promise<boolean>
  /** Rest before each kill, so that the cluster is settled. */
  readonly settleMs: number
}

export async function failovers(side: FailoverSide, rounds: number): Promise<readonly number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    await until(() => Promise.all([0, 1, 2].map(side.write)).then((all) => all.every(Boolean)))
    await new Promise((resolve) => setTimeout(resolve, side.settleMs + (round % 10) * 13))
    const leader = await side.leader()
    times.push(await oneFailover(side, leader))
    await side.restart(leader)
  }
  return times.toSorted((a, b) => a - b)
}

function oneFailover(side: FailoverSide, leader: number): Promise<number> {
  const survivors = [0, 1, 2].filter((position) => position !== leader)
  return new Promise((resolve, reject) => {
    side.kill(leader)
    const began = performance.now()
    const end = (): void => {
      clearInterval(timer)
      resolve(Math.round(performance.now() - began))
    }
    const timer = setInterval(() => {
      if (performance.now() - began > 30_000) {
        clearInterval(timer)
        reject(new Error('no write was acknowledged within 30 s of the leader’s death'))
      }
      for (const survivor of survivors) {
        side.write(survivor).then(
          (ok) => ok && end(),
          () => {},
        )
      }
    }, 10)
  })
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await condition().catch(() => false))) {
    if (performance.now() > deadline) throw new Error('the cluster did not become writable in 30 s')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** One HTTP write on a connection of its own; false on any failure. */
export function writeOnce(options: {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}): Promise<boolean> {
  return new Promise((resolve) => {
    const { url, method, body } = options
    const headers = { ...options.headers, 'content-length': Buffer.byteLength(body) }
    const request = http.request(
      url,
      { method, headers, agent: false, timeout: 3_000 },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode === 200 || answer.statusCode === 204))
      },
    )
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
    request.end(body)
  })
}

// P5: SIGKILL of the leader → next write acknowledged by a survivor; and SIGTERM of it → the longest time in which
// no write was acknowledged, until it had ended. Probes start every 10 ms on both survivors, as a crowd of
// clients would.
import http from 'node:http'

export type FailoverSide = {
  /** Position of the leader now. */
  readonly leader: () => Promise<number>
  readonly kill: (position: number, signal: 'SIGKILL' | 'SIGTERM') => void
  readonly isGone: (position: number) => boolean
  readonly restart: (position: number) => Promise<void>
  /** One write at a node; resolves true when it was acknowledged. */
  readonly write: (position: number) => Promise<boolean>
  /** Rest before each kill, so that the cluster is settled. */
  readonly settleMs: number
}

const PROBE_MS = 10
/** Still looked at once the leader has ended: its end may be what a write waits for. */
const AFTER_MS = 300
const GIVE_UP_MS = 30_000

/** Sorted, ms. */
export function failovers(side: FailoverSide, rounds: number): Promise<readonly number[]> {
  return repeated(side, rounds, oneFailover)
}

/** Sorted, ms. */
export function gracefulStops(side: FailoverSide, rounds: number): Promise<readonly number[]> {
  return repeated(side, rounds, oneStop)
}

async function repeated(
  side: FailoverSide,
  rounds: number,
  measure: (side: FailoverSide, leader: number) => Promise<number>,
): Promise<readonly number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    await until(() => Promise.all([0, 1, 2].map(side.write)).then((all) => all.every(Boolean)))
    await new Promise((resolve) => setTimeout(resolve, side.settleMs + (round % 10) * 13))
    const leader = await side.leader()
    times.push(await measure(side, leader))
    await side.restart(leader)
  }
  return times.toSorted((a, b) => a - b)
}

async function oneFailover(side: FailoverSide, leader: number): Promise<number> {
  side.kill(leader, 'SIGKILL')
  const began = performance.now()
  let first = Number.NaN
  await probeUntil(side, leader, () => {
    first = performance.now() - began
    return true
  })
  return Math.round(first)
}

/** Longest time between two acknowledgements. The leader may go on with its work for a moment: no first one counts. */
async function oneStop(side: FailoverSide, leader: number): Promise<number> {
  side.kill(leader, 'SIGTERM')
  let last = performance.now()
  let longest = 0
  let goneAt = Number.POSITIVE_INFINITY
  await probeUntil(side, leader, () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (goneAt === Number.POSITIVE_INFINITY && side.isGone(leader)) goneAt = now
    return now > goneAt + AFTER_MS
  })
  return Math.round(longest)
}

/** `onAcknowledged` says after each acknowledged write whether that was enough. */
function probeUntil(
  side: FailoverSide,
  leader: number,
  onAcknowledged: () => boolean,
): Promise<void> {
  const survivors = [0, 1, 2].filter((position) => position !== leader)
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      if (performance.now() - began > GIVE_UP_MS) {
        clearInterval(timer)
        reject(new Error('the survivors did not go on within 30 s of the leader’s end'))
      }
      for (const survivor of survivors) {
        side.write(survivor).then(
          (ok) => {
            if (!ok || !onAcknowledged()) return
            clearInterval(timer)
            resolve()
          },
          () => {},
        )
      }
    }, PROBE_MS)
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

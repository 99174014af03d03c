// `--wait`: a write is durable when it is answered, and the region that answered has it; this waits until every other
// region that can be reached has applied it too, so that DNS and stale reads there show it.
import { AppError } from '#model/errors.ts'
import type { Client } from './client.ts'

const PAUSE_MS = 100

type Cluster = {
  readonly nodes: readonly {
    readonly id: string
    readonly reachable: boolean
    readonly applied: number | null
  }[]
}

/** Throws TIMEOUT, naming who has not applied `revision` in time. */
export async function waitForAll(client: Client, revision: number, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const { nodes } = await client.get<Cluster>('/api/v1/cluster')
    const behind = nodes.filter(({ reachable, applied }) => reachable && (applied ?? 0) < revision)
    if (behind.length === 0) return
    if (performance.now() >= deadline) {
      const names = behind.map(({ id }) => id).join(', ')
      throw new AppError('TIMEOUT', `It is done, but ${names} did not apply it in time.`)
    }
    await new Promise((next) => setTimeout(next, PAUSE_MS))
  }
}

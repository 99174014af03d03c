// The event stream of a cluster as a client sees it: JSON lines of one region, and of the next one when it dies.
import type { Client } from './client.ts'

export type ChangeLine = {
  readonly revision: number
  /** Tables with changes; empty for a reset. */
  readonly tables: readonly string[]
  /** The state jumped: everything has to be read anew. */
  readonly reset: boolean
}

type Line = {
  readonly revision?: number
  readonly reset?: { readonly revision: number }
  readonly changes?: readonly { readonly table: string }[]
}

/** A region says something every 15 s; one that is silent for this long is not there any more, ms. */
const SILENCE_MS = 40_000

/**
 * What happened after revision `since`. Ends when the connection does: call again with the last revision, another
 * region answers then. Throws ApiError (410: compacted; 403: no superuser) and AppError when no region answers.
 */
export async function* changesAfter(
  client: Client,
  since: number,
  stopped: AbortSignal,
): AsyncGenerator<ChangeLine> {
  const connection = new AbortController()
  const signal = AbortSignal.any([stopped, connection.signal])
  const response = await client.open('/api/v1/events', { since }, signal)
  const timer = setTimeout(() => connection.abort(), SILENCE_MS)
  try {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const bytes of response.body ?? []) {
      timer.refresh()
      const lines = (rest + decoder.decode(bytes as Uint8Array, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') yield parseLine(line)
    }
  } catch (error) {
    if (!isBroken(error)) throw error
  } finally {
    clearTimeout(timer)
    connection.abort()
  }
}

/** A region that died or a stop: the stream is over, which is what the caller learns. */
function isBroken(error: unknown): boolean {
  return (
    error instanceof TypeError || (error instanceof DOMException && error.name === 'AbortError')
  )
}

function parseLine(line: string): ChangeLine {
  const { revision, reset, changes = [] } = JSON.parse(line) as Line
  if (reset !== undefined) return { revision: reset.revision, tables: [], reset: true }
  return { revision: revision ?? 0, tables: changes.map(({ table }) => table), reset: false }
}

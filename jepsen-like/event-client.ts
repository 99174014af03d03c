// One connection to the event stream of a region, as JSON lines, until it ends. A stream that is silent for
// longer than its heartbeat is taken for dead: through a cut nothing else tells.
import { createHash } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import { authorization } from '../tools/client.ts'

/** The region sends an empty line every 15 s; we write marks several times a second. */
const SILENCE_MS = 4_000
const LINE_CHARACTERS_MAX = 4 << 20

export type EventsOptions = {
  readonly url: string
  readonly apiKey: string
  /** Everything after this revision; null: from now on. */
  readonly since: number | null
  readonly until: AbortSignal
  readonly onEvent: (event: {
    readonly revision: number
    /** Of the line as it was sent. */
    readonly digest: string
    /** Names of settings that it changes. */
    readonly settings: readonly string[]
  }) => void
  /** The region jumped: what came before is not told. */
  readonly onReset: (revision: number) => void
}

type Line = {
  readonly revision?: number
  readonly reset?: { readonly revision: number }
  readonly changes?: readonly { readonly table: string; readonly key: unknown }[]
}

/** `compacted`: the region no longer has what comes after `since` (410). Never rejects. */
export function openEvents(
  options: EventsOptions,
): Promise<'closed' | 'compacted' | 'unreachable'> {
  const { url, apiKey, since, until } = options
  return new Promise((resolve) => {
    const query = since === null ? '' : `?since=${since}`
    const request = get(`${url}/api/v1/events${query}`, {
      headers: { accept: 'application/x-ndjson', authorization: authorization(apiKey) },
      agent: false,
      signal: until,
      timeout: SILENCE_MS,
    })
    let answered = false
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(answered ? 'closed' : 'unreachable'))
    request.on('response', (response) => {
      if (response.statusCode !== 200) {
        resolve(response.statusCode === 410 ? 'compacted' : 'unreachable')
        request.destroy()
        return
      }
      answered = true
      readLines(response, (line) => onLine(line, options))
      response.on('error', () => resolve('closed'))
      response.on('close', () => resolve('closed'))
    })
  })
}

/** A line that is not whole when the connection ends was not told: it comes again after resuming. */
function readLines(response: IncomingMessage, onWhole: (line: string) => void): void {
  let rest = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LINE_CHARACTERS_MAX) response.destroy(new Error('an endless line'))
    for (const line of lines) if (line !== '') onWhole(line)
  })
}

function onLine(text: string, { onEvent, onReset }: EventsOptions): void {
  const line = JSON.parse(text) as Line
  if (line.reset !== undefined) return onReset(line.reset.revision)
  if (line.revision === undefined) return
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const settings = (line.changes ?? [])
    .filter(({ table }) => table === 'settings')
    .map(({ key }) => String(key))
  onEvent({ revision: line.revision, digest, settings })
}

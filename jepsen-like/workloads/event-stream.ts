// `event-stream`: one subscriber for each region, which stays with it as long as it answers and resumes where it
// was, there or at another region; and a writer of marks. Every subscriber must hear the same, whole and in order.
import { checkEvents, type SeenEvent, type Watched } from '../checkers/event-order.ts'
import { openEvents } from '../event-client.ts'
import { eventually, pause } from '../waiting.ts'
import type { Run, Workload, WorkloadContext } from '../workload.ts'
import { makeClient, rotated, Worker } from '../worker.ts'

const PAUSE_MS = 150
/** After a connection that brought nothing. */
const RETRY_MS = 200
const LAST_MARK_MS = 30_000
const PREFIX = 'custom/chaos-event-'

export const EVENT_STREAM: Workload = {
  name: 'event-stream',
  summary: 'subscribers that resume after faults; no gap, none twice, one order on every node',
  prepare: async (context) => prepare(context),
  check: (operations) => checkEvents(operations),
}

async function prepare(context: WorkloadContext): Promise<Run> {
  const { nodes, apiKey, history, random, broken } = context
  const urls = nodes.map(({ clientUrl }) => clientUrl)
  const client = makeClient(urls, apiKey)
  const start = await revisionNow(client)
  const ending = new AbortController()
  const subscribers = nodes.map(
    ({ name }, at) => new Subscriber({ name, number: at, context, since: start }),
  )
  const until = AbortSignal.any([ending.signal, broken])
  const listening = Promise.all(subscribers.map((one) => one.listen(until)))
  const writer = new Worker(history, nodes.length)
  let written = 0
  const mark = async (): Promise<string> => {
    const name = `${PREFIX}${written++}`
    await writer.perform({
      ...{ f: 'write', key: null, input: name },
      run: async () => {
        await client.send({ method: 'PUT', path: `/api/v1/settings/${name}`, json: { value: 'x' } })
        return null
      },
    })
    return name
  }
  return {
    work: async (stopped) => {
      while (!stopped.aborted && !history.isFull) {
        await mark()
        await pause(random.integer(PAUSE_MS * 2), stopped)
      }
    },
    finish: async () => {
      const last = await mark()
      await eventually(LAST_MARK_MS, broken, async () =>
        subscribers.every((one) => one.hasHeard(last)) ? true : undefined,
      )
      ending.abort()
      await listening
    },
  }
}

async function revisionNow(client: ReturnType<typeof makeClient>): Promise<number> {
  const { revision } = await client.get<{ readonly revision: number }>('/api/v1/cluster')
  return revision
}

class Subscriber {
  readonly #name: string
  readonly #number: number
  readonly #context: WorkloadContext
  readonly #worker: Worker
  #since: number
  #heard = new Set<string>()
  #mustStartOver = false

  constructor(options: {
    readonly name: string
    readonly number: number
    readonly context: WorkloadContext
    readonly since: number
  }) {
    this.#name = `at-${options.name}`
    this.#number = options.number
    this.#context = options.context
    this.#worker = new Worker(options.context.history, options.number)
    this.#since = options.since
  }

  hasHeard(mark: string): boolean {
    return this.#heard.has(mark)
  }

  async listen(until: AbortSignal): Promise<void> {
    const urls = rotated(
      this.#context.nodes.map(({ clientUrl }) => clientUrl),
      this.#number,
    )
    let compacted = 0
    for (let at = 0; !until.aborted; at++) {
      // Its own region again after every connection that brought something.
      const url = urls[at % urls.length] ?? ''
      const brought = await this.#watch(url, until)
      if (brought === 'events') at = -1
      compacted = brought === 'compacted' ? compacted + 1 : brought === 'events' ? 0 : compacted
      // No region has what comes next: all were restarted. The product says so with 410.
      if (compacted >= urls.length) this.#mustStartOver = true
      if (brought !== 'events') await pause(RETRY_MS, until)
    }
  }

  async #watch(url: string, until: AbortSignal): Promise<'events' | 'nothing' | 'compacted'> {
    const events: SeenEvent[] = []
    let startedOver = false
    const seen: { end: Awaited<ReturnType<typeof openEvents>> } = { end: 'closed' }
    const since = this.#mustStartOver ? null : this.#since
    await this.#worker.perform({
      ...{ f: 'watch', key: this.#name, input: { url, since }, readOnly: true },
      run: async () => {
        seen.end = await openEvents({
          ...{ url, apiKey: this.#context.apiKey, since, until },
          onEvent: ({ revision, digest, settings }) => {
            const markers = settings.filter((name) => name.startsWith(PREFIX))
            events.push({ revision, digest, markers })
            for (const marker of markers) this.#heard.add(marker)
            this.#since = revision
          },
          onReset: (revision) => {
            startedOver = true
            this.#since = revision
          },
        })
        if (seen.end !== 'closed') throw new Error(seen.end)
        return { events, startedOver: startedOver || since === null } satisfies Watched
      },
    })
    if (seen.end === 'compacted') return 'compacted'
    if (seen.end === 'unreachable') return 'nothing'
    this.#mustStartOver = false
    return events.length > 0 ? 'events' : 'nothing'
  }
}

// `append`: a list to which several clients append through all regions. The list is the spaces of the region: a
// new one gets the next number from the replicated state, so their order is the order of the commits, and one
// request reads them all at one revision.
import { checkAppends } from '../checkers/append.ts'
import type { SeededRandom } from '../seeded-random.ts'
import { pause } from '../waiting.ts'
import type { Run, Workload, WorkloadContext } from '../workload.ts'
import { makeClient, rotated, Worker } from '../worker.ts'

const APPENDERS = 3
const READERS = 2
/** Between two operations of one client, half as long and half as long again. */
const APPEND_PAUSE_MS = 300
const READ_PAUSE_MS = 300
/** The whole list is in every read. Ten a second: enough for five minutes. */
const ELEMENTS_MAX = 3_000
const PREFIX = 'chaos-'
const PATH = '/MAAS/api/2.0/spaces/'

type Space = { readonly id: number; readonly name: string }

export const APPEND: Workload = {
  name: 'append',
  summary: 'appends to one list and reads of it; one order for all, none lost, none twice',
  readsStateOnly: true,
  prepare: async (context) => makeRun(context),
  check: (operations) => checkAppends(operations),
}

function makeRun({ nodes, apiKey, history, random }: WorkloadContext): Run {
  const urls = nodes.map(({ clientUrl }) => clientUrl)
  const clientAt = (number: number) => makeClient(rotated(urls, number), apiKey)
  let appended = 0

  const append = async (number: number, stopped: AbortSignal): Promise<void> => {
    const worker = new Worker(history, number)
    const client = clientAt(number)
    while (!stopped.aborted && !history.isFull && appended < ELEMENTS_MAX) {
      const name = `${PREFIX}${appended++}`
      await worker.perform({
        ...{ f: 'append', key: null, input: name },
        run: async () => {
          await client.post(PATH, { name })
          return null
        },
      })
      await pause(between(random, APPEND_PAUSE_MS), stopped)
    }
  }
  const read = async (worker: Worker, client: ReturnType<typeof makeClient>): Promise<void> => {
    await worker.perform({
      ...{ f: 'read', key: null, input: null, readOnly: true },
      run: async () => {
        const spaces = await client.get<readonly Space[]>(PATH)
        return spaces
          .filter(({ name }) => name.startsWith(PREFIX))
          .toSorted((a, b) => a.id - b.id)
          .map(({ name }) => name)
      },
    })
  }
  const readOn = async (number: number, stopped: AbortSignal): Promise<void> => {
    const worker = new Worker(history, number)
    // Each knows one region.
    const client = makeClient(rotated(urls, number).slice(0, 1), apiKey)
    while (!stopped.aborted && !history.isFull) {
      await read(worker, client)
      await pause(between(random, READ_PAUSE_MS), stopped)
    }
  }
  return {
    work: async (stopped) => {
      const appending = Array.from({ length: APPENDERS }, (_, at) => append(at, stopped))
      const reading = Array.from({ length: READERS }, (_, at) => readOn(APPENDERS + at, stopped))
      await Promise.all([...appending, ...reading])
    },
    finish: async () => {
      for (const [at, url] of urls.entries()) {
        await read(new Worker(history, APPENDERS + READERS + at), makeClient([url], apiKey))
      }
    },
  }
}

function between({ integer }: SeededRandom, ms: number): number {
  return ms / 2 + integer(ms)
}

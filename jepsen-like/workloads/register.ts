// `register`: reads and writes of free settings through all regions; must be linearizable. Every value is written
// once, and a register is used for a limited number of operations, so that judging it stays quick.
import { checkRegisters } from '../checkers/register.ts'
import { pause } from '../waiting.ts'
import type { Run, Workload, WorkloadContext } from '../workload.ts'
import { makeClient, rotated, Worker } from '../worker.ts'

const WORKERS = 6
const REGISTERS = 4
const OPERATIONS_PER_REGISTER = 120
const PAUSE_MS = 30

export const REGISTER_WORKLOAD: Workload = {
  name: 'register',
  summary: 'reads and writes of settings through every region; linearizable',
  readsStateOnly: true,
  prepare: async (context) => makeRun(context),
  check: checkRegisters,
}

function makeRun(context: WorkloadContext): Run {
  const { random, history, broken } = context
  const used = new Map<string, number>()
  const nameAt = (register: number): string => {
    const count = used.get(String(register)) ?? 0
    used.set(String(register), count + 1)
    return `custom/chaos-r${register}-${Math.floor(count / OPERATIONS_PER_REGISTER)}`
  }
  const names = new Set<string>()
  let written = 0

  const workAs = async (number: number, stopped: AbortSignal): Promise<void> => {
    const worker = new Worker(history, number)
    const client = clientOf(context, number)
    while (!stopped.aborted && !history.isFull) {
      const name = nameAt(random.integer(REGISTERS))
      names.add(name)
      if (random.integer(2) === 0) await read(worker, client, name)
      else await write(worker, client, { name, value: `v${written++}` })
      await pause(random.integer(PAUSE_MS * 2), stopped)
    }
  }
  return {
    work: async (stopped) => {
      await Promise.all(Array.from({ length: WORKERS }, (_, number) => workAs(number, stopped)))
    },
    finish: async () => {
      for (const [number] of context.nodes.entries()) {
        const worker = new Worker(history, WORKERS + number)
        const client = clientOf(context, number * 2)
        for (const name of [...names].slice(-REGISTERS * 2)) {
          if (!broken.aborted) await read(worker, client, name)
        }
      }
    },
  }
}

type ApiClient = ReturnType<typeof makeClient>

/** Every second one knows a single region: it stays with one that is cut off and may be told old news. */
function clientOf({ nodes, apiKey }: WorkloadContext, number: number): ApiClient {
  const urls = rotated(nodes, number >> 1).map(({ clientUrl }) => clientUrl)
  return makeClient(number % 2 === 0 ? urls.slice(0, 1) : urls, apiKey)
}

async function read(worker: Worker, client: ApiClient, name: string): Promise<void> {
  await worker.perform({
    ...{ f: 'read', key: name, input: null, readOnly: true },
    run: async () => {
      const found = await client.get<{ readonly value: string }>(pathOf(name)).catch(absent)
      return found?.value ?? null
    },
  })
}

async function write(
  worker: Worker,
  client: ApiClient,
  { name, value }: { readonly name: string; readonly value: string },
): Promise<void> {
  await worker.perform({
    ...{ f: 'write', key: name, input: value },
    run: async () => {
      await client.send({ method: 'PUT', path: pathOf(name), json: { value } })
      return null
    },
  })
}

function pathOf(name: string): string {
  return `/api/v1/settings/${name}`
}

function absent(error: unknown): null {
  if ((error as { readonly status?: unknown }).status === 404) return null
  throw error
}

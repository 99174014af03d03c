// `machine-claim`: fifty claimers on fewer machines, through different regions. Each allocates whatever is free under
// a name of its own, has it for a moment and releases it. Who was not told how a release ended leaves the machine: a
// second release could take it from the next one. A new machine takes the place of one that may be lost that way, or
// after the first long outage there would be nothing left to claim.
import { checkClaims, type Coin } from '../checkers/claims.ts'
import { pause } from '../waiting.ts'
import type { Run, Workload, WorkloadContext } from '../workload.ts'
import { makeClient, rotated, Worker } from '../worker.ts'

const CLAIMERS = 50
const MACHINES = 30
/** New ones included. */
const MACHINES_MAX = 1_000
/** Between what one claimer does. */
const PAUSE_MS = 600
const READ_PAUSE_MS = 1_000
const PATH = '/MAAS/api/2.0/machines/'

type Machine = { readonly system_id: string; readonly agent_name?: string }
type ApiClient = ReturnType<typeof makeClient>

export const MACHINE_CLAIM: Workload = {
  name: 'machine-claim',
  summary: '50 claimers allocate and release machines through every region; each is claimed by one',
  readsStateOnly: true,
  prepare: async (context) => {
    const { nodes, apiKey } = context
    const client = makeClient(
      nodes.map(({ clientUrl }) => clientUrl),
      apiKey,
    )
    for (let at = 0; at < MACHINES; at++) await addReady(client, at)
    return makeRun(context)
  },
  check: checkClaims,
}

/** Broken and mended again it is Ready without having booted. */
async function addReady(client: ApiClient, at: number): Promise<void> {
  const machine = await client.post<Machine>(PATH, {
    ...{ architecture: 'amd64/generic', power_type: 'manual' },
    mac_addresses: macOf(at),
  })
  for (const op of ['mark_broken', 'mark_fixed']) {
    await client.post(`${PATH}${machine.system_id}/?op=${op}`)
  }
}

function macOf(at: number): string {
  const [high, low] = [at >> 8, at & 0xff].map((byte) => byte.toString(16).padStart(2, '0'))
  return `52:54:00:c1:${high}:${low}`
}

function makeRun({ nodes, apiKey, history, random }: WorkloadContext): Run {
  const urls = nodes.map(({ clientUrl }) => clientUrl)
  const unanswered: string[] = []
  let coins = 0
  let machines = MACHINES
  /** To be replaced. */
  let lost = 0

  const claim = async (number: number, stopped: AbortSignal): Promise<void> => {
    const worker = new Worker(history, number)
    const own = rotated(urls, number)
    // Every second one knows a single region.
    const client = makeClient(number % 2 === 0 ? own.slice(0, 1) : own, apiKey)
    while (!stopped.aborted && !history.isFull) {
      await pause(random.integer(PAUSE_MS * 2), stopped)
      const coin = `c${coins++}`
      const got = await allocate(worker, client, coin)
      if (got.type === 'info') {
        unanswered.push(coin)
        lost++
      }
      if (got.type !== 'ok') continue
      if (random.integer(4) === 0) await find(worker, client, coin)
      await pause(random.integer(PAUSE_MS), stopped)
      const gone = await release(worker, client, { coin, machine: got.output as string })
      if (gone.type === 'info') lost++
    }
  }
  const replace = async (stopped: AbortSignal): Promise<void> => {
    const client = makeClient(urls, apiKey)
    while (!stopped.aborted && machines < MACHINES_MAX) {
      await pause(READ_PAUSE_MS, stopped)
      for (; lost > 0 && !stopped.aborted && machines < MACHINES_MAX; lost--) {
        const isMade = await addReady(client, machines++).then(
          () => true,
          () => false,
        )
        // One that was not made, or not made ready, is nobody's; it is tried again with another address.
        if (!isMade) break
      }
    }
  }
  const readOn = async (stopped: AbortSignal): Promise<void> => {
    const worker = new Worker(history, CLAIMERS)
    const client = makeClient(urls, apiKey)
    while (!stopped.aborted && !history.isFull) {
      await readAll(worker, client)
      await pause(READ_PAUSE_MS, stopped)
    }
  }
  return {
    work: async (stopped) => {
      const claiming = Array.from({ length: CLAIMERS }, (_, number) => claim(number, stopped))
      await Promise.all([...claiming, readOn(stopped), replace(stopped)])
    },
    finish: async () => {
      for (const [at, url] of urls.entries()) {
        const worker = new Worker(history, CLAIMERS + 1 + at)
        const client = makeClient([url], apiKey)
        await readAll(worker, client)
        // After it: what these took by then is found.
        if (at === 0) for (const coin of unanswered) await find(worker, client, coin)
      }
    },
  }
}

function allocate(worker: Worker, client: ApiClient, coin: string) {
  return worker.perform({
    ...{ f: 'allocate', key: null, input: { coin } satisfies Coin },
    run: async () => {
      const form = { agent_name: coin }
      return (await client.post<Machine>(`${PATH}?op=allocate`, form)).system_id
    },
  })
}

async function release(
  worker: Worker,
  client: ApiClient,
  { coin, machine }: Coin & { readonly machine: string },
): ReturnType<Worker['perform']> {
  return await worker.perform({
    ...{ f: 'release', key: machine, input: { coin } satisfies Coin },
    run: async () => {
      await client.post(`${PATH}${machine}/?op=release`)
      return null
    },
  })
}

async function find(worker: Worker, client: ApiClient, coin: string): Promise<void> {
  await worker.perform({
    ...{ f: 'read', key: null, input: { coin } satisfies Coin, readOnly: true },
    run: async () => idsOf(await client.get(PATH, { agent_name: coin })),
  })
}

async function readAll(worker: Worker, client: ApiClient): Promise<void> {
  await worker.perform({
    ...{ f: 'read', key: null, input: null, readOnly: true },
    run: async () => idsOf(await client.get(PATH, { op: 'list_allocated' })),
  })
}

function idsOf(machines: readonly Machine[]): readonly string[] {
  return machines.map(({ system_id: id }) => id)
}

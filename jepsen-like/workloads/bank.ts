// `bank`: addresses that move between two subnets. A client moves one by reserving a new one in the other subnet,
// then releasing the old; whichever the region hands out must be its alone until it gives it back. Reads of all
// addresses must account for every one: the total is what was given and not yet given back.
import { checkAddresses, type Coin } from '../checkers/unique-address.ts'
import type { Operation } from '../history.ts'
import { fail, type Finding } from '../verdict.ts'
import { pause } from '../waiting.ts'
import type { Run, Workload, WorkloadContext } from '../workload.ts'
import { makeClient, rotated, Worker } from '../worker.ts'

const MOVERS = 4
const COINS_PER_MOVER = 6
const PAUSE_MS = 100
/** Few free addresses, so that what is given back is soon given out again. */
const SUBNETS = ['10.201.0.0/27', '10.202.0.0/27'] as const
const PATH = '/MAAS/api/2.0/ipaddresses/'

type Address = { readonly ip: string }
type Held = { readonly coin: string; readonly ip: string; readonly subnet: number }
type ApiClient = ReturnType<typeof makeClient>

export const BANK: Workload = {
  name: 'bank',
  summary: 'addresses reserved and released in two subnets; total conserved, none held twice',
  readsStateOnly: true,
  prepare: async (context) => {
    const { nodes, apiKey } = context
    const client = makeClient(
      nodes.map(({ clientUrl }) => clientUrl),
      apiKey,
    )
    for (const cidr of SUBNETS) await client.post('/MAAS/api/2.0/subnets/', { cidr })
    return makeRun(context)
  },
  check: (operations) => subnetLost(operations) ?? checkAddresses(operations, 'bank'),
}

/** The subnets were made, and acknowledged, before the first fault. */
function subnetLost(operations: readonly Operation[]): Finding | null {
  const refused = operations.find(
    ({ f, outcome, output }) =>
      f === 'reserve' && outcome === 'fail' && /no subnet/i.test(String(output)),
  )
  if (refused === undefined) return null
  return fail('bank', `subnet ${refused.key} was acknowledged and is gone`, [refused])
}

function makeRun({ nodes, apiKey, history, random }: WorkloadContext): Run {
  const urls = nodes.map(({ clientUrl }) => clientUrl)
  let coins = 0

  const move = async (number: number, stopped: AbortSignal): Promise<void> => {
    const worker = new Worker(history, number)
    const client = makeClient(rotated(urls, number), apiKey)
    const held: Held[] = []
    while (!stopped.aborted && !history.isFull) {
      const oldest = held.length >= COINS_PER_MOVER ? held.shift() : undefined
      const subnet = oldest === undefined ? random.integer(SUBNETS.length) : 1 - oldest.subnet
      const coin = `c${coins++}`
      const ip = await reserve(worker, client, { coin, subnet })
      if (ip !== null) held.push({ coin, ip, subnet })
      if (oldest !== undefined) await release(worker, client, oldest)
      await pause(random.integer(PAUSE_MS * 2), stopped)
    }
  }
  const readOn = async (stopped: AbortSignal): Promise<void> => {
    const worker = new Worker(history, MOVERS)
    const client = makeClient(urls, apiKey)
    while (!stopped.aborted && !history.isFull) {
      await read(worker, client)
      await pause(PAUSE_MS * 2 + random.integer(PAUSE_MS), stopped)
    }
  }
  return {
    work: async (stopped) => {
      const moving = Array.from({ length: MOVERS }, (_, number) => move(number, stopped))
      await Promise.all([...moving, readOn(stopped)])
    },
    finish: async () => {
      for (const [at, url] of urls.entries()) {
        await read(new Worker(history, MOVERS + 1 + at), makeClient([url], apiKey))
      }
    },
  }
}

async function reserve(
  worker: Worker,
  client: ApiClient,
  { coin, subnet }: { readonly coin: string; readonly subnet: number },
): Promise<string | null> {
  const cidr = SUBNETS[subnet] ?? ''
  const result = await worker.perform({
    ...{ f: 'reserve', key: cidr, input: { coin } satisfies Coin },
    run: async () => {
      const { ip } = await client.post<Address>(`${PATH}?op=reserve`, { subnet: cidr })
      return ip
    },
  })
  return result.type === 'ok' ? (result.output as string) : null
}

async function release(worker: Worker, client: ApiClient, held: Held): Promise<void> {
  const { coin, ip, subnet } = held
  await worker.perform({
    ...{ f: 'release', key: SUBNETS[subnet] ?? '', input: { coin, ip } satisfies Coin },
    run: async () => {
      await client.send({ method: 'POST', path: `${PATH}?op=release`, form: { ip } })
      return null
    },
  })
}

async function read(worker: Worker, client: ApiClient): Promise<void> {
  await worker.perform({
    ...{ f: 'read', key: null, input: null, readOnly: true },
    run: async () => {
      const addresses = await client.get<readonly Address[]>(PATH, { all: true })
      return addresses.map(({ ip }) => ip).filter((ip) => /^10\.20[12]\.0\./.test(ip))
    },
  })
}

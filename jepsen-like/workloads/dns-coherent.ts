// `dns-coherent`: names and addresses are given, moved, renamed and deleted through all regions, while others ask the
// DNS of every region and of a rack for both directions, by UDP and TCP, a whole group of names in one exchange.
import { checkNames, type Asked, type NamesOf, type Seen } from '../checkers/dns-names.ts'
import { askByUdp, DnsConnection, type Ask } from '../dns-client.ts'
import { type Answer, type Question, reverseName } from '../dns-message.ts'
import { eventually, pause } from '../waiting.ts'
import type { DnsServer, Run, Workload, WorkloadContext } from '../workload.ts'
import { makeClient, rotated, Worker } from '../worker.ts'
import { GENERATIONS_MAX, GROUPS, makeGroup, type NameGroup, SUBNETS } from './name-groups.ts'

const ASKERS = 2
const WRITE_PAUSE_MS = 200
const ASK_PAUSE_MS = 100
/** After healing, until a server has what was written last. */
const CATCH_UP_MS = 20_000
const SETUP_MS = 30_000
const ZONE = 'maas'

export const DNS_COHERENT: Workload = {
  name: 'dns-coherent',
  summary: 'names and addresses changed everywhere, asked of every DNS; PTR of A is the name',
  racks: 1,
  needsDns: true,
  prepare: async (context) => prepare(context),
  check: (operations) => checkNames(operations),
}

async function prepare(context: WorkloadContext): Promise<Run> {
  const { nodes, apiKey, dnsServers, broken } = context
  const urls = nodes.map(({ clientUrl }) => clientUrl)
  const client = makeClient(urls, apiKey)
  for (const { cidr, mode } of SUBNETS) {
    await client.post('/MAAS/api/2.0/subnets/', { cidr, rdns_mode: mode })
  }
  for (const server of dnsServers()) {
    const serving = await eventually(SETUP_MS, broken, () => askByUdp(server.port)([SERIAL]))
    if (serving === undefined) throw new Error(`the DNS of ${server.name} does not answer`)
  }
  return makeRun(context)
}

const SERIAL: Question = { name: ZONE, type: 'SOA' }

function makeRun(context: WorkloadContext): Run {
  const { history, random, broken, dnsServers } = context
  const writers = Array.from({ length: GROUPS }, (_, number) => new Writer(context, number))
  const groups = (): readonly NameGroup[] => writers.flatMap((writer) => writer.groups)
  const askers = Array.from({ length: ASKERS }, (_, at) => new Asker(context, GROUPS + at * 20))
  const askOn = async (asker: Asker, stopped: AbortSignal): Promise<void> => {
    while (!stopped.aborted && !history.isFull) {
      const all = groups()
      // Mostly those that are written to.
      const from = random.integer(5) === 0 ? all : writers.map((writer) => writer.group)
      const group = from[random.integer(from.length)]
      if (group !== undefined) await asker.askAll(group)
      await pause(random.integer(ASK_PAUSE_MS * 2), stopped)
    }
  }
  return {
    work: async (stopped) => {
      const writing = writers.map((writer) => writer.write(stopped))
      await Promise.all([...writing, ...askers.map((asker) => askOn(asker, stopped))])
    },
    finish: async () => {
      for (const asker of askers) asker.close()
      const revision = await writers[0]?.writeOnce()
      await Promise.all(
        dnsServers().map(async (server, at) => {
          await eventually(CATCH_UP_MS, broken, async () => {
            const [answer] = await askByUdp(server.port)([SERIAL])
            return Number(answer?.values[0]) >= (revision ?? 0) ? true : undefined
          })
          const worker = new Worker(history, 80 + at)
          for (const group of groups()) await askLast(worker, server, group)
        }),
      )
    },
  }
}

class Writer {
  readonly #context: WorkloadContext
  readonly #worker: Worker
  readonly #number: number
  readonly groups: NameGroup[]

  constructor(context: WorkloadContext, number: number) {
    this.#context = context
    this.#number = number
    this.#worker = new Worker(context.history, number)
    this.groups = [makeGroup(number, 0)]
  }

  /** The one that is written to. */
  get group(): NameGroup {
    const last = this.groups.at(-1)
    if (last === undefined) throw new Error('a writer always has a group')
    return last
  }

  async write(stopped: AbortSignal): Promise<void> {
    const { history, random } = this.#context
    while (!stopped.aborted && !history.isFull && this.groups.length < GENERATIONS_MAX) {
      await this.writeOnce()
      await pause(random.integer(WRITE_PAUSE_MS * 2), stopped)
    }
  }

  /** Through a region drawn anew; its revision, undefined when it is not known to be done. */
  async writeOnce(): Promise<number | undefined> {
    const { nodes, apiKey, random } = this.#context
    const urls = nodes.map(({ clientUrl }) => clientUrl)
    const client = makeClient(rotated(urls, random.integer(urls.length)), apiKey)
    const { key, next } = this.group
    const { f, names, run } = next(random)
    const result = await this.#worker.perform({
      ...{ f, key, input: { names } },
      run: async () => ({ revision: revisionOf((await run(client)).headers) }),
    })
    // It may be done at any later time: nothing more can be known of these names.
    if (result.type === 'info') this.groups.push(makeGroup(this.#number, this.groups.length))
    if (result.type !== 'ok') return undefined
    return (result.output as { readonly revision: number }).revision
  }
}

function revisionOf(headers: Headers): number {
  const revision = Number(headers.get('x-revision') ?? Number.NaN)
  if (!Number.isSafeInteger(revision)) throw new Error('a write was answered without a revision')
  return revision
}

/** Asks all servers about one group at once, so that they are often asked at one revision. */
class Asker {
  readonly #context: WorkloadContext
  readonly #firstNumber: number
  readonly #workers = new Map<string, Worker>()
  readonly #connections = new Map<string, DnsConnection>()
  #connected = 0

  constructor(context: WorkloadContext, firstNumber: number) {
    this.#context = context
    this.#firstNumber = firstNumber
  }

  async askAll(group: NameGroup): Promise<void> {
    const { random, dnsServers } = this.#context
    const asking = dnsServers().map((server) => {
      const isUdp = random.integer(2) === 0
      const connection = isUdp ? null : this.#connectionTo(server)
      const ask = connection === null ? askByUdp(server.port) : connection.ask
      return this.#workerFor(server).perform({
        ...{ f: 'ask', key: group.key, readOnly: true },
        input: inputOf(server, connection?.name ?? null),
        run: () => askGroup(ask, group),
      })
    })
    await Promise.all(asking)
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close()
  }

  #workerFor({ name }: DnsServer): Worker {
    const known = this.#workers.get(name)
    if (known !== undefined) return known
    const worker = new Worker(this.#context.history, this.#firstNumber + this.#workers.size)
    this.#workers.set(name, worker)
    return worker
  }

  #connectionTo({ name, port }: DnsServer): DnsConnection {
    const known = this.#connections.get(name)
    if (known !== undefined && !known.isOver) return known
    const label = `${this.#firstNumber}.${++this.#connected}`
    const connection = new DnsConnection(port, `${label} to ${name}`)
    this.#connections.set(name, connection)
    return connection
  }
}

function inputOf({ name }: DnsServer, connection: string | null): Asked {
  return { server: name, connection }
}

/** One that is just starting again may leave a first try unanswered. */
async function askLast(worker: Worker, server: DnsServer, group: NameGroup): Promise<void> {
  await worker.perform({
    ...{ f: 'last', key: group.key, input: inputOf(server, null), readOnly: true },
    run: () => askGroup(askByUdp(server.port), group),
  })
}

/** Both directions of all of it, between two serials. */
export async function askGroup(
  ask: Ask,
  { names, addresses }: Pick<NameGroup, 'names' | 'addresses'>,
): Promise<Seen> {
  const forward = names.map((name): Question => ({ name, type: 'A' }))
  const reverse = addresses.map((ip): Question => ({ name: reverseName(ip), type: 'PTR' }))
  const answers = await ask([SERIAL, ...forward, ...reverse, SERIAL])
  const odd = answers.find(({ rcode }) => rcode !== 0 && rcode !== 3)
  if (odd !== undefined) throw new Error(`answered with RCODE ${odd.rcode}`)
  return {
    serials: answers.flatMap(serialsIn),
    names: table(names, answers.slice(1)),
    pointers: table(addresses, answers.slice(1 + names.length)),
  }
}

/** Of zones of ours: those that belong to nobody have a serial of their own (RFC 6303). */
function serialsIn({ serials }: Answer): readonly number[] {
  return serials.filter(({ server }) => server === ZONE).map(({ serial }) => serial)
}

function table(keys: readonly string[], answers: readonly Answer[]): NamesOf {
  const rows = keys.map((key, at) => [key, answers[at]?.values ?? []] as const)
  return Object.fromEntries(rows.filter(([, values]) => values.length > 0))
}

// `ironraft images import`, `status` and `stop`: the import of selected images from the boot sources.
import { AppError } from '#model/errors.ts'
import { openClient } from '../api-session.ts'
import type { Client } from '../client.ts'
import { EXIT } from '../exit-codes.ts'
import type { Arguments, Io } from '../command-line.ts'

type Import = {
  readonly number: number
  readonly status: 'never' | 'wanted' | 'running' | 'done' | 'failed' | 'stopped'
  readonly message: string
  readonly region_id: string | null
  readonly done_bytes: number
  readonly total_bytes: number
}
type Images = {
  readonly items: readonly {
    readonly name: string
    readonly architecture: string
    readonly type: string
    readonly bytes: number
    readonly regions: readonly { readonly id: string; readonly complete: boolean }[]
  }[]
}

const LOOK_MS = 500
const SAY_MS = 2_000
const RESOURCES = '/MAAS/api/2.0/boot-resources/'

export async function runImageImport(args: Arguments, io: Io): Promise<number> {
  const client = await openClient(args, io)
  await client.send({ method: 'POST', path: RESOURCES, query: { op: 'import' }, form: {} })
  const found = args.flag('wait') ? await untilEnded(client, args, io) : await look(client)
  io.out(args.flag('json') ? JSON.stringify(found) : sentence(found))
  if (found.status === 'failed') return EXIT.error
  return found.status === 'stopped' && args.flag('wait') ? EXIT.conflict : EXIT.ok
}

export async function runImageStop(args: Arguments, io: Io): Promise<number> {
  const client = await openClient(args, io)
  await client.send({ method: 'POST', path: RESOURCES, query: { op: 'stop_import' }, form: {} })
  const found = await look(client)
  io.out(args.flag('json') ? JSON.stringify(found) : sentence(found))
  return EXIT.ok
}

export async function runImageStatus(args: Arguments, io: Io): Promise<number> {
  const client = await openClient(args, io)
  const [found, images] = [await look(client), await client.get<Images>('/api/v1/boot-resources')]
  if (args.flag('json')) {
    io.out(JSON.stringify({ import: found, images: images.items }))
    return EXIT.ok
  }
  io.out(sentence(found))
  for (const { name, architecture, type, bytes, regions } of images.items) {
    const whole = regions.filter(({ complete }) => complete).map(({ id }) => id)
    const where = whole.length === 0 ? 'no region yet' : whole.join(', ')
    io.out(`${name} (${architecture}) ${type}, ${mib(bytes)}: ${where}`)
  }
  return EXIT.ok
}

function look(client: Client): Promise<Import> {
  return client.get<Import>('/api/v1/image-import')
}

/** Throws TIMEOUT when it is still under way. */
async function untilEnded(client: Client, args: Arguments, io: Io): Promise<Import> {
  const seconds = Number(args.text('timeout'))
  const [deadline, stopped] = [performance.now() + seconds * 1_000, io.stopped()]
  let saidMs = performance.now()
  for (;;) {
    const found = await look(client)
    if (found.status !== 'wanted' && found.status !== 'running') return found
    if (performance.now() > deadline) {
      throw new AppError('TIMEOUT', `after ${seconds} s the import is still under way.`)
    }
    if (stopped.aborted) throw new AppError('SHUTTING_DOWN', 'stopped; the import goes on.')
    if (performance.now() - saidMs > SAY_MS) {
      saidMs = performance.now()
      io.error(`ironraft: ${sentence(found)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

function sentence(found: Import): string {
  const { status, message, region_id: region, done_bytes: done, total_bytes: total } = found
  switch (status) {
    case 'never':
      return 'Nothing was imported yet.'
    case 'wanted':
      return 'The import waits for a region.'
    case 'running':
      return `Importing at ${region ?? '?'}: ${message}, ${mib(done)} of ${mib(total)}.`
    case 'done':
    case 'failed':
    case 'stopped':
      return `Import ${status}: ${message}`
    default:
      return status satisfies never
  }
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

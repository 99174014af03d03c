// `ironraft <noun> list|get`: a collection or one object, printed as asked.
import { AppError } from '#model/errors.ts'
import { openClient, outputForm } from '../api-session.ts'
import { EXIT } from '../exit-codes.ts'
import { formatValue } from '../output.ts'
import type { Client, Fields } from '../client.ts'
import type { Arguments, Io } from '../command-line.ts'
import type { Noun } from '../nouns/noun.ts'

const API = '/MAAS/api/2.0'

export type Row = Readonly<Record<string, unknown>>

export async function listNoun(noun: Noun, args: Arguments, io: Io): Promise<number> {
  const client = await openClient(args, io)
  if (args.flag('watch')) {
    const { watchNoun } = await import('./watch-noun.ts')
    return watchNoun(noun, client, args, io)
  }
  const { rows } = await rowsOf(client, noun, args.fields)
  print(noun, rows, args, io)
  return EXIT.ok
}

export async function getNoun(noun: Noun, args: Arguments, io: Io): Promise<number> {
  const client = await openClient(args, io)
  print(noun, await getOne(client, noun, args.at(0)), args, io)
  return EXIT.ok
}

/** All of a noun, and the revision they were read at. */
export async function rowsOf(
  client: Client,
  noun: Noun,
  query: Fields,
): Promise<{ readonly rows: readonly Row[]; readonly revision: number }> {
  const path = noun.noun === 'vlans' ? `${API}/fabrics/` : `${API}/${noun.path}/`
  const reply = await client.send({ method: 'GET', path, query: { ...noun.query, ...query } })
  const all = unwrap(JSON.parse(reply.text))
  const rows = noun.noun === 'vlans' ? all.flatMap(({ vlans }) => vlans as readonly VlanRow[]) : all
  return { rows, revision: Number(reply.headers.get('x-revision') ?? 0) }
}

/** Path of one object; a VLAN's goes through its fabric. Throws AppError NOT_FOUND. */
export async function pathOf(client: Client, noun: Noun, id: string): Promise<string> {
  if (noun.noun !== 'vlans') {
    return `${API}/${noun.itemPath ?? noun.path}/${encodeURIComponent(id)}/`
  }
  const { rows } = await rowsOf(client, noun, {})
  const vlan = rows.find((one) => String(one['id']) === id) as VlanRow | undefined
  if (vlan === undefined) throw new AppError('NOT_FOUND', `There is no VLAN ${id}.`)
  return `${API}/fabrics/${vlan.fabric_id}/vlans/${vlan.vid}/`
}

/** Path of the collection; `{}` in a verb's own path is its first positional. */
export function collectionOf(noun: Noun, path: string | undefined, first: string): string {
  return `${API}/${(path ?? noun.path).replace('{}', encodeURIComponent(first))}/`
}

export function print(
  noun: { readonly columns: readonly string[]; readonly wide?: readonly string[] | undefined },
  value: unknown,
  args: Arguments,
  io: Io,
): void {
  const form = outputForm(args)
  const columns = form === 'wide' ? [...noun.columns, ...(noun.wide ?? [])] : noun.columns
  io.out(formatValue(value, form, columns))
}

async function getOne(client: Client, noun: Noun, id: string): Promise<unknown> {
  if (noun.get !== 'single') return client.get<unknown>(await pathOf(client, noun, id))
  // MAAS has no path for one of these: the collection is narrowed instead.
  const query = noun.noun === 'events' ? { after: Number(id) - 1 } : { ip: id }
  const { rows } = await rowsOf(client, noun, query)
  const found = rows.find((row) => String(row[noun.key]) === id)
  if (found === undefined) {
    throw new AppError('NOT_FOUND', `${noun.noun}: there is no ${id}.`)
  }
  return found
}

type VlanRow = Row & { readonly id: number; readonly fabric_id: number; readonly vid: number }

/** Events come as `{ count, events, … }`, everything else as an array. */
function unwrap(value: unknown): readonly Row[] {
  if (Array.isArray(value)) return value as readonly Row[]
  return (value as { readonly events?: readonly Row[] }).events ?? []
}

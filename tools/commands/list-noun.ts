// `ironraft <noun> list|get`: a collection or one object, printed as asked.
import { AppError } from '#model/errors.ts'
import { openClient, outputForm } from '../api-session.ts'
import { EXIT } from '../exit-codes.ts'
import { formatValue } from '../output.ts'
import type { Client, Fields } from '../client.ts'
import type { Arguments, Io } from '../command-line.ts'
import type { Noun } from '../nouns/noun.ts'

const MAAS = '/MAAS/api/2.0'
const V1 = '/api/v1'

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
  if (noun.api === 'v1') return pagesOf(client, noun, query)
  const path = noun.noun === 'vlans' ? `${MAAS}/fabrics/` : `${MAAS}/${noun.path}/`
  const reply = await client.send({ method: 'GET', path, query: { ...noun.query, ...query } })
  const all = unwrap(JSON.parse(reply.text))
  const rows = noun.noun === 'vlans' ? all.flatMap(({ vlans }) => vlans as readonly VlanRow[]) : all
  return { rows, revision: Number(reply.headers.get('x-revision') ?? 0) }
}

type Page = {
  readonly items: readonly Row[]
  readonly revision: number
  readonly next_cursor: string | null
}

/** All pages; those after the first are of its revision, and at the region that answered it. */
async function pagesOf(client: Client, noun: Noun, query: Fields) {
  const rows: Row[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await client.get<Page>(`${V1}/${noun.path}`, { ...query, limit: 500, cursor })
    rows.push(...page.items)
    if (page.next_cursor === null) return { rows, revision: page.revision }
    cursor = page.next_cursor
  }
}

/** Path of one object; a VLAN's goes through its fabric. Throws AppError NOT_FOUND. */
export async function pathOf(client: Client, noun: Noun, id: string): Promise<string> {
  if (noun.api === 'v1') return `${V1}/${noun.path}/${encodeURIComponent(id)}`
  if (noun.noun !== 'vlans') {
    return `${MAAS}/${noun.itemPath ?? noun.path}/${encodeURIComponent(id)}/`
  }
  const { rows } = await rowsOf(client, noun, {})
  const vlan = rows.find((one) => String(one['id']) === id) as VlanRow | undefined
  if (vlan === undefined) throw new AppError('NOT_FOUND', `There is no VLAN ${id}.`)
  return `${MAAS}/fabrics/${vlan.fabric_id}/vlans/${vlan.vid}/`
}

/** Path of the collection; each `{}` in a verb's own path is the next of `places`. */
export function collectionOf(
  { path: own, api }: { readonly path: string; readonly api?: 'v1' | undefined },
  path: string | undefined,
  places: readonly string[],
): string {
  let at = 0
  const filled = (path ?? own).replaceAll('{}', () => encodeURIComponent(places[at++] ?? ''))
  return api === 'v1' ? `${V1}/${filled}` : `${MAAS}/${filled}/`
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

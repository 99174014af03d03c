// `ironraft <noun> list|get`: a collection or one object, printed as asked.
import { AppError } from '#model/errors.ts'
import { openClient, outputForm } from '../api-session.ts'
import { EXIT } from '../exit-codes.ts'
import { formatValue } from '../output.ts'
import type { Client } from '../client.ts'
import type { Arguments, Io } from '../command-line.ts'
import type { Resource } from '../resource-table.ts'

const API = '/MAAS/api/2.0'

export async function listResource(resource: Resource, args: Arguments, io: Io): Promise<number> {
  const client = await openClient(args, io)
  const all =
    resource.noun === 'vlans'
      ? await listVlans(client)
      : await client.get<unknown>(`${API}/${resource.path}/`, { ...resource.query, ...args.fields })
  print(resource, unwrap(all), args, io)
  return EXIT.ok
}

export async function getResource(resource: Resource, args: Arguments, io: Io): Promise<number> {
  const client = await openClient(args, io)
  print(resource, await getOne(client, resource, args.at(0)), args, io)
  return EXIT.ok
}

/** Path of one object; a VLAN's goes through its fabric. Throws AppError NOT_FOUND. */
export async function pathOf(client: Client, resource: Resource, id: string): Promise<string> {
  if (resource.noun !== 'vlans') return `${API}/${resource.path}/${encodeURIComponent(id)}/`
  const vlan = (await listVlans(client)).find((one) => String(one.id) === id)
  if (vlan === undefined) throw new AppError('NOT_FOUND', `There is no VLAN ${id}.`)
  return `${API}/fabrics/${vlan.fabric_id}/vlans/${vlan.vid}/`
}

export function print(resource: Resource, value: unknown, args: Arguments, io: Io): void {
  const form = outputForm(args)
  const columns =
    form === 'wide' ? [...resource.columns, ...(resource.wide ?? [])] : resource.columns
  io.out(formatValue(value, form, columns))
}

async function getOne(client: Client, resource: Resource, id: string): Promise<unknown> {
  if (resource.noun !== 'events' && resource.noun !== 'ipaddresses') {
    return client.get<unknown>(await pathOf(client, resource, id))
  }
  // MAAS has no path for one of these: the collection is narrowed instead.
  const query = resource.noun === 'events' ? { op: 'query', after: Number(id) - 1 } : { ip: id }
  const rows = unwrap(await client.get<unknown>(`${API}/${resource.path}/`, query))
  const name = resource.noun === 'events' ? 'id' : 'ip'
  const found = rows.find((row) => String(row[name]) === id)
  if (found === undefined) throw new AppError('NOT_FOUND', `${resource.noun}: there is no ${id}.`)
  return found
}

type Row = Readonly<Record<string, unknown>>
type VlanRow = Row & { readonly id: number; readonly fabric_id: number; readonly vid: number }

async function listVlans(client: Client): Promise<readonly VlanRow[]> {
  const fabrics = await client.get<readonly { readonly vlans: readonly VlanRow[] }[]>(
    `${API}/fabrics/`,
  )
  return fabrics.flatMap((fabric) => fabric.vlans)
}

/** Events come as `{ count, events, … }`, everything else as an array. */
function unwrap(value: unknown): readonly Row[] {
  if (Array.isArray(value)) return value as readonly Row[]
  return (value as { readonly events?: readonly Row[] }).events ?? []
}

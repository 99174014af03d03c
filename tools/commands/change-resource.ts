// `ironraft <noun> create|update|delete`: options and `field=value` become the form that MAAS's API takes.
import { openClient } from '../api-session.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { pathOf, print } from './resources.ts'
import type { Fields } from '../client.ts'
import type { Arguments, Io } from '../command-line.ts'
import type { Resource } from '../resource-table.ts'

export type Change = {
  readonly resource: Resource
  readonly verb: 'create' | 'update' | 'delete'
  /** Options that are fields. */
  readonly names: readonly string[]
  /** Field that the positional of `create` sets, if it has one. */
  readonly field: string | null
}

export async function changeResource(change: Change, args: Arguments, io: Io): Promise<number> {
  const { resource, verb } = change
  const form = formOf(change, args)
  if (verb === 'update' && Object.keys(form).length === 0) throw new UsageError('nothing to change')
  const client = await openClient(args, io)
  if (verb === 'create') {
    const made = await client.post<unknown>(`/MAAS/api/2.0/${resource.path}/`, form)
    print(resource, made, args, io)
    return EXIT.ok
  }
  const path = await pathOf(client, resource, args.at(0))
  if (verb === 'delete') {
    await client.delete(path)
    return EXIT.ok
  }
  print(resource, await client.put<unknown>(path, form), args, io)
  return EXIT.ok
}

function formOf({ names, field }: Change, args: Arguments): Fields {
  const form: Record<string, string | boolean | readonly string[]> = { ...args.fields }
  if (field !== null) form[field] = args.at(0)
  for (const name of names.filter((one) => args.given(one))) {
    const several = args.many(name)
    form[name.replaceAll('-', '_')] = several.length > 1 ? several : (several[0] ?? '')
  }
  return form
}

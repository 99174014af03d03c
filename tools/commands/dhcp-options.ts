// `ironraft dhcp-options list|set|delete`.
import { openClient } from '../api-session.ts'
import { EXIT } from '../exit-codes.ts'
import type { Arguments, Io } from '../command-line.ts'
import { print, type Row } from './list-noun.ts'

const PATH = '/api/v1/dhcp-options'
const COLUMNS = { columns: ['scope', 'code', 'name', 'type', 'value', 'force'] }

export async function runListOptions(args: Arguments, io: Io): Promise<number> {
  const client = await openClient(args, io)
  const scope = args.text('scope')
  const rows: Row[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page = JSON.parse(
      (
        await client.send({
          ...{ method: 'GET', path: PATH },
          query: {
            ...(scope === undefined ? {} : { scope }),
            ...(cursor === '' ? {} : { cursor }),
          },
        })
      ).text,
    )
    rows.push(...page.items)
    cursor = page.next_cursor
  }
  print(COLUMNS, rows, args, io)
  return EXIT.ok
}
type Page = { readonly items: readonly Row[]; readonly next_cursor: string | null }

export async function runSetOption(args: Arguments, io: Io): Promise<number> {
  const client = await openClient(args, io)
  const type = args.text('type')
  const json = {
    ...{ value: args.at(2), force: args.flag('force') },
    ...(type === undefined ? {} : { type }),
  }
  const { text } = await client.send({ method: 'PUT', path: pathOf(args), json })
  print(COLUMNS, JSON.parse(text), args, io)
  return EXIT.ok
}

export async function runDeleteOption(args: Arguments, io: Io): Promise<number> {
  const client = await openClient(args, io)
  await client.send({ method: 'DELETE', path: pathOf(args) })
  return EXIT.ok
}

function pathOf(args: Arguments): string {
  return `${PATH}/${encodeURIComponent(args.at(0))}/${encodeURIComponent(args.at(1))}`
}

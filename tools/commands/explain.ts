// `ironraft explain address|name|dhcp`: the answer, the steps to it, and what it is made of.
import { openClient, outputForm } from '../api-session.ts'
import { EXIT } from '../exit-codes.ts'
import { formatTable, formatValue } from '../output.ts'
import type { Arguments, Io } from '../command-line.ts'
import type { Fields } from '../client.ts'

type Explained = Readonly<Record<string, unknown>> & {
  readonly answer?: string
  readonly steps?: readonly string[]
}

export async function runExplainAddress(args: Arguments, io: Io): Promise<number> {
  const found = await ask(args, io, `address/${encodeURIComponent(args.at(0))}`, {})
  // An address has many rights and no verdict: its fields are the answer.
  const form = outputForm(args)
  io.out(formatValue(found, form === 'json' ? form : 'yaml', []))
  return EXIT.ok
}

export async function runExplainName(args: Arguments, io: Io): Promise<number> {
  const query = { type: args.text('type') ?? 'A' }
  const found = await ask(args, io, `name/${encodeURIComponent(args.at(0))}`, query)
  return say(found, args, io, {
    rows: 'records',
    columns: ['name', 'type', 'ttl', 'data', 'sources'],
  })
}

const DHCP_FIELDS = [
  ...['vlan', 'subnet', 'giaddr', 'rack', 'message', 'ip', 'server', 'client', 'architecture'],
  ...['vendor-class', 'user-class', 'asks'],
]

export async function runExplainDhcp(args: Arguments, io: Io): Promise<number> {
  const given = DHCP_FIELDS.flatMap((name) => {
    const value = args.text(name)
    return value === undefined ? [] : [[name.replaceAll('-', '_'), value] as const]
  })
  const query = { mac: args.at(0), ...Object.fromEntries(given) }
  const found = await ask(args, io, 'dhcp', query)
  return say(found, args, io, {
    rows: 'options',
    columns: ['code', 'name', 'value', 'scope', 'origin'],
  })
}

async function ask(args: Arguments, io: Io, path: string, query: Fields): Promise<Explained> {
  const client = await openClient(args, io)
  const { text } = await client.send({ method: 'GET', path: `/api/v1/explain/${path}`, query })
  return JSON.parse(text) as Explained
}

function say(
  found: Explained,
  args: Arguments,
  io: Io,
  table: { readonly rows: string; readonly columns: readonly string[] },
): number {
  const form = outputForm(args)
  if (form === 'json' || form === 'yaml') {
    io.out(formatValue(found, form, []))
    return EXIT.ok
  }
  const { address, boot } = found as {
    readonly address?: { readonly ip: string; readonly lease_seconds: number } | null
    readonly boot?: { readonly file: string; readonly server: string } | null
  }
  const lines = [`answer: ${found.answer ?? ''}`, ...(found.steps ?? []).map((step) => `- ${step}`)]
  if (address) lines.push(`address: ${address.ip} for ${address.lease_seconds} s`)
  if (boot) lines.push(`boot file: ${boot.file} from ${boot.server}`)
  const rows = found[table.rows]
  if (Array.isArray(rows) && rows.length > 0) lines.push('', formatTable(rows, table.columns))
  io.out(lines.join('\n'))
  return EXIT.ok
}

// `ironraft api METHOD PATH [field=value]`: one call of either API, whatever the nouns do not cover.
import { openClient } from '../api-session.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import type { Request } from '../client.ts'
import type { Arguments, Io } from '../command-line.ts'

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const

export async function runApi(args: Arguments, io: Io): Promise<number> {
  const method = METHODS.find((one) => one === args.at(0).toUpperCase())
  if (method === undefined) throw new UsageError(`METHOD must be one of ${METHODS.join(', ')}`)
  const client = await openClient(args, io)
  const { text } = await client.send(requestOf(method, args))
  if (text !== '') io.out(text.trimEnd())
  return EXIT.ok
}

function requestOf(method: Request['method'], args: Arguments): Request {
  const path = args.at(1)
  const op = args.text('op')
  const query = op === undefined ? {} : { op }
  const full = path.startsWith('/') ? path : `/MAAS/api/2.0/${path}`
  if (method === 'GET' || method === 'DELETE') {
    return { method, path: full, query: { ...query, ...args.fields } }
  }
  return args.flag('json-body')
    ? { method, path: full, query, json: args.fields }
    : { method, path: full, query, form: args.fields }
}

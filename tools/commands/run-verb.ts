// What else a noun can do: options and `field=value` become the form or the query that MAAS's API takes.
import { openClient } from '../api-session.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { isOnItem } from '../noun-commands.ts'
import type { Noun, Verb } from '../nouns/noun.ts'
import { collectionOf, pathOf, print } from './list-noun.ts'
import type { Fields, Request } from '../client.ts'
import type { Arguments, Io } from '../command-line.ts'

export async function runVerb(
  { noun, verb }: { readonly noun: Noun; readonly verb: Verb },
  args: Arguments,
  io: Io,
): Promise<number> {
  const fields = fieldsOf(verb, args)
  if (verb.verb === 'update' && Object.keys(fields).length === 0) {
    throw new UsageError('nothing to change')
  }
  const client = await openClient(args, io)
  const path = isOnItem(verb)
    ? await pathOf(client, noun, args.at(0))
    : collectionOf(noun, verb.path, args.at(0))
  const { text } = await client.send(requestOf(verb, path, fields))
  if (verb.waitsFor !== undefined && args.flag('wait')) {
    const timeoutSeconds = Number(args.text('timeout'))
    const waiting = { path, waitsFor: verb.waitsFor, timeoutSeconds, stopped: io.stopped() }
    const { waitForMachine } = await import('./wait-machine.ts')
    print(noun, await waitForMachine(client, waiting), args, io)
    return EXIT.ok
  }
  if (text !== '') printAnswer({ noun, verb }, text, args, io)
  return EXIT.ok
}

/** `delete` and operations that read have everything in their query, as MAAS's have. */
function requestOf(verb: Verb, path: string, fields: Fields): Request {
  const { op, method = 'POST' } = verb
  if (op !== undefined && method === 'GET') return { method, path, query: { op, ...fields } }
  if (op !== undefined) return { method, path, query: { op }, form: fields }
  if (verb.verb === 'delete') return { method: 'DELETE', path, query: fields }
  return { method: verb.verb === 'create' ? 'POST' : 'PUT', path, form: fields }
}

/** Some operations answer with a word instead of JSON. */
function printAnswer(
  { noun, verb }: { readonly noun: Noun; readonly verb: Verb },
  text: string,
  args: Arguments,
  io: Io,
): void {
  const columns = verb.columns ?? noun.columns
  const wide = verb.columns === undefined ? noun.wide : undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    io.out(text)
    return
  }
  const isObject = typeof value === 'object' && value !== null
  print({ columns, wide }, isObject ? value : { value }, args, io)
}

function fieldsOf(verb: Verb, args: Arguments): Fields {
  const form: Record<string, string | boolean | readonly string[]> = { ...args.fields }
  const skipped = isOnItem(verb) ? 1 : 0
  verb.positionals?.forEach(({ field }, at) => {
    if (field !== null) form[field] = args.at(at + skipped)
  })
  for (const { name } of verb.options ?? []) {
    if (!args.given(name)) continue
    const several = args.many(name)
    form[name.replaceAll('-', '_')] = several.length > 1 ? several : (several[0] ?? '')
  }
  return form
}

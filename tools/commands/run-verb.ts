// What else a noun can do: options and `field=value` become the form, the query or the JSON that the API takes.
import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { AppError } from '#model/errors.ts'
import { openClient, outputForm } from '../api-session.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { isOnItem } from '../noun-commands.ts'
import type { Noun, Verb } from '../nouns/noun.ts'
import { waitForAll } from '../wait-for-all.ts'
import { collectionOf, pathOf, print } from './list-noun.ts'
import type { Fields, Request } from '../client.ts'
import type { Arguments, Io } from '../command-line.ts'

type What = { readonly noun: Noun; readonly verb: Verb }

export async function runVerb({ noun, verb }: What, args: Arguments, io: Io): Promise<number> {
  const fields = fieldsOf(verb, args)
  const uploads = await uploadsOf(verb, args, io)
  if (verb.verb === 'update' && Object.keys({ ...fields, ...uploads }).length === 0) {
    throw new UsageError('nothing to change')
  }
  const client = await openClient(args, io)
  const api = verb.api ?? noun.api
  const path = isOnItem(verb)
    ? await pathOf(client, { ...noun, ...(api === undefined ? {} : { api }) }, args.at(0))
    : collectionOf({ path: noun.path, api }, verb.path, placesOf(verb, args))
  const sent = { verb, path, fields, uploads }
  const reply = await client.send(api === 'v1' ? jsonRequest(sent) : await formRequest(sent))
  if (args.flag('wait')) {
    const timeoutSeconds = Number(args.text('timeout'))
    if (verb.waitsFor !== undefined) {
      const waiting = { path, waitsFor: verb.waitsFor, timeoutSeconds, stopped: io.stopped() }
      const { waitForMachine } = await import('./wait-machine.ts')
      print(noun, await waitForMachine(client, waiting), args, io)
      return EXIT.ok
    }
    const revision = Number(reply.headers.get('x-revision') ?? 0)
    await waitForAll(client, revision, timeoutSeconds * 1_000)
  }
  if (reply.text !== '') printAnswer({ noun, verb }, reply.text, args, io)
  return EXIT.ok
}

type Sent = {
  readonly verb: Verb
  readonly path: string
  readonly fields: Fields
  readonly uploads: Readonly<Record<string, Upload>>
}
type Upload = { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }

/** `delete` and operations that read have everything in their query, as MAAS's have. */
async function formRequest({ verb, path, fields, uploads }: Sent): Promise<Request> {
  const { op, method = 'POST' } = verb
  if (method === 'GET')
    return { method, path, query: op === undefined ? fields : { op, ...fields } }
  if (verb.verb === 'delete' && op === undefined) return { method: 'DELETE', path, query: fields }
  const query = op === undefined ? {} : { op }
  const written = op === undefined && verb.verb !== 'create' ? 'PUT' : 'POST'
  const body = Object.keys(uploads).length === 0 ? { form: fields } : await parts(fields, uploads)
  return { method: written, path, query, ...body }
}

/** Encoded once: a repeated request must be the same to the byte. */
async function parts(fields: Fields, uploads: Sent['uploads']) {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) form.append(name, String(one))
  }
  for (const [name, upload] of Object.entries(uploads)) {
    form.append(name, new Blob([upload.bytes]), upload.name)
  }
  const encoded = new Response(form)
  const contentType = encoded.headers.get('content-type') ?? ''
  return { bytes: new Uint8Array(await encoded.arrayBuffer()), contentType }
}

const V1_METHODS = { create: 'POST', update: 'PATCH', delete: 'DELETE' } as const

function jsonRequest({ verb, path, fields }: Sent): Request {
  const method = verb.method ?? V1_METHODS[verb.verb as keyof typeof V1_METHODS]
  if (method === 'GET' || method === 'DELETE') return { method, path, query: fields }
  const typed = Object.entries(fields).map(([name, value]) => [name, typedValue(verb, name, value)])
  return { method, path, json: Object.fromEntries(typed) as unknown }
}

/** Switches are true or false, counts are numbers, everything else is text. */
function typedValue({ options = [] }: Verb, name: string, value: Fields[string]): unknown {
  const option = options.find((one) => one.name.replaceAll('-', '_') === name)
  if (option?.value === undefined && option !== undefined) return value === 'true'
  return option?.kind === 'count' ? Number(value) : value
}

/** Some operations answer with a word instead of JSON. */
function printAnswer({ noun, verb }: What, text: string, args: Arguments, io: Io): void {
  const columns = verb.columns ?? noun.columns
  const wide = verb.columns === undefined ? noun.wide : undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    io.out(text.replace(/\n$/, ''))
    return
  }
  // MAAS's word for: done, and nothing to tell.
  if (value === null && ['table', 'wide'].includes(outputForm(args))) return
  const isObject = typeof value === 'object' && value !== null
  print({ columns, wide }, isObject ? value : { value }, args, io)
}

function placesOf({ positionals = [] }: Verb, args: Arguments): readonly string[] {
  return positionals.flatMap(({ field }, at) => (field === null ? [args.at(at)] : []))
}

function fieldsOf(verb: Verb, args: Arguments): Fields {
  const form: Record<string, string | boolean | readonly string[]> = { ...args.fields }
  const skipped = isOnItem(verb) ? 1 : 0
  verb.positionals?.forEach(({ field }, at) => {
    if (field !== null) form[field] = args.at(at + skipped)
  })
  for (const { name, kind } of verb.options ?? []) {
    if (!args.given(name) || kind === 'file') continue
    const several = args.many(name)
    form[name.replaceAll('-', '_')] = several.length > 1 ? several : (several[0] ?? '')
  }
  return form
}

async function uploadsOf(verb: Verb, args: Arguments, io: Io): Promise<Sent['uploads']> {
  const uploads: Record<string, Upload> = {}
  for (const { name, kind } of verb.options ?? []) {
    const path = kind === 'file' ? args.text(name) : undefined
    if (path === undefined) continue
    const read = readFile(resolve(io.cwd, path)).catch((cause: unknown) => {
      throw new AppError('NOT_FOUND', `${path} cannot be read.`, { cause })
    })
    const bytes = new Uint8Array(await read)
    uploads[name.replaceAll('-', '_')] = { name: basename(path), bytes }
  }
  return uploads
}

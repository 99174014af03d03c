// `ironraft <noun> list --watch`: the list, then every row that is new or changed, until Ctrl-C. The stream of
// changes says when to look again; what is printed always comes from the list itself, so both agree.
import { outputForm } from '../api-session.ts'
import { changesAfter } from '../change-stream.ts'
import { ApiError, type Client } from '../client.ts'
import { EXIT } from '../exit-codes.ts'
import { formatValue } from '../output.ts'
import type { Arguments, Io } from '../command-line.ts'
import type { Noun } from '../nouns/noun.ts'
import { print, rowsOf, type Row } from './list-noun.ts'

/** Changes that come in a burst are looked at together, ms. */
const GATHER_MS = 100

export async function watchNoun(
  noun: Noun,
  client: Client,
  args: Arguments,
  io: Io,
): Promise<number> {
  const stopped = io.stopped()
  const first = await rowsOf(client, noun, args.fields)
  print(noun, first.rows, args, io)
  let known = byKey(noun, first.rows)
  let since = first.revision
  while (!stopped.aborted) {
    since = await waitForChange(client, { since, tables: noun.tables ?? [] }, stopped)
    if (stopped.aborted) break
    const { rows, revision } = await rowsOf(client, noun, args.fields)
    known = printChanges(noun, { known, rows }, args, io)
    since = Math.max(since, revision)
  }
  return EXIT.ok
}

/** Returns when the list may look different, with the revision from which on to listen. */
async function waitForChange(
  client: Client,
  from: { readonly since: number; readonly tables: readonly string[] },
  stopped: AbortSignal,
): Promise<number> {
  let { since } = from
  while (!stopped.aborted) {
    try {
      for await (const change of changesAfter(client, since, stopped)) {
        since = change.revision
        if (!change.reset && !change.tables.some((table) => from.tables.includes(table))) continue
        await new Promise((resolve) => setTimeout(resolve, GATHER_MS))
        return since
      }
    } catch (error) {
      if (stopped.aborted) return since
      // The region no longer has what came after `since`: the list is read anew.
      if (!(error instanceof ApiError) || error.status !== 410) throw error
      return since
    }
  }
  return since
}

function byKey(noun: Noun, rows: readonly Row[]): Map<string, string> {
  return new Map(rows.map((row) => [String(row[noun.key]), JSON.stringify(row)]))
}

function printChanges(
  noun: Noun,
  { known, rows }: { readonly known: Map<string, string>; readonly rows: readonly Row[] },
  args: Arguments,
  io: Io,
): Map<string, string> {
  const now = byKey(noun, rows)
  const changed = rows.filter((row) => {
    const key = String(row[noun.key])
    return known.get(key) !== now.get(key)
  })
  const gone = [...known.keys()].filter((key) => !now.has(key))
  const form = outputForm(args)
  if (form === 'json' || form === 'yaml') {
    for (const row of changed) io.out(formatValue(row, form, []))
    for (const key of gone) io.out(formatValue({ [noun.key]: key, deleted: true }, form, []))
  } else {
    if (changed.length > 0) print(noun, changed, args, io)
    // Old events leave by themselves: nobody deleted them.
    if (noun.noun !== 'events') for (const key of gone) io.out(`${key} is gone`)
  }
  return now
}

// Every operation of both APIs, found in their OpenAPI documents, is asked for wrong types, missing and unknown names,
// huge, strange and nested values and broken bodies. Whatever it was: no 5xx but 501, nothing changed by what was
// refused, and a body that says what is wrong. FUZZ_RUNS=20000 asks longer, FUZZ_SEED=N asks the same again.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { OPERATIONS } from '#api/v1/operations.ts'
import { dump } from '#state/snapshot.ts'
import { ADMIN, PLAIN, SYSTEM, type Answer, type TestApi } from './support/api.ts'
import type { SystemId } from '#model/ids.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import { newMachine } from '#test/support/region-state.ts'
import { disk } from '#test/support/storage.ts'
import { differences } from '#tools/walk/key-check.ts'
import { operationsOf } from './support/documents.ts'
import { hostileTo, type Hostile } from './support/hostile.ts'
import { startSite } from './support/site.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 1_500)
const SEED = process.env['FUZZ_SEED']
/** The state is compared as a whole after so many requests; what changed is looked at after each. */
const DIGEST_EVERY = 50

/** Tables of the sessions by which nodes write: an answer is kept there, whatever it was. */
const SESSIONS = new Set(['sessions', 'sessionOutcomes', 'idempotency'])
const KEYS = { admin: ADMIN, plain: PLAIN, nobody: null }

t.setTimeout(60_000 + 100 * RUNS)

t.test('whatever is asked of any operation is answered or refused as a whole', async (t) => {
  const api = await startSite(t)
  await addDisks(api)
  const operations = [...(await operationsOf(api, 'maas')), ...(await operationsOf(api, 'v1'))]
  const changed = watchChanges(api)
  t.teardown(changed.stop)
  const done = new Set<string>()
  let count = 0
  const statuses: Record<number, number> = {}

  const request = fc.constantFrom(...operations).chain(hostileTo)
  const property = fc.asyncProperty(request, async (hostile) => {
    const before = ++count % DIGEST_EVERY === 0 ? digestOf(api) : null
    changed.tables.clear()
    const answer = await send(api, hostile)
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
    if (answer.status === 500) throw new Error(whyOf(api))
    checkAnswer(hostile, answer)
    if (answer.status < 400) done.add(`${hostile.method} ${hostile.path}`)
    else {
      const named = [...changed.tables].join(', ')
      expect(named === '', `refused (${answer.status}), and changed ${named}`)
      expect(before === null || before === digestOf(api), 'refused, and the state is another')
    }
  })
  const options = {
    numRuns: RUNS,
    endOnFailure: true,
    includeErrorInReport: true,
    ...(SEED === undefined ? {} : seed()),
  }
  await fc.assert(property, options)

  t.strictSame([...api.asked.undeclared], [], 'every parameter that is read is declared')
  t.notMatch(api.logs.join(''), 'request_failed')
  t.ok(
    done.size > Math.min(60, RUNS / 20),
    `${done.size} of ${operations.length} operations did something`,
  )
  t.comment(`${count} requests; ${JSON.stringify(statuses)}; ${done.size} operations succeeded`)
})

/** A Ready machine `disks1` with disks sda to sdd. */
async function addDisks({ region }: TestApi): Promise<void> {
  const systemId = 'disks1' as SystemId
  const blockDevices = ['sda', 'sdb', 'sdc', 'sdd'].map((name) => disk(name, 10e9))
  const machine = { ...newMachine(9), systemId, powerType: 'manual', blockDevices }
  for (const command of [
    { ...machine, begin: DEFAULT_PROBE },
    { type: 'machine.signal', systemId, status: 'OK', error: '' },
  ] as const) {
    const { outcome } = await region.propose(command, { actor: SYSTEM })
    if (!outcome.ok) throw new Error(outcome.message)
  }
}

const seed = () => ({ seed: Number(SEED) })

function whyOf({ logs }: TestApi): string {
  return logs.findLast((line) => line.includes('request_failed')) ?? 'no line in the log'
}

function expect(isRight: boolean, message: string): void {
  if (!isRight) throw new Error(message)
}

function watchChanges({ region }: TestApi) {
  const tables = new Set<string>()
  const stop = region.watch(region.local().revision, {
    onBatch: ({ changes }) => {
      for (const { table } of changes) if (!SESSIONS.has(table)) tables.add(table)
    },
    onReset: () => {},
  })
  return { tables, stop }
}

function digestOf({ region }: TestApi): string {
  const hash = createHash('sha256')
  for (const row of dump(region.local().state)) {
    if (row.table !== 'meta' && !SESSIONS.has(row.table)) hash.update(JSON.stringify(row))
  }
  return hash.digest('hex')
}

async function send(api: TestApi, { method, path, target, headers, body, who }: Hostile) {
  const ask = { key: KEYS[who], headers: { ...headers }, ...(body === undefined ? {} : { body }) }
  const isStream = path === '/api/v1/events'
  return isStream ? readHead(api, target, ask) : api.ask(method, target, ask)
}

/** Of a stream, which does not end. */
async function readHead(
  api: TestApi,
  target: string,
  { key, headers }: { readonly key: typeof ADMIN | null; readonly headers: Record<string, string> },
): Promise<Answer> {
  const signed = key === null ? {} : { authorization: api.sign(key) }
  const response = await fetch(api.url + target, { headers: { ...headers, ...signed } })
  const { status } = response
  if (status !== 200) {
    const text = await response.text()
    return { status, headers: response.headers, text, json: JSON.parse(text) }
  }
  await response.body?.cancel()
  return { status, headers: response.headers, text: '', json: undefined }
}

function checkAnswer(
  { api, method, path, target, answer: described }: Hostile,
  answer: Answer,
): void {
  const { status, headers, text } = answer
  const what = `${method} ${target} → ${status}: ${text.slice(0, 300)}`
  expect(status < 500 || status === 501 || isExhausted(answer), what)
  expect((headers.get('x-request-id') ?? '') !== '', `${what}: no request id`)
  if (status >= 400 && api === 'v1') checkProblem(answer, what)
  if (status >= 400 && api === 'maas') checkRefusal(answer, what)
  if (status >= 400) return
  const wrong = described === null ? [] : differencesOf(described, answer.json)
  expect(wrong.length === 0, `${what}\nis not what the document says: ${wrong.join(', ')}`)
  const name = `${method} ${path}`
  const shape = api === 'v1' ? OPERATIONS[name]?.answer : undefined
  const read = status === 304 ? undefined : shape?.safeParse(answer.json)
  expect(read?.success !== false, `${what}\nis not what the document says: ${read?.error?.message}`)
}

/** Objects may have more keys than the document says, and no fewer. */
function differencesOf(
  { kind, isList }: NonNullable<Hostile['answer']>,
  json: unknown,
): readonly string[] {
  const rows = isList ? (json as readonly unknown[]) : [json]
  if (!Array.isArray(rows)) return ['not a list']
  return rows
    .flatMap((row) => differences(kind, row))
    .filter((text) => !text.includes('is not MAAS'))
}

/** MAAS's status where every address of a subnet is taken. */
function isExhausted({ status, text }: Answer): boolean {
  return status === 503 && /no free address|exhausted/i.test(text)
}

/** RFC 9457, and the fields where some are wrong. */
function checkProblem({ status, headers, json }: Answer, what: string): void {
  expect(headers.get('content-type') === 'application/problem+json', `${what}: no problem`)
  const { code, detail, fields, request_id: id } = json as Record<string, unknown>
  expect(json.status === status && id === headers.get('x-request-id'), `${what}: not its own`)
  expect(typeof code === 'string' && isSentence(detail), `${what}: does not say why`)
  if (code === 'VALIDATION') expect(areMessages(fields ?? { x: [detail] }), `${what}: no fields`)
}

/** MAAS's two shapes: messages by field, or one sentence. */
function checkRefusal({ headers, text, json }: Answer, what: string): void {
  const type = headers.get('content-type') ?? ''
  if (type.startsWith('application/json')) expect(areMessages(json), `${what}: no fields`)
  else expect(type.startsWith('text/plain') && isSentence(text), `${what}: no sentence`)
}

function areMessages(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const lists = Object.values(value)
  if (lists.length === 0) return false
  return lists.every((list) => Array.isArray(list) && list.length > 0 && list.every(isSentence))
}

/** For people: neither empty nor what a program says by mistake. */
function isSentence(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    value.trim().length > 3 &&
    !/\bundefined\b|\[object |TypeError|\bat \w+ \(/.test(value)
  )
}

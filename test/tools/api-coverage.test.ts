// The coverage table is up to date, and what it says of served and unserved calls is what the region answers.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { laterNameOf } from '#api/early-calls.ts'
import { ALIASES, allResources } from '#api/resources.ts'
import {
  COVERAGE_FILE,
  coverageDocument,
  currentCoverage,
  readFacts,
  whyUnserved,
} from '#tools/api-coverage.ts'
import { startTestApi } from '#test/api/support/api.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

t.test('docs/api-coverage.md is what the tool makes', async (t) => {
  t.equal(read(COVERAGE_FILE), currentCoverage(), 'run node tools/api-coverage.ts')
})

t.test('the table tells served from unserved', async (t) => {
  const listed = { path: 'zones/{x}/', resource: 'Zone', calls: ['GET', 'POST:fly'] }
  const text = coverageDocument({ '2.0': [listed] }, allResources(''))
  t.match(text, '| `zones/{x}/` | `GET` | `POST op=fly` | ? |')
  t.match(text, '| 2.0 | 1 of 2 | 0 of 0 |')
})

t.test('every call of the catalogue is served or answers 501 with its name', async (t) => {
  const api = await startTestApi(t)
  const served = new Map<string, ReadonlySet<string>>()
  const pattern = (path: string) => path.replaceAll(/\{\w+\}/g, 'x').replace(/\/$/, '')
  for (const { path, actions } of [...allResources(''), ...ALIASES]) {
    const calls = actions.map(({ method, op }) => (op === null ? method : `${method}:${op}`))
    served.set(pattern(path), new Set(calls))
  }
  const seen = new Set<string>()
  for (const { path, calls } of Object.values(readFacts()).flat()) {
    for (const call of calls) {
      const [method = '', op] = call.split(':')
      const target = pattern(path)
      if (seen.has(`${call} ${target}`)) continue
      seen.add(`${call} ${target}`)
      const own = served.get(target)
      if (own?.has(call) === true || own?.has(laterNameOf(call) ?? '') === true) continue
      const query = op === undefined ? '' : `?op=${op}`
      const { status, text } = await api.ask(method, `${target}/${query}`)
      t.equal(status, 501, `${call} ${target}`)
      t.match(text, op ?? method)
      t.ok(whyUnserved(path, call), `${call} ${target}: the table says why`)
    }
  }
  t.ok(seen.size > 300)
})

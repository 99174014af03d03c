// Walks the catalogue of MAAS API 2.0, outside of machine life cycle and storage, against live regions and
// compares statuses, key sets and types with it. What it makes it removes, but for events and audit.
//
//   node tools/api-walk.ts --url http://HOST:5240 [--url …] --key CONSUMER:TOKEN:SECRET [--disposable]
//
// With `--disposable` it also removes a rack and a region and changes what all see: for clusters made for it. Exit code
// 0 when everything is as MAAS has it, 1 when something differs, 2 when the arguments are wrong.
import { parseArgs } from 'node:util'
import { ENCODINGS, type Encoding } from './walk/bodies.ts'
import { ROWS } from './walk/rows.ts'
import { walk, type Line } from './walk/walk.ts'

const USAGE = 'usage: node tools/api-walk.ts --url URL [--url URL …] --key KEY [--disposable]'

function format({ call, verdict, status, region, differences }: Line): string {
  const head = `${verdict.padEnd(8)}  ${String(status ?? '-').padEnd(3)}  ${region + 1}  ${call}`
  return [head, ...differences.map((text) => `          ${text}`)].join('\n')
}

export function summary(lines: readonly Line[]): string {
  const count = (verdict: Line['verdict']): number =>
    lines.filter((line) => line.verdict === verdict).length
  return (
    `${lines.length} calls: ${count('ok')} as in MAAS, ${count('refusals')} by their refusals only, ` +
    `${count('differs')} differ, ${count('skipped')} skipped`
  )
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', multiple: true, default: [] },
      key: { type: 'string', default: process.env['IRONRAFT_API_KEY'] ?? '' },
      disposable: { type: 'boolean', default: false },
      encoding: { type: 'string', default: 'form' },
    },
  })
  const urls = values.url.map((url) => url.replace(/\/+$/, '').replace(/\/MAAS$/, ''))
  const encoding = ENCODINGS.find((name) => name === values.encoding)
  if (urls.length === 0 || values.key.split(':').length !== 3 || encoding === undefined) {
    process.stderr.write(`${USAGE}\n`)
    return 2
  }
  const lines = await walk({
    ...{ urls, apiKey: values.key, disposable: values.disposable, rows: ROWS },
    encoding: encoding satisfies Encoding,
    onLine: (line) => process.stdout.write(`${format(line)}\n`),
  })
  process.stdout.write(`${summary(lines)}\n`)
  return lines.some(({ verdict }) => verdict === 'differs' || verdict === 'skipped') ? 1 : 0
}

if (import.meta.filename === process.argv[1]) process.exitCode = await main()

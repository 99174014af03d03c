// `npm test`: every test but those of the second tier, on Node's own runner. `--tier lab` runs the second tier,
// one file after another; it needs root and Debian packages, says loudly when it cannot run, and that is a
// failure under `CI` or `--require`. The last line of output is always `N passed, N failed`.
import { glob } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { run as runFiles } from 'node:test'
import { parseArgs } from 'node:util'
import { missingForLab } from './lab-needs.ts'
import { report } from './test-reporter.ts'

const ROOT = join(import.meta.dirname, '..')

type Tier = {
  readonly name: 'unit' | 'lab'
  readonly concurrency: number
  readonly timeoutMs: number
  /** Begun before all others: it takes longest. */
  readonly first?: string
}
/** Of two processors half were idle with two at once: much of it waits for processes and clocks. */
const UNIT: Tier = { name: 'unit', concurrency: 3, timeoutMs: 180_000 }
/** Two virtual machines: one alone keeps little more than one processor busy. */
const LAB: Tier = {
  ...{ name: 'lab', concurrency: 2, timeoutMs: 1_500_000 },
  first: join('test', 'lab', 'whole-life.test.ts'),
}

const { values, positionals } = parseArgs({
  options: { tier: { type: 'string', default: 'unit' }, require: { type: 'boolean' } },
  allowPositionals: true,
})
process.chdir(ROOT)
process.exitCode = await run(values.tier === 'lab' ? LAB : UNIT, positionals)

async function run(tier: Tier, wanted: readonly string[]): Promise<number> {
  if (tier.name === 'lab') {
    const missing = await missingForLab()
    if (missing.length > 0) return cannotRun(missing)
  }
  const files = wanted.length > 0 ? wanted : await filesOf(tier)
  const NODE_COMPILE_CACHE = join(ROOT, 'node_modules', '.cache', 'ironraft')
  const environment = { NO_COLOR: '1', FORCE_COLOR: '0', UV_THREADPOOL_SIZE: '8' }
  Object.assign(process.env, { NODE_COMPILE_CACHE, ...environment })
  const events = runFiles({
    files: files.map((file) => resolve(file)),
    concurrency: tier.concurrency,
    timeout: tier.timeoutMs,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const lines = report(events)
  for (;;) {
    const { value, done } = await lines.next()
    if (done === true) return value ? 0 : 1
    process.stdout.write(value)
  }
}

async function filesOf(tier: Tier): Promise<readonly string[]> {
  const files: string[] = []
  for await (const file of glob('test/**/*.test.ts')) {
    const isLab = file.startsWith(join('test', 'lab'))
    if (isLab === (tier.name === 'lab')) files.push(file)
  }
  const rest = files.filter((file) => file !== tier.first).toSorted()
  return tier.first === undefined ? rest : [tier.first, ...rest]
}

function cannotRun(missing: readonly string[]): number {
  const required = values.require === true || isSet(process.env['CI'])
  const word = required ? 'FAIL' : 'SKIPPED'
  console.log(`${word}: the lab tier cannot run here; missing: ${missing.join(', ')}`)
  console.log(`0 passed, ${required ? 1 : 0} failed`)
  return required ? 1 : 0
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false' && value !== '0'
}

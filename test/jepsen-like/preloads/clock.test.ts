// The bent clock in a process of its own, against ours.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { CLOCK_FILE, clockFile, NO_SKEW, writeSkew } from '#chaos/clock-file.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { until } from '#test/support/until.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const PRELOAD = pathToFileURL(join(ROOT, 'jepsen-like', 'preloads', 'clock.ts')).href
/** Says what its clocks say, again and again. */
const PROGRAM = `setInterval(() => console.log(JSON.stringify({
  wall: Date.now(), made: new Date().getTime(), fixed: new Date(0).getTime(),
  isDate: new Date() instanceof Date,
  now: performance.now(), ns: Number(process.hrtime.bigint()),
})), 20)`

type Line = {
  readonly wall: number
  readonly made: number
  readonly fixed: number
  readonly isDate: boolean
  readonly now: number
  readonly ns: number
}

t.test('a process sees the clocks of its file, and never runs back', async (t) => {
  const directory = await temporaryDirectory(t)
  const child = spawn(process.execPath, [`--import=${PRELOAD}`, '-e', PROGRAM], {
    env: { ...process.env, [CLOCK_FILE]: clockFile(directory, 'node-1') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const lines: (Line & { readonly heardMs: number })[] = []
  child.stdout.on('data', (data: Buffer) => {
    for (const text of data.toString().trim().split('\n')) {
      lines.push({ ...(JSON.parse(text) as Line), heardMs: Date.now() })
    }
  })
  const aheadMs = (): number => (lines.at(-1)?.wall ?? 0) - (lines.at(-1)?.heardMs ?? 0)
  await until('the first lines', () => lines.length > 3, 20_000)
  t.ok(Math.abs(aheadMs()) < 5_000, 'no file, no skew')

  writeSkew(directory, 'node-1', { wallMs: 3_600_000, rate: 2 })
  await until('the jump', () => aheadMs() > 3_000_000)
  const from = lines.length - 1
  await until('some time', () => lines.length > from + 30, 20_000)
  const [first, last] = [lines[from], lines.at(-1)]
  if (first === undefined || last === undefined) throw new Error('lines were seen')
  const monotonicMs = (last.ns - first.ns) / 1e6
  const wallMs = last.wall - first.wall
  t.ok(monotonicMs / wallMs > 1.7 && monotonicMs / wallMs < 2.3, 'the rate is that of the file')
  t.ok(Math.abs(last.now - first.now - monotonicMs) < 50, 'both monotonic clocks agree')

  writeSkew(directory, 'node-1', NO_SKEW)
  await until('the jump back', () => aheadMs() < 5_000)
  for (const [at, line] of lines.entries()) {
    t.ok(line.ns >= (lines[at - 1]?.ns ?? 0) && line.isDate && line.fixed === 0)
    t.ok(Math.abs(line.made - line.wall) < 1_000)
  }
})

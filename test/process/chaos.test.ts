// The chaos harness on itself: a short round over real processes, and what it leaves behind.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { runChaos, type ChaosOptions } from '#chaos/main.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { eventually } from './support/cluster.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(170_000)

const options = (reportDirectory: string, more: Partial<ChaosOptions> = {}): ChaosOptions => ({
  ...{ nodeCount: 3, seconds: 12, nemesis: ['kill'], seed: 11, reportDirectory },
  workload: ['register', 'append', 'bank', 'event-stream'],
  ...{ stopped: new AbortController().signal, say: () => {} },
  ...more,
})

/** Processes whose parent is this one. */
async function children(): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const parents = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return { pid: Number(pid), parent: Number(fields[1]), isZombie: fields[0] === 'Z' }
    }),
  )
  return parents
    .filter(({ parent, isZombie }) => parent === process.pid && !isZombie)
    .map(({ pid }) => pid)
}

t.test('a round of kills passes and leaves only its report', { timeout: 120_000 }, async (t) => {
  const before = await children()
  const directory = await temporaryDirectory(t)
  const result = await runChaos(options(directory))
  t.same(
    result.findings.filter(({ verdict }) => verdict !== 'pass'),
    [],
  )
  t.equal(result.verdict, 'pass')
  t.ok(result.faults >= 3)
  t.same(
    (await readdir(directory)).toSorted(),
    [
      ...['faults.jsonl', 'report.html', 'verdict.json'],
      ...['append', 'bank', 'event-stream', 'register'].map((name) => `history-${name}.jsonl`),
      ...['node-1.log', 'node-2.log', 'node-3.log'],
    ].toSorted(),
  )
  const lines = (await readFile(join(directory, 'history-register.jsonl'), 'utf8')).split('\n')
  t.ok(lines.length > 50, 'there was work')
  t.same(await children(), before, 'no process is left')
})

t.test('broken off, it says so and leaves no process', { timeout: 60_000 }, async (t) => {
  const before = await children()
  const directory = await temporaryDirectory(t)
  const stopping = new AbortController()
  const said: string[] = []
  const running = runChaos(
    options(directory, { stopped: stopping.signal, say: (line) => void said.push(line) }),
  )
  await eventually('the first fault', 50, async () => said.find((line) => line.includes('SIGKILL')))
  t.not((await children()).length, before.length, 'processes run')
  stopping.abort()
  const { verdict, findings } = await running
  t.not(verdict, 'pass')
  t.ok(findings.some(({ summary }) => summary === 'stopped before it was done'))
  t.same(await children(), before)
})

// The runner's own promise: its last line counts, and nothing that went wrong is lost from it.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { missingForLab } from '#tools/lab-needs.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PASSES = `import t from 'tap'\nt.test('a', async (t) => { t.ok(true); t.ok(true) })\n`

const CASES: readonly {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  readonly last: string
  readonly says?: RegExp
}[] = [
  { name: 'tests are counted, not assertions', files: { a: PASSES }, last: '1 passed, 0 failed' },
  {
    name: 'a failed test is counted once and shown with its difference',
    files: { a: PASSES, b: `import t from 'tap'\nt.test('bad', async (t) => t.equal(1, 2))\n` },
    last: '1 passed, 1 failed',
    says: /-2\n\s*\+1[\s\S]*FAIL .*bad/,
  },
  {
    name: 'a file that crashes is a failure, with what it said',
    files: { a: PASSES, b: `throw new Error('boom')\n` },
    last: '1 passed, 1 failed',
    says: /FAIL .*b\.test\.ts: the file itself failed[\s\S]*boom/,
  },
  {
    name: 'a file that is killed is a failure',
    files: { a: `process.kill(process.pid, 'SIGKILL')\n` },
    last: '0 passed, 1 failed',
  },
  {
    name: 'a file without a test is a failure',
    files: { a: 'export const x = 1\n' },
    last: '0 passed, 1 failed',
    says: /ran no test/,
  },
  {
    name: 'a file without a test is one beside others, too',
    files: { a: PASSES, b: 'export const x = 1\n' },
    last: '1 passed, 1 failed',
    says: /FAIL .*b\.test\.ts: ran no test/,
  },
  {
    name: 'a skipped test is said and counted as neither',
    files: { a: `${PASSES}t.test('later', { skip: 'why' }, async () => {})\n` },
    last: '1 passed, 0 failed',
    says: /1 skipped/,
  },
]

async function runTests(files: Readonly<Record<string, string>>) {
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-runner-'))
  try {
    await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
    await writeFile(join(directory, 'package.json'), '{"type":"module"}')
    const paths = Object.keys(files).map((name) => join(directory, `${name}.test.ts`))
    for (const [at, text] of Object.values(files).entries()) await writeFile(paths[at] ?? '', text)
    // A runner inside a runner would talk to the outer one instead of reporting.
    const { NODE_TEST_CONTEXT: _context, ...env } = process.env
    const script = join(ROOT, 'tools', 'run-tests.ts')
    return await new Promise<{ readonly code: number; readonly stdout: string }>((resolve) => {
      execFile(process.execPath, [script, ...paths], { env }, (error, stdout) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout })
      })
    })
  } finally {
    await rm(directory, { recursive: true })
  }
}

for (const { name, files, last, says } of CASES) {
  t.test(name, async (t) => {
    const { code, stdout } = await runTests(files)
    t.equal(stdout.trimEnd().split('\n').at(-1), last)
    t.equal(code, last.endsWith(' 0 failed') ? 0 : 1)
    if (says !== undefined) t.match(stdout, says)
  })
}

t.test('what the second tier lacks is named with its package', async (t) => {
  const missing = await missingForLab({ sh: 'dash', '/no/such/file': 'nothing' })
  t.ok(missing.includes('/no/such/file (package nothing)'))
  t.notOk(missing.some((sentence) => sentence.startsWith('sh ')))
})

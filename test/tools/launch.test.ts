// The launcher under the Node that runs the tests, told that it is an old one where that matters.
import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

const LAUNCH = join(import.meta.dirname, '..', '..', 'tools', 'launch.cjs')
const OLD_NODE = `Object.defineProperty(process, 'versions', { value: { node: '16.0.0' } })`

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string }

function run(args: readonly string[], signal?: 'SIGTERM'): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
    if (signal !== undefined) child.stdout?.once('data', () => child.kill(signal))
  })
}

/** A copy of the launcher below a package with `runtime` as its pinned Node, `null` for none. */
async function installed(
  t: { readonly teardown: (work: () => Promise<void>) => void },
  runtime: string | null,
) {
  const root = await mkdtemp(join(tmpdir(), 'ironraft-launch-'))
  t.teardown(() => rm(root, { recursive: true }))
  await mkdir(join(root, 'node_modules', 'ironraft', 'tools'), { recursive: true })
  const launcher = join(root, 'node_modules', 'ironraft', 'tools', 'launch.cjs')
  await copyFile(LAUNCH, launcher)
  const preload = join(root, 'old.cjs')
  await writeFile(preload, OLD_NODE)
  if (runtime !== null) {
    const bin = join(root, 'node_modules', 'node', 'bin')
    await mkdir(bin, { recursive: true })
    await writeFile(join(bin, 'node'), `#!/bin/sh\n${runtime}\n`)
    await chmod(join(bin, 'node'), 0o755)
  }
  return (args: readonly string[], signal?: 'SIGTERM') =>
    run(['--require', preload, launcher, ...args], signal)
}

t.test('the pinned runtime runs main.ts, without a warning', async (t) => {
  const { code, stdout, stderr } = await run([LAUNCH, '--version'])
  t.equal(code, 0)
  t.match(stdout, /^\d+\.\d+\.\d+\n$/)
  t.equal(stderr, '')
})

t.test('the exit code of the command is the exit code', async (t) => {
  t.equal((await run([LAUNCH, 'nope'])).code, 2)
})

t.test('what was compiled is kept among our own modules, or where the user says', async (t) => {
  const launch = await installed(t, 'echo "$NODE_COMPILE_CACHE"')
  const before = process.env['NODE_COMPILE_CACHE']
  t.teardown(() => {
    if (before === undefined) delete process.env['NODE_COMPILE_CACHE']
    else process.env['NODE_COMPILE_CACHE'] = before
  })
  delete process.env['NODE_COMPILE_CACHE']
  const { stdout } = await launch([])
  t.match(stdout, /node_modules\/ironraft\/node_modules\/\.cache\/ironraft\n$/)
  process.env['NODE_COMPILE_CACHE'] = '/nowhere/else'
  t.equal((await launch([])).stdout, '/nowhere/else\n')
})

t.test('an old Node finds the runtime that was hoisted above it', async (t) => {
  const launch = await installed(t, 'echo "$@" threads=$UV_THREADPOOL_SIZE; exit 42')
  const { code, stdout } = await launch(['region', 'status'])
  t.equal(code, 42)
  t.match(stdout, /--disable-warning=ExperimentalWarning .*tools\/main\.ts region status/)
  t.match(stdout, /threads=\d+/)
})

t.test('SIGTERM is passed on, and the end of the child is ours', async (t) => {
  const launch = await installed(
    t,
    `trap 'exit 7' TERM; echo ready; i=0; while [ $i -lt 200 ]; do i=$((i+1)); sleep 0.05; done`,
  )
  t.equal((await launch([], 'SIGTERM')).code, 7)
})

t.test('a child killed by a signal is 128 and its number', async (t) => {
  const launch = await installed(t, 'kill -9 $$')
  t.equal((await launch([])).code, 137)
})

t.test('without a runtime there is one clear line and exit 1', async (t) => {
  const launch = await installed(t, null)
  const { code, stderr } = await launch(['region', 'status'])
  t.equal(code, 1)
  t.match(stderr, /^ironraft: needs Node 26\.9 or later and this is 16\.0\.0; .*npm ci.*\n$/)
})

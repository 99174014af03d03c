import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { endDetached, killDetached } from '#chaos/detached.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const never = new AbortController().signal

/** A process that goes on until it is killed, with `word` among its words. */
async function idle(t: Test, word: string): Promise<ChildProcess> {
  const script = 'setInterval(() => {}, 1e6); process.stdout.write("up")'
  const child = spawn(process.execPath, ['-e', script, word], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  if (child.stdout !== null) await once(child.stdout, 'data')
  return child
}

t.test('what a pid file below the directory names is killed, and nothing else', async (t) => {
  const directory = await temporaryDirectory(t)
  const ours = await idle(t, join(directory, 'data', 'node-1'))
  const other = await idle(t, '/elsewhere')
  for (const [at, child] of [ours, other].entries()) {
    const node = join(directory, 'data', `node-${at}`)
    await mkdir(node, { recursive: true })
    await writeFile(join(node, 'pid'), `${child.pid} 12345`)
  }
  await mkdir(join(directory, 'data', 'node-7'))
  await writeFile(join(directory, 'data', 'node-7', 'pid'), 'nonsense')
  const ended = once(ours, 'exit')
  killDetached(directory)
  t.same(await ended, [null, 'SIGKILL'])
  t.equal(other.exitCode ?? other.signalCode, null, 'its pid was given away again')
})

t.test('an end is waited for', async (t) => {
  const child = await idle(t, 'x')
  const pid = child.pid ?? 0
  await endDetached(pid, never)
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  t.match(stat, /^$|\) Z /, 'gone, or only not yet collected')
  await endDetached(pid, never)
})

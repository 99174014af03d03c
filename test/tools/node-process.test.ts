import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { claimPid, readPid, releasePid, stopProcess } from '#tools/node-process.ts'

async function pidFileIn(t: { readonly teardown: (work: () => Promise<void>) => void }) {
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-pid-'))
  t.teardown(() => rm(directory, { recursive: true }))
  return join(directory, 'pid')
}

t.test('a claimed pid is read back and released', async (t) => {
  const file = await pidFileIn(t)
  t.equal(await readPid(file), null)
  await claimPid(file)
  t.equal(await readPid(file), process.pid)
  await releasePid(file)
  t.equal(await readPid(file), null)
})

t.test('a pid that the system gave to another process is not ours', async (t) => {
  const file = await pidFileIn(t)
  await claimPid(file)
  const [pid] = (await readFile(file, 'utf8')).split(' ')
  await writeFile(file, `${pid} 1\n`)
  t.equal(await readPid(file), null)
  await writeFile(file, 'rubbish')
  t.equal(await readPid(file), null)
})

t.test('a directory in which another process runs cannot be claimed', async (t) => {
  const file = await pidFileIn(t)
  const child = spawn('sleep', ['30'])
  t.teardown(() => void child.kill('SIGKILL'))
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8')
  const began = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  await writeFile(file, `${child.pid} ${began}\n`)
  await t.rejects(claimPid(file), { code: 'DIRECTORY_IN_USE' })
  await releasePid(file)
  t.equal(await readPid(file), child.pid)
})

t.test('stopping waits until the process is gone', async (t) => {
  const child = spawn('sleep', ['30'])
  const ended = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)))
  await stopProcess(child.pid ?? 0)
  t.equal(await ended, 'SIGTERM')
  await stopProcess(child.pid ?? 0)
})

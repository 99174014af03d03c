import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { plain } from '#tools/commands/lab-console.ts'
import { followFile, lastLines } from '#tools/lab/follow.ts'

async function makeFile(t: Test, text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-follow-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const path = join(directory, 'log')
  await writeFile(path, text)
  return path
}

t.test('the last lines, also when the last one has no end', async (t) => {
  t.same(await lastLines(await makeFile(t, 'a\nb\nc\n'), 2), ['b\nc\n', 6])
  t.same(await lastLines(await makeFile(t, 'a\nb\nc'), 2), ['b\nc', 5])
  t.same(await lastLines(await makeFile(t, ''), 2), ['', 0])
})

t.test('what comes later is written in whole lines, a new file from its beginning', async (t) => {
  const path = await makeFile(t, 'old\n')
  const stopped = new AbortController()
  const seen: string[] = []
  const until = async (count: number): Promise<void> => {
    while (seen.length < count) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const write = (text: string): void => void seen.push(text)
  const following = followFile({ path, from: 4, write, stopped: stopped.signal })
  await appendFile(path, 'one\nprompt: ')
  await until(2)
  t.same(seen, ['one\n', 'prompt: '], 'a prompt waits for a line, not for ever')
  await writeFile(path, 'new\n')
  await until(3)
  t.equal(seen[2], 'new\n')
  stopped.abort()
  await following
})

t.test('a machine cannot move the cursor of a terminal', async (t) => {
  t.equal(plain('\u001b[2J\u001b[01;31mred\u001b[0m\tx\r\n\u0007y'), 'red\tx\ny')
})

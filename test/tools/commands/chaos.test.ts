// What `ironraft chaos` refuses before it starts anything: one line and exit 2.
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { fakeIo } from '#test/support/fake-io.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { main } from '#tools/main.ts'

async function refused(...words: readonly string[]): Promise<string> {
  const io = fakeIo()
  t.equal(await main(['chaos', ...words], io), 2, words.join(' '))
  t.same(io.printed, [])
  t.equal(io.complained.length, 1)
  t.notMatch(io.complained[0], '\n')
  return io.complained[0] ?? ''
}

t.test('words that make no run are exit 2 and one line', async (t) => {
  t.match(await refused('--nemesis', 'earthquake'), /there is no nemesis earthquake/)
  t.match(await refused('--nemesis', 'kill,earthquake'), /there is no nemesis earthquake/)
  t.match(await refused('--workload', 'poetry'), /there is no workload poetry/)
  t.match(await refused('--nodes', '2'), /--nodes must be one of 3, 5/)
  t.match(await refused('--nodes', '1'), /--nodes must be one of 3, 5/)
  t.match(await refused('--seconds', '5'), /too short for/)
  t.match(await refused('--seconds', '0'), /--seconds must be a whole number above 0/)
  t.match(await refused('--seconds', '99999'), /at most 7200/)
})

t.test('a directory that cannot take the report is exit 2, and left alone', async (t) => {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'letter.txt'), 'dear')
  t.match(await refused('--report', directory), /holds no report/)
  t.match(await refused('--report', join(directory, 'letter.txt')), /cannot be used/)
  await mkdir(join(directory, 'empty'))
  t.same((await readdir(directory)).toSorted(), ['empty', 'letter.txt'])
})

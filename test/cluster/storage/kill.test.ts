// A real process, really killed with SIGKILL in the middle of its writes: nothing it called durable is lost.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openLevelLogStore } from '#storage/level-log-store.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const SCRIPT = fileURLToPath(new URL('append-forever.ts', import.meta.url))

/** Kills the writer after `saves` saves; the last index it announced. */
async function writeAndKill(dir: string, saves: number): Promise<number> {
  const child = spawn(process.execPath, [SCRIPT, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  let announced = 0
  let lines = 0
  for await (const line of createInterface({ input: child.stdout })) {
    announced = Number(line)
    if (++lines === saves) child.kill('SIGKILL')
  }
  await exit
  return announced
}

t.test('a log whose writer is killed again and again keeps all that was durable', async (t) => {
  const dir = await temporaryDirectory(t)
  for (let round = 1; round <= 5; round++) {
    const announced = await writeAndKill(dir, 3 * round)
    const store = await openLevelLogStore(dir)
    t.ok(announced >= 300 * round, `${announced} entries were announced`)
    t.ok(store.reader.lastIndex() >= announced, `${store.reader.lastIndex()} are there`)
    t.equal(store.hardState().currentTerm, round)
    await store.close()
  }
})

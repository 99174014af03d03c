import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { fakeIo } from '#test/support/fake-io.ts'
import { COMMANDS } from '#tools/command-table.ts'
import { completionScript } from '#tools/completion.ts'
import { main } from '#tools/main.ts'

const run = promisify(execFile)

/** What bash offers after the words of `line`. */
async function complete(line: string): Promise<readonly string[]> {
  const words = line.split(' ')
  const script = `${completionScript(COMMANDS, 'bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_ironraft; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await run('bash', ['-c', script])
  return stdout.split('\n').filter(Boolean)
}

t.test('bash completes nouns, verbs and options', async (t) => {
  t.same(await complete('ironraft mach'), ['machines'])
  t.same(await complete('ironraft region st'), ['status', 'stop'])
  t.same(await complete('ironraft region bootstrap --no'), ['--nodes'])
  t.same(await complete('ironraft region bootstrap --nodes 3 --de'), ['--detach'])
})

t.test('the hidden command is not offered', async (t) => {
  t.notMatch(await complete('ironraft region '), ['run'])
})

t.test('three shells are known, another one is a usage error', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const io = fakeIo()
    t.equal(await main(['completion', shell], io), 0)
    t.match(io.printed[0], 'bootstrap')
  }
  t.equal(await main(['completion', 'csh'], fakeIo()), 2)
})

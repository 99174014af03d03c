// Programs that speak to a BMC, with programs that every host has.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lastLine, runTool } from '#rack/power/run-tool.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { until } from '#test/support/until.ts'

const plain = { args: [], env: {}, debianPackage: 'nothing' }
/** A zombie, for which its new parent has not waited yet, has no command line. */
function isGone(pid: string): boolean {
  const path = `/proc/${pid.trim()}/cmdline`
  return !existsSync(path) || readFileSync(path, 'utf8') === ''
}
const soon = (): AbortSignal => AbortSignal.timeout(20_000)

t.test('a code other than 0 is a result, with what was said', async (t) => {
  const args = ['-c', 'echo out; echo err >&2; exit 3']
  const result = await runTool({ ...plain, tool: 'sh', args, signal: soon() })
  t.same(result, { code: 3, stdout: 'out\n', stderr: 'err\n' })
})

t.test('sees its own environment and nothing else of ours', async (t) => {
  process.env['IRONRAFT_TEST_LEAK'] = 'leaked'
  t.teardown(() => {
    delete process.env['IRONRAFT_TEST_LEAK']
  })
  const env = { IPMI_PASSWORD: 'secret' }
  const { stdout } = await runTool({ ...plain, tool: 'env', env, signal: soon() })
  t.match(stdout, /^IPMI_PASSWORD=secret$/m)
  t.match(stdout, /^LC_ALL=C$/m)
  t.notMatch(stdout, /leaked/)
})

t.test('a program that is missing is named with its package', async (t) => {
  const run = { ...plain, tool: 'ironraft-no-such-tool', debianPackage: 'some-tools' }
  const expected = { code: 'tool', message: /ironraft-no-such-tool.*some-tools/ }
  await t.rejects(runTool({ ...run, signal: soon() }), expected)
})

t.test('a program that hangs ends with the signal', async (t) => {
  const ended = new AbortController()
  const running = runTool({ ...plain, tool: 'sleep', args: ['600'], signal: ended.signal })
  ended.abort()
  await t.rejects(running, { code: 'unreachable' })
})

t.test('what a program started ends with it', async (t) => {
  const file = join(await temporaryDirectory(t), 'pid')
  const ended = new AbortController()
  const args = ['-c', 'sleep 600 & echo $! >"$FILE.new"; mv "$FILE.new" "$FILE"; wait']
  const running = runTool({ ...plain, tool: 'sh', args, env: { FILE: file }, signal: ended.signal })
  await until('the child has a pid', () => existsSync(file))
  const pid = readFileSync(file, 'utf8')
  ended.abort()
  await t.rejects(running, { code: 'unreachable' })
  await until('the child is gone', () => isGone(pid))
})

t.test('who is left behind by a program that ended is not waited for', async (t) => {
  const args = ['-c', 'sleep 600 & echo $!']
  const { code, stdout } = await runTool({ ...plain, tool: 'sh', args, signal: soon() })
  t.equal(code, 0)
  await until('the child is gone', () => isGone(stdout))
})

t.test('a zero byte runs nothing and is told without the word', async (t) => {
  const env = { IPMI_PASSWORD: 'sec\0ret' }
  const error = await runTool({ ...plain, tool: 'true', env, signal: soon() }).catch(
    (reason: unknown) => reason,
  )
  t.match(error, { code: 'settings', message: 'a power parameter holds a zero byte' })
  t.equal((error as Error).cause, undefined)
})

t.test('a signal that is over runs nothing', async (t) => {
  const signal = AbortSignal.abort()
  await t.rejects(runTool({ ...plain, tool: 'true', signal }), { code: 'unreachable' })
})

t.test('a program that writes without an end is stopped', async (t) => {
  const { stdout, code } = await runTool({ ...plain, tool: 'yes', signal: soon() })
  t.ok(stdout.length <= 256 * 1024)
  t.not(code, 0)
})

t.test('the last line is short and printable', (t) => {
  t.equal(lastLine('first\nsecond \x07\n'), 'second')
  t.equal(lastLine('x'.repeat(1_000)).length, 200)
  t.equal(lastLine(''), '')
  t.end()
})

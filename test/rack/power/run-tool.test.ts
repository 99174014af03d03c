// Programs that speak to a BMC, with programs that every host has.
import t from 'tap'
import { lastLine, runTool } from '#rack/power/run-tool.ts'

const plain = { args: [], env: {}, debianPackage: 'nothing' }
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

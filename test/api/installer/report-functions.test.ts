// What the region hears: functions of the script run by sh, with the client replaced by one that keeps what it posts.
import t, { type Test } from 'tap'
import { REPORT_FUNCTIONS } from '#api/installer/report-functions.ts'
import { runShell } from '../../support/shell-run.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

// Starts programs: on a busy host each takes a while.
t.setTimeout(120_000)

type Posted = {
  readonly name: string
  readonly event_type: string
  readonly description: string
  readonly result?: string
  readonly timestamp: number
  readonly files?: readonly { readonly content: string; readonly encoding: string }[]
}

async function report(t: Test, line: string) {
  const directory = await temporaryDirectory(t)
  const script = `
mkdir -p work
WORK=$PWD/work LOG=$PWD/log STATUS_PATH=/x STAGE= TITLE= HEARTBEAT= COMPLETE=
: >"$LOG"
${REPORT_FUNCTIONS}
post() { cat "$2" && printf '\\n'; }
release_target() { echo released; }
say() { :; }
trap 'ended $?' EXIT
${line}
`
  const { status, stdout, stderr } = await runShell(script, { cwd: directory })
  const lines = stdout.split('\n').filter((text) => text.startsWith('{'))
  const said = lines.map((text) => JSON.parse(text) as Posted)
  return { status, stderr, said, released: /^released$/m.test(stdout) }
}

t.test('a stage starts and finishes', async (t) => {
  const { status, said } = await report(t, "begin early 'finding'; finish; COMPLETE=yes")
  t.equal(status, 0)
  t.match(said, [
    { name: 'cmd-install/stage-early', event_type: 'start', description: 'finding' },
    { name: 'cmd-install/stage-early', event_type: 'finish', result: 'SUCCESS' },
  ])
  t.equal(said.length, 2)
  t.ok((said[0]?.timestamp ?? 0) > 1_700_000_000, 'seconds of the epoch')
})

t.test('a failure ends the stage, releases the disks and sends the log', async (t) => {
  const { status, said, released } = await report(
    t,
    `begin late 'ending'; echo 'line of the log' >"$LOG"; x=$(fail 'no "disk" \\ here é'); echo not reached`,
  )
  t.equal(status, 1)
  t.ok(released)
  const last = said.at(-1)
  t.match(last, { name: 'cmd-install', event_type: 'finish', result: 'FAIL' })
  t.equal(last?.description, 'no disk  here ', 'only what JSON and ASCII need no escape for')
  t.equal(Buffer.from(last?.files?.[0]?.content ?? '', 'base64').toString(), 'line of the log\n')
  t.match(said.at(-2), { name: 'cmd-install/stage-late', result: 'FAIL' })
})

t.test('a command that fails is a failure, with its stage', async (t) => {
  const { status, said } = await report(t, "begin extract 'x'; false; echo not reached")
  t.equal(status, 1)
  t.match(said.at(-1), { result: 'FAIL', description: /status 1 in the stage extract/ })
})

t.test('an end without a word, too', async (t) => {
  const { status, said } = await report(t, 'exit 0')
  t.equal(status, 1, 'only COMPLETE is success')
  t.match(said.at(-1), { name: 'cmd-install', result: 'FAIL' })
})

t.test('only the last 256 KiB of the log are sent', async (t) => {
  const { said } = await report(t, 'head -c 400000 /dev/zero | tr "\\0" x >"$LOG"; fail long')
  const content = Buffer.from(said.at(-1)?.files?.[0]?.content ?? '', 'base64')
  t.equal(content.length, 256 << 10)
})

t.test('a region that does not listen stops nothing', async (t) => {
  const line = "post() { return 1; }; begin early 'x'; finish; COMPLETE=yes"
  t.equal((await report(t, line)).status, 0)
})

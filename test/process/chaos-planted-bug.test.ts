// Does the chaos harness find a bug that is there? A run that cannot fail shows nothing by passing.
import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { lastLine } from './support/cluster.ts'

const run = promisify(execFile)
const LAUNCH = join(import.meta.dirname, '..', '..', 'tools', 'launch.cjs')
const PLANTED = pathToFileURL(
  join(import.meta.dirname, 'support', 'acknowledge-before-sync.ts'),
).href

const LOST = /acknowledged and is gone|held by two|not linearizable|is reseeding: .* remembers that/

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(178_000)

t.test(
  'a planted bug is found: acknowledged before it is written',
  { timeout: 175_000 },
  async (t) => {
    const directory = await temporaryDirectory(t)
    const seed = randomInt(1_000_000)
    t.comment(`seed ${seed}`)
    const ran = await run(
      process.execPath,
      [
        ...[LAUNCH, 'chaos', '--seconds', '8', '--workload', 'register,append,bank'],
        // Whatever the order of the faults is.
        ...['--nemesis', 'kill', '--seed', String(seed), '--report', directory, '--json'],
      ],
      { env: { ...process.env, NODE_OPTIONS: `--import=${PLANTED}` }, timeout: 165_000 },
    ).catch((error: unknown) => error as { readonly code: number; readonly stdout: string })
    t.equal('code' in ran ? ran.code : 0, 1, `seed ${seed} fails, and does not “could not tell”`)
    const { verdict, findings } = JSON.parse(lastLine(ran.stdout)) as {
      readonly verdict: string
      readonly findings: readonly { readonly verdict: string; readonly summary: string }[]
    }
    t.equal(verdict, 'fail')
    // Whether the cluster comes back or notices what a quorum forgot and stands still: then its disks are read. Where
    // that came before all were killed nothing may be lost yet, and the nodes say what their disks took back.
    const lost = findings.filter((one) => one.verdict === 'fail').map(({ summary }) => summary)
    t.ok(
      lost.some((summary) => LOST.test(summary)),
      lost.join('; '),
    )
    const html = await readFile(join(directory, 'report.html'), 'utf8')
    t.ok(html.includes('class="verdict fail"'), 'the report says so')
  },
)

// Waits until a member's wish has come to its end, and says meanwhile how far it is: a line when something
// changed, not a line a second.
import { AppError } from '#model/errors.ts'

export type MemberRow = {
  readonly id: string
  readonly status: 'joining' | 'member' | 'leaving' | 'removed'
  readonly note: string
  readonly voter: boolean
  readonly reachable: boolean
  /** As in `region status`; absent in answers of older regions. */
  readonly condition?: string
  readonly lag: number | null
  readonly entries_per_second: number | null
}

/** `take part`: of a voter, that it is reached and says that all is well with it. */
export type Wish = 'join' | 'take part' | 'leave'

export type WaitOptions = {
  /** Newest row; undefined when no region answers or none knows the member. */
  readonly look: () => Promise<MemberRow | undefined>
  readonly wish: Wish
  readonly say: (line: string) => void
  readonly timeoutMs: number
  readonly stopped: AbortSignal
}

const POLL_MS = 250
/** Between two lines about the same step. */
const REPEAT_MS = 5_000

/** Throws CONFLICT with the cluster's reason when the wish failed, TIMEOUT when it is still under way. */
export async function untilSettled(options: WaitOptions): Promise<MemberRow> {
  const { look, wish, say, stopped, timeoutMs } = options
  const deadline = performance.now() + timeoutMs
  let [said, saidAt, kind] = ['', 0, '']
  for (;;) {
    const row = await look()
    if (row !== undefined) {
      const end = endOf(row, wish)
      if (end === 'done') return row
      if (end === 'failed')
        throw new AppError('CONFLICT', row.note || `${row.id} is ${row.status}.`)
      const line = describe(row, wish)
      const isNew = line.kind !== kind || performance.now() - saidAt > REPEAT_MS
      if (isNew && line.text !== said) {
        say(line.text)
        ;[said, saidAt, kind] = [line.text, performance.now(), line.kind]
      }
    }
    if (stopped.aborted) throw new AppError('SHUTTING_DOWN', 'Stopped; the wish goes on.')
    if (performance.now() > deadline) {
      throw new AppError('TIMEOUT', 'It is still under way; `ironraft region status` shows it.')
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

export function endOf(row: MemberRow, wish: Wish): 'done' | 'failed' | 'under way' {
  if (wish === 'leave') {
    if (row.status === 'removed') return 'done'
    return row.status === 'leaving' ? 'under way' : 'failed'
  }
  if (row.status === 'joining') return 'under way'
  if (row.status !== 'member') return 'failed'
  return wish === 'join' || takesPart(row) ? 'done' : 'under way'
}

function takesPart({ reachable, condition = 'ok' }: MemberRow): boolean {
  return reachable && condition === 'ok'
}

function describe(row: MemberRow, wish: Wish): { kind: string; text: string } {
  const { id, reachable, lag, entries_per_second: rate } = row
  if (wish === 'leave') return { kind: 'leaving', text: `${id}: leaving` }
  if (!reachable) return { kind: 'waiting', text: `${id}: waiting for the node` }
  if (wish === 'take part')
    return { kind: 'starting', text: `${id}: ${row.condition ?? 'starting'}` }
  const speed = rate === null ? '' : `, ${rate} entries a second`
  return { kind: 'catching up', text: `${id}: catching up, ${lag ?? '?'} entries behind${speed}` }
}

// What clients did and what they were told, in the form that any checker can read (design §4): JSON lines
// {"process","type":"invoke|ok|fail|info","f","key","value","time_ns"}. `ok` happened, `fail` certainly did
// not, `info` is unknown for ever: it may take effect at any later time, also after the end. A process has
// one operation under way; after an `info` it goes on under a new number, as Jepsen's do.

export type EventType = 'invoke' | 'ok' | 'fail' | 'info'

export type HistoryEvent = {
  readonly process: number
  readonly type: EventType
  readonly f: string
  /** What the operation is about; null when it is about the whole. Checkers may judge keys apart. */
  readonly key: string | null
  /** Input in an `invoke`, output in an `ok`, the reason in a `fail` or `info`. JSON. */
  readonly value: unknown
  /** Nanoseconds of one monotonic clock since the run began. */
  readonly time_ns: number
}

export type Operation = {
  readonly process: number
  readonly f: string
  readonly key: string | null
  readonly input: unknown
  readonly outcome: 'ok' | 'fail' | 'info'
  readonly output: unknown
  readonly invokedNs: number
  /** Infinity when nothing is known of its end. */
  readonly returnedNs: number
}

/** A run that reaches it stops adding operations; 60 s of every workload is below a tenth. */
const EVENTS_MAX = 400_000

export class History {
  readonly #nowNs: () => number
  readonly events: HistoryEvent[] = []

  constructor(nowNs: () => number) {
    this.#nowNs = nowNs
  }

  get isFull(): boolean {
    return this.events.length >= EVENTS_MAX
  }

  add(event: Omit<HistoryEvent, 'time_ns'>): void {
    this.events.push({ ...event, time_ns: this.#nowNs() })
  }
}

/** Pairs each invocation with its completion; without one it is `info`. In order of invocation. */
export function operationsOf(events: readonly HistoryEvent[]): readonly Operation[] {
  const open = new Map<number, number>()
  const operations: Operation[] = []
  for (const event of events) {
    const { process, type, f, key, value, time_ns: timeNs } = event
    if (type === 'invoke') {
      open.set(process, operations.length)
      operations.push({
        ...{ process, f, key, input: value, outcome: 'info', output: null },
        ...{ invokedNs: timeNs, returnedNs: Infinity },
      })
      continue
    }
    const at = open.get(process)
    const begun = at === undefined ? undefined : operations[at]
    if (at === undefined || begun === undefined) {
      throw new Error(`process ${process} completes ${f}, which it never began`)
    }
    open.delete(process)
    const returnedNs = type === 'info' ? Infinity : timeNs
    operations[at] = { ...begun, outcome: type, output: value, returnedNs }
  }
  return operations
}

export function formatHistory(events: readonly HistoryEvent[]): string {
  return events
    .map(({ process, type, f, key, value, time_ns }) =>
      JSON.stringify({ process, type, f, key, value: value ?? null, time_ns }),
    )
    .map((line) => `${line}\n`)
    .join('')
}

export function describeOperation(operation: Operation): string {
  const { process, f, key, input, outcome, output, invokedNs, returnedNs } = operation
  const end = returnedNs === Infinity ? '…' : seconds(returnedNs)
  const subject = key === null ? '' : ` ${key}`
  const result = outcome === 'ok' ? JSON.stringify(output ?? null) : outcome
  const given = input === null || input === undefined ? '' : ` ${JSON.stringify(input)}`
  return `${seconds(invokedNs)}–${end}  process ${process}  ${f}${subject}${given} → ${result}`
}

function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(3)} s`
}

// Loaded into a process under test before its first line (`--import`): wall clock and monotonic clock as a file
// says, read again five times a second. The product has no such switch. The file is JSON: `wallMs` is added to
// the wall clock, `rate` is how fast the monotonic clock runs. It never runs back: a new rate goes on from
// where the old one had come to. Timers keep real time.
import { readFileSync } from 'node:fs'
import { CLOCK_FILE, type ClockSkew } from '../clock-file.ts'

const READ_MS = 200
const file = process.env[CLOCK_FILE]
if (file !== undefined) bend(file)

function bend(path: string): void {
  const realDate = Date
  const realHrtime = process.hrtime
  const realNow = performance.now.bind(performance)
  const realNs = realHrtime.bigint.bind(realHrtime)
  let skew: ClockSkew = { wallMs: 0, rate: 1 }
  let since = Number(realNs())
  let shown = since
  const bentNs = (): number => shown + (Number(realNs()) - since) * skew.rate
  const aheadMs = (): number => (bentNs() - Number(realNs())) / 1e6

  const read = (): void => {
    const next = readSkew(path)
    if (next === null || (next.rate === skew.rate && next.wallMs === skew.wallMs)) return
    shown = bentNs()
    since = Number(realNs())
    skew = next
  }
  setInterval(read, READ_MS).unref()
  read()

  const wallMs = (): number => realDate.now() + skew.wallMs
  globalThis.Date = new Proxy(realDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [wallMs()] : args, newTarget) as Date,
    get: (target, name) => (name === 'now' ? wallMs : Reflect.get(target, name)),
  })
  performance.now = () => realNow() + aheadMs()
  const bentHrtime = (before?: [number, number]): [number, number] => {
    const ns = bentNs() - (before === undefined ? 0 : before[0] * 1e9 + before[1])
    return [Math.floor(ns / 1e9), Math.floor(ns % 1e9)]
  }
  bentHrtime.bigint = (): bigint => BigInt(Math.floor(bentNs()))
  process.hrtime = bentHrtime
}

function readSkew(path: string): ClockSkew | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ClockSkew
  } catch {
    // Not written yet, or being written: the skew stays as it is.
    return null
  }
}

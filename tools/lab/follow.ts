// A log that somebody else writes: its last lines, and what comes. A new file of the same name (a machine switched on
// again) is read from its beginning.
import { open, stat } from 'node:fs/promises'

const LOOK_MS = 200
/** Of a console that printed more the beginning is not shown. */
const TAIL_BYTES = 256 * 1024

/** The last lines, and where what comes next begins. */
export async function lastLines(path: string, count: number): Promise<readonly [string, number]> {
  const { size } = await stat(path)
  const text = await readFrom(path, Math.max(0, size - TAIL_BYTES))
  const lines = text.split('\n')
  const hasEnd = lines.at(-1) === ''
  return [lines.slice(-count - (hasEnd ? 1 : 0)).join('\n'), size]
}

/** Ends with `stopped`. */
export async function followFile(options: {
  readonly path: string
  readonly from: number
  readonly write: (text: string) => void
  readonly stopped: AbortSignal
}): Promise<void> {
  const { path, write, stopped } = options
  let { from } = options
  let rest = ''
  while (!stopped.aborted) {
    const size = await stat(path).then(
      (found) => found.size,
      () => from,
    )
    if (size < from) from = 0
    const more = size > from ? await readFrom(path, from) : ''
    from += more.length
    // A line is waited for as long as something comes; a prompt is none and is shown all the same.
    const text = rest + more
    const end = more === '' ? text.length : text.lastIndexOf('\n') + 1
    if (end > 0) write(text.slice(0, end))
    rest = text.slice(end)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** As latin1: bytes of a console are no text in any one encoding, and none may be lost. */
async function readFrom(path: string, from: number): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const buffer = Buffer.alloc(Math.max(0, Math.min(size - from, TAIL_BYTES)))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await file.close()
  }
}

// Which options of a read request are accepted, and with what values: RFC 2347 (unknown ones are
// ignored, none accepted means no OACK), 2348 blksize, 2349 tsize and timeout, 7440 windowsize. Pure.
import type { TftpOption } from './packet.ts'

export type TransferLimits = {
  /** DATA + 4 + UDP and IPv4 headers fit an Ethernet frame at 1468; less for tunnels. 8 … 65464. */
  readonly blockBytesMax: number
  /** Blocks in flight; 32 of 1468 bytes fit the queue of any network card. */
  readonly windowBlocksMax: number
}

export const TRANSFER_LIMITS: TransferLimits = { blockBytesMax: 1468, windowBlocksMax: 32 }

export type Negotiated = {
  readonly blockBytes: number
  readonly windowBlocks: number
  /** Asked for by the client (RFC 2349); undefined leaves the server to measure. */
  readonly timeoutMs: number | undefined
  /** Empty: no OACK is sent, DATA 1 begins. */
  readonly accepted: readonly TftpOption[]
}

const DEFAULT_BLOCK_BYTES = 512

export function negotiate(
  options: readonly TftpOption[],
  fileBytes: number,
  limits: TransferLimits = TRANSFER_LIMITS,
): Negotiated {
  const accepted: TftpOption[] = []
  let blockBytes = DEFAULT_BLOCK_BYTES
  let windowBlocks = 1
  let timeoutMs: number | undefined
  for (const { name, value } of options) {
    const asked = parseNumber(value)
    if (asked === undefined) continue
    if (name === 'blksize' && asked >= 8) {
      // "Must be less than or equal to the value specified by the client" (RFC 2348).
      blockBytes = Math.min(asked, limits.blockBytesMax)
      accepted.push({ name, value: String(blockBytes) })
    } else if (name === 'tsize') {
      accepted.push({ name, value: String(fileBytes) })
    } else if (name === 'timeout' && asked >= 1 && asked <= 255) {
      // Echoed as asked or left out (RFC 2349).
      timeoutMs = asked * 1000
      accepted.push({ name, value })
    } else if (name === 'windowsize' && asked >= 1 && asked <= 65_535) {
      windowBlocks = Math.min(asked, limits.windowBlocksMax)
      accepted.push({ name, value: String(windowBlocks) })
    }
  }
  return { blockBytes, windowBlocks, timeoutMs, accepted }
}

/** Decimal digits only; long enough for any file, short enough for a safe integer. */
function parseNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

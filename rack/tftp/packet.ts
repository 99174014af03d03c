// TFTP packets (RFC 1350 §5, RFC 2347): bytes ⇄ values. Pure. Malformed is a value, never a throw.

const OPCODE = { RRQ: 1, WRQ: 2, DATA: 3, ACK: 4, ERROR: 5, OACK: 6 } as const

/** RFC 1350 appendix and RFC 2347. */
export const ERROR_CODE = {
  undefined: 0,
  fileNotFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransferId: 5,
  optionRefused: 8,
} as const

export type TftpOption = { readonly name: string; readonly value: string }

export type TftpRequest = {
  readonly type: 'RRQ' | 'WRQ'
  readonly filename: string
  /** Lower case. */
  readonly mode: string
  /** Names in lower case (RFC 2347), first of equal names only. */
  readonly options: readonly TftpOption[]
}

export type TftpPacket =
  | TftpRequest
  | { readonly type: 'ACK'; readonly block: number }
  | { readonly type: 'ERROR'; readonly code: number; readonly message: string }
  | { readonly type: 'DATA' | 'OACK' }

const OPTIONS_MAX = 16
const HEADER_BYTES = 4

/** Undefined when malformed. DATA and OACK are recognised only: this side never takes them. */
export function parsePacket(bytes: Uint8Array): TftpPacket | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const opcode = readUint16(bytes, 0)
  switch (opcode) {
    case OPCODE.RRQ:
      return parseRequest('RRQ', bytes)
    case OPCODE.WRQ:
      return parseRequest('WRQ', bytes)
    case OPCODE.ACK:
      return { type: 'ACK', block: readUint16(bytes, 2) }
    case OPCODE.ERROR: {
      const code = readUint16(bytes, 2)
      return {
        type: 'ERROR',
        code,
        message: latin1(bytes.subarray(4, 260)).split('\0', 1)[0] ?? '',
      }
    }
    case OPCODE.DATA:
      return { type: 'DATA' }
    case OPCODE.OACK:
      return { type: 'OACK' }
    default:
      return undefined
  }
}

/** Some boot ROMs leave garbage behind the last NUL or omit it: whole pairs count, the rest is ignored. */
function parseRequest(type: 'RRQ' | 'WRQ', bytes: Uint8Array): TftpRequest | undefined {
  const [filename, mode, ...rest] = latin1(bytes.subarray(2)).split('\0')
  if (filename === undefined || mode === undefined || filename === '' || mode === '') {
    return undefined
  }
  const options: TftpOption[] = []
  for (let i = 0; i + 1 < rest.length && options.length < OPTIONS_MAX; i += 2) {
    const name = (rest[i] ?? '').toLowerCase()
    const isNew = options.every((option) => option.name !== name)
    if (name !== '' && isNew) options.push({ name, value: rest[i + 1] ?? '' })
  }
  return { type, filename, mode: mode.toLowerCase(), options }
}

export function formatError(code: number, message: string): Uint8Array {
  const text = Buffer.from(message, 'latin1')
  const bytes = new Uint8Array(HEADER_BYTES + text.length + 1)
  writeUint16(bytes, 0, OPCODE.ERROR)
  writeUint16(bytes, 2, code)
  bytes.set(text, HEADER_BYTES)
  return bytes
}

export function formatOack(options: readonly TftpOption[]): Uint8Array {
  const text = options.map(({ name, value }) => `${name}\0${value}\0`).join('')
  const bytes = new Uint8Array(2 + text.length)
  writeUint16(bytes, 0, OPCODE.OACK)
  bytes.set(Buffer.from(text, 'latin1'), 2)
  return bytes
}

/** The first four bytes of a DATA packet; the block's bytes follow. */
export function formatDataHeader(block: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  writeUint16(bytes, 0, OPCODE.DATA)
  writeUint16(bytes, 2, block & 0xffff)
  return bytes
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

function readUint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0)
}

function writeUint16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >> 8
  bytes[offset + 1] = value & 0xff
}

// multipart/form-data as MAAS's clients send it (maas-api §3): parts in base64 or quoted-printable, scalars
// typed application/octet-stream without a file name, blank parts, no line end after the last boundary.
import busboy from 'busboy'
import { Rejection } from './errors.ts'
import { Input, PARAMETERS_MAX } from './input.ts'

const PART_BYTES_MAX = 1 << 20

/** Parts with a file name are fields too; what they held is there as bytes. */
export async function parseMultipart(
  contentType: string,
  body: Buffer,
  partBytesMax = PART_BYTES_MAX,
): Promise<Input> {
  const input = new Input()
  const form = normalise(contentType, body)
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown): void =>
      reject(new Rejection('BAD_REQUEST', 'The multipart body is malformed.', { cause }))
    let parser: busboy.Busboy
    try {
      parser = busboy({ headers: { 'content-type': contentType }, limits: limitsOf(partBytesMax) })
    } catch (error) {
      fail(error)
      return
    }
    // The parser says undefined for a part without a name, or with an empty one.
    const take = (name: string | undefined, value: Buffer, encoding: string): void => {
      try {
        if (name === undefined || name === '') throw nameless()
        const bytes = decode(value, encoding)
        input.add(name, bytes.toString(), bytes)
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    parser.on('field', (name, value, { encoding, valueTruncated }) => {
      if (valueTruncated) reject(tooLarge())
      else take(name, Buffer.from(value), encoding)
    })
    parser.on('file', (name, stream, { encoding }) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('limit', () => reject(tooLarge()))
      stream.on('error', fail)
      stream.on('close', () => take(name, Buffer.concat(chunks), encoding))
    })
    // What is beyond the limits the parser drops without a word.
    for (const limit of ['fieldsLimit', 'filesLimit', 'partsLimit'] as const) {
      parser.on(limit, () => reject(tooMany()))
    }
    parser.on('error', fail)
    parser.on('close', resolve)
    parser.end(form)
  })
  return input
}

const nameless = () => new Rejection('BAD_REQUEST', 'A part of the multipart body has no name.')
const tooLarge = () => new Rejection('PAYLOAD_TOO_LARGE', 'A part is too large.')
const tooMany = () =>
  new Rejection('BAD_REQUEST', `A request may have ${PARAMETERS_MAX} parameters.`)

const limitsOf = (partBytesMax: number) => ({
  fields: PARAMETERS_MAX,
  files: PARAMETERS_MAX,
  parts: PARAMETERS_MAX,
  fieldNameSize: 200,
  fieldSize: PART_BYTES_MAX,
  fileSize: partBytesMax,
})

/**
 * python-libmaas says "nothing" as one part without any header (`--B CRLF CRLF --B--`), which the parser
 * takes for a broken one: such a body is an empty form.
 */
function normalise(contentType: string, body: Buffer): Buffer {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1] ?? ''
  const text = body.length < 1_024 ? body.toString('latin1').trim() : ''
  const delimiter = `--${boundary}`
  const blank =
    text.startsWith(delimiter) &&
    text.slice(delimiter.length).replace(`${delimiter}--`, '').trim() === ''
  if (body.length === 0 || blank) return Buffer.from(`${delimiter}--\r\n`)
  if (body.includes(delimiter)) return body
  throw new Rejection('BAD_REQUEST', 'The multipart body has no boundary.')
}

function decode(value: Buffer, encoding: string): Buffer {
  switch (encoding.toLowerCase()) {
    case 'base64':
      // White space and the clients' extra empty line are skipped by the decoder.
      return Buffer.from(value.toString('latin1'), 'base64')
    case 'quoted-printable':
      return decodeQuotedPrintable(value.toString('latin1'))
    default:
      return value
  }
}

function decodeQuotedPrintable(text: string): Buffer {
  const bytes = text
    .replaceAll(/=[\t ]*\r?\n/g, '')
    .replaceAll(/=([0-9A-Fa-f]{2})/g, (_match, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
  return Buffer.from(bytes, 'latin1')
}

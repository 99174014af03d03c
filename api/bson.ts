// BSON documents of nulls and bytes: what `op=details` of a node answers (maas-api §8.1; bsonspec.org version 1.1).

const NULL = 0x0a
const BINARY = 0x05
const GENERIC = 0x00

/** The document; names hold no NUL. */
export function encodeBson(fields: Readonly<Record<string, Uint8Array | null>>): Buffer {
  const elements = Object.entries(fields).map(([name, value]) => {
    const key = Buffer.from(`${name}\0`)
    if (value === null) return Buffer.concat([Buffer.of(NULL), key])
    return Buffer.concat([Buffer.of(BINARY), key, int32(value.length), Buffer.of(GENERIC), value])
  })
  const body = Buffer.concat([...elements, Buffer.of(0)])
  return Buffer.concat([int32(body.length + 4), body])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

// Golden bytes: what this and every earlier version wrote, kept for ever. A fixture file holds one kind; UPDATE=1
// adds what is missing at its end and never changes or removes what is there.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type Golden = {
  readonly name: string
  readonly hex: string
  /** What the bytes decode to; bytes inside as `{ "$bytes": hex }`. */
  readonly value: unknown
}

export type GoldenKind = {
  /** Fixture file below test/fixtures/golden, without `.json`. */
  readonly file: string
  /** One value for each name that this version writes. */
  readonly samples: Readonly<Record<string, unknown>>
  readonly encode: (value: never) => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

const DIRECTORY = join(import.meta.dirname, '..', 'fixtures', 'golden')

export function readGoldens(kind: GoldenKind): readonly Golden[] {
  const path = join(DIRECTORY, `${kind.file}.json`)
  if (!existsSync(path)) return []
  return JSON.parse(readFileSync(path, 'utf8')) as readonly Golden[]
}

/** Names of samples whose bytes of today are not in the file. */
export function missingGoldens(kind: GoldenKind, goldens: readonly Golden[]): readonly string[] {
  const known = new Set(goldens.map(({ name, hex }) => `${name} ${hex}`))
  return Object.keys(kind.samples).filter((name) => !known.has(`${name} ${hexOf(kind, name)}`))
}

/** Appends the bytes of today for each of `names`. */
export function addGoldens(kind: GoldenKind, names: readonly string[]): void {
  if (names.length === 0) return
  const added = names.map((name): Golden => {
    const hex = hexOf(kind, name)
    return { name, hex, value: toPlain(kind.decode(Buffer.from(hex, 'hex'))) }
  })
  const lines = [...readGoldens(kind), ...added].map((golden) => `  ${JSON.stringify(golden)}`)
  writeFileSync(join(DIRECTORY, `${kind.file}.json`), `[\n${lines.join(',\n')}\n]\n`)
}

/** The decoded value as JSON can hold it. */
export function toPlain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('hex') }
  if (Array.isArray(value)) return value.map(toPlain)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toPlain(each)]))
}

function hexOf(kind: GoldenKind, name: string): string {
  return Buffer.from(kind.encode(kind.samples[name] as never)).toString('hex')
}

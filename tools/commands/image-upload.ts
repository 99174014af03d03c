// `ironraft boot-resources upload FILE`: an image by MAAS's API, in pieces that say where they belong: one whose answer
// was lost is sent again, and any region takes it. What broke off for good is begun anew by the next run.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { AppError } from '#model/errors.ts'
import { openClient } from '../api-session.ts'
import type { Client } from '../client.ts'
import { EXIT } from '../exit-codes.ts'
import type { Arguments, Io } from '../command-line.ts'

const PIECE_BYTES = 4 << 20
const PROGRESS_MS = 2_000

type File = { readonly complete: boolean; readonly upload_uri?: string }
type Image = {
  readonly id: number
  readonly name: string
  readonly architecture: string
  readonly sets: Readonly<Record<string, { readonly files: Readonly<Record<string, File>> }>>
}

export async function runUpload(args: Arguments, io: Io): Promise<number> {
  const path = resolve(io.cwd, args.at(0))
  const sizeBytes = await sizeOf(path)
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  const client = await openClient(args, io)
  const name = args.text('name') ?? `custom/${basename(path).replace(/\..*$/, '')}`
  const image = await client.post<Image>('/MAAS/api/2.0/boot-resources/', {
    ...{ name, architecture: args.text('architecture'), title: args.text('title') },
    ...{ filetype: args.text('filetype') ?? fileTypeOf(path), sha256: hash.digest('hex') },
    ...{ size: sizeBytes, base_image: args.text('base-image') },
  })
  const uri = uploadUriOf(image)
  if (uri !== null) {
    const file = await open(path, 'r')
    try {
      await send(client, { uri, file, sizeBytes, io })
    } finally {
      await file.close()
    }
  }
  const shown = await client.get<Image>(`/MAAS/api/2.0/boot-resources/${image.id}/`)
  io.out(
    args.flag('json')
      ? JSON.stringify(shown)
      : `${shown.name} (${shown.architecture}) is there: ${sizeBytes} bytes.`,
  )
  return EXIT.ok
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AppError('NOT_FOUND', `${path} is not there.`, { cause })
  })
  if (!found.isFile() || found.size === 0) {
    throw new AppError('BAD_REQUEST', `${path} is no file with anything in it.`)
  }
  return found.size
}

const ENDINGS: readonly (readonly [RegExp, string])[] = [
  [/\.(?:squashfs|sqsh)$/, 'squashfs'],
  [/\.(?:tar\.gz|tgz)$/, 'tgz'],
  [/\.(?:tar\.bz2|tbz2?)$/, 'tbz'],
  [/\.(?:tar\.xz|txz)$/, 'txz'],
  [/\.(?:img|raw|dd)$/, 'ddraw'],
  [/\.gz$/, 'ddgz'],
  [/\.bz2$/, 'ddbz2'],
  [/\.xz$/, 'ddxz'],
]

function fileTypeOf(path: string): string {
  const found = ENDINGS.find(([ending]) => ending.test(path))?.[1]
  if (found !== undefined) return found
  throw new AppError('BAD_REQUEST', `Say with --filetype how ${path} is packed.`)
}

/** Null: the regions have the bytes already. */
function uploadUriOf({ sets }: Image): string | null {
  const newest = sets[Object.keys(sets).toSorted().at(-1) ?? '']
  const [file] = Object.values(newest?.files ?? {})
  return file === undefined || file.complete ? null : (file.upload_uri ?? null)
}

async function send(
  client: Client,
  upload: {
    readonly uri: string
    readonly file: FileHandle
    readonly sizeBytes: number
    readonly io: Io
  },
): Promise<void> {
  const { uri, file, sizeBytes, io } = upload
  const piece = Buffer.alloc(PIECE_BYTES)
  let saidMs = performance.now()
  for (let at = 0; at < sizeBytes; ) {
    const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, at)
    if (bytesRead === 0) throw new AppError('CONFLICT', 'The file became shorter meanwhile.')
    const bytes = piece.subarray(0, bytesRead)
    const range = `bytes ${at}-${at + bytesRead - 1}/${sizeBytes}`
    await client.send({ method: 'PUT', path: uri, bytes, headers: { 'content-range': range } })
    at += bytesRead
    if (performance.now() - saidMs < PROGRESS_MS) continue
    saidMs = performance.now()
    io.error(`ironraft: ${Math.floor((at / sizeBytes) * 100)} % of ${sizeBytes} bytes`)
  }
}

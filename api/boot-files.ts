// Content-addressed boot files over HTTP, for racks and other regions: ranges, ETag, HEAD (RFC 9110 §13,
// §14). Anyone may read them: a machine that boots has no key.
import type { Readable } from 'node:stream'
import type { Context } from 'koa'
import { Rejection } from './errors.ts'

export interface BootFiles {
  /** Undefined when there is no such file; `localOnly`: do not ask other regions. */
  readonly open: (
    sha256: string,
    localOnly?: boolean,
  ) => Promise<
    | {
        readonly sizeBytes: number
        /** Inclusive bounds. */
        readonly stream: (start: number, end: number) => Readable
      }
    | undefined
  >
  /** Throws BAD_REQUEST when the bytes are not what the name says. */
  readonly put: (sha256: string, bytes: Readable, sizeBytes?: number) => Promise<void>
}

/** Pieces of images that clients send (`cluster/node/boot-uploads.ts`). */
export interface BootUploads {
  /** `at`: where the piece begins, when the client says so. */
  readonly take: (
    id: number,
    bytes: Buffer,
    at: number | null,
  ) => Promise<{ readonly receivedBytes: number; readonly isComplete: boolean }>
  /** Bytes of it that this region has. */
  readonly received: (id: number) => Promise<number>
}

export function makeBootFileRoute(files: BootFiles) {
  return async (ctx: Context): Promise<void> => {
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      const headers = { Allow: 'GET, HEAD' }
      throw new Rejection('BAD_REQUEST', 'Method Not Allowed', { status: 405, headers })
    }
    const sha256 = digestOf(ctx)
    const file = await files.open(sha256, ctx.query['local'] === 'true')
    if (file === undefined) throw new Rejection('NOT_FOUND', 'No region has this file.')
    ctx.set('ETag', `"${sha256}"`)
    ctx.set('Accept-Ranges', 'bytes')
    ctx.set('Cache-Control', 'public, max-age=31536000, immutable')
    ctx.set('Content-Type', 'application/octet-stream')
    ctx.status = 200
    // By hand: the bytes behind a digest never change, so that `no-cache` has nothing to say.
    if (ctx.get('if-none-match').includes(`"${sha256}"`)) {
      ctx.status = 304
      return
    }
    const { sizeBytes } = file
    const range = rangeOf(ctx, sizeBytes, sha256)
    if (range !== null) {
      ctx.status = 206
      ctx.set('Content-Range', `bytes ${range.start}-${range.end}/${sizeBytes}`)
    }
    const { start, end } = range ?? { start: 0, end: sizeBytes - 1 }
    if (ctx.method === 'HEAD' || sizeBytes === 0) ctx.body = ''
    else ctx.body = file.stream(start, end)
    ctx.set('Content-Type', 'application/octet-stream')
    ctx.length = end - start + 1
  }
}

/** 64 hex digits of the path; NOT_FOUND otherwise. */
export function digestOf(ctx: Context): string {
  const { sha256 } = (ctx['params'] ?? {}) as { readonly sha256?: string }
  if (sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256)) return sha256
  throw new Rejection('NOT_FOUND', 'A file is named by 64 hexadecimal digits.')
}

type Range = { readonly start: number; readonly end: number }

/** One range; several are answered with the whole file, as RFC 9110 §14.2 allows. */
function rangeOf(ctx: Context, sizeBytes: number, sha256: string): Range | null {
  const condition = ctx.get('if-range')
  if (condition !== '' && condition !== `"${sha256}"`) return null
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(ctx.get('range').trim())
  if (match === null || (match[1] === '' && match[2] === '')) return null
  const [, from = '', to = ''] = match
  const start = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from)
  const last = from === '' || to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1)
  if (start <= last && start < sizeBytes) return { start, end: last }
  const headers = { 'Content-Range': `bytes */${sizeBytes}` }
  throw new Rejection('BAD_REQUEST', 'Range Not Satisfiable', { status: 416, headers })
}

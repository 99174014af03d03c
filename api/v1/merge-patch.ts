// A merge patch (RFC 7396) of a known shape.
import type { Context } from 'koa'
import type { z } from 'zod'
import { Rejection } from '../errors.ts'
import { parsed } from './parsed.ts'

const PATCH_TYPES = ['application/merge-patch+json', 'application/json']

/** Fields that are absent stay as they are. Throws BAD_REQUEST (415) for another kind of patch. */
export function parsedPatch<T>(ctx: Context, shape: z.ZodType<T>): T {
  const type = (ctx.get('content-type').split(';', 1)[0] ?? '').trim().toLowerCase()
  if (PATCH_TYPES.includes(type)) return parsed(shape, ctx.request.body)
  const headers = { 'Accept-Patch': PATCH_TYPES.join(', ') }
  throw new Rejection('BAD_REQUEST', 'Send a merge patch (application/merge-patch+json).', {
    ...{ status: 415, headers },
  })
}

// Strong entity tags (RFC 9110 §8.8.3) of what /api/v1 shows, and the conditions that clients put on them. A tag is a
// hash of the representation: equal on every region, and another one when anything in it changes.
import { createHash } from 'node:crypto'
import type { Context } from 'koa'
import { json, type Answer } from '../call.ts'
import { Rejection } from '../errors.ts'

function entityTag(representation: unknown): string {
  const digest = createHash('sha256').update(JSON.stringify(representation)).digest('base64url')
  return `"${digest.slice(0, 24)}"`
}

/** The representation with its tag; 304 when the client has it already. */
export function tagged(ctx: Context, representation: unknown, status = 200): Answer {
  const tag = entityTag(representation)
  ctx.set('ETag', tag)
  const isRead = ctx.method === 'GET' || ctx.method === 'HEAD'
  if (isRead && names(ctx.get('if-none-match'), tag, 'weak')) {
    return { status: 304, body: { kind: 'empty' } }
  }
  return json(representation, status)
}

/**
 * True when the client said which version it means, and it is this one; false when it said nothing. Throws
 * PRECONDITION_FAILED for another version. The write itself must say what it expects, too: what was compared here
 * may change before it is applied.
 */
export function checkIfMatch(ctx: Context, representation: unknown): boolean {
  const given = ctx.get('if-match')
  if (given === '') return false
  const tag = entityTag(representation)
  if (names(given, tag, 'strong')) return given.trim() !== '*'
  throw new Rejection('PRECONDITION_FAILED', 'The object is not the one that If-Match names.', {
    headers: { ETag: tag },
  })
}

/** Weak tags are never equal where strong comparison is asked for (RFC 9110 §13.1.1). */
function names(header: string, tag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true
  return header
    .split(',')
    .map((text) => text.trim())
    .some((text) => (comparison === 'weak' ? text.replace(/^W\//, '') : text) === tag)
}

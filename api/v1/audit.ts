// /api/v1/audit-events: every write of a user, newest first. Rows never change and new ones come at the other end, so a
// cursor is a place in the list: it is good at every region, and its pages are those of the revision it names.
import { newestFirst } from '#state/event-feed.ts'
import type { AuditEvent } from '#state/tables.ts'
import { json, type Answer, type Call } from '../call.ts'
import { Rejection } from '../errors.ts'
import { integer, readParams, text, type Params } from '../params.ts'
import { auditSentence } from '../render/event.ts'

const LIMIT_DEFAULT = 100
const LIMIT_MAX = 500
export const AUDIT_QUERY = {
  limit: integer(`Events of a page; ${LIMIT_DEFAULT} by default.`, { min: 1, max: LIMIT_MAX }),
  cursor: text('Where to go on: `next_cursor` of the page before.'),
  username: text('Only what this user did.'),
  action: text('Only this action, such as subnet.create.'),
} satisfies Params

export async function listAuditEvents(call: Call): Promise<Answer> {
  const asked = readParams(call.input, AUDIT_QUERY)
  const { limit = LIMIT_DEFAULT, username, action } = asked
  const view = await call.view()
  const cursor = cursorOf(asked.cursor ?? '')
  const revision = cursor?.revision ?? view.revision
  const found: AuditEvent[] = []
  for (const { kind, row } of newestFirst(view.state, cursor?.before ?? Number.MAX_SAFE_INTEGER)) {
    if (kind !== 'audit') continue
    if (username !== undefined && row.username !== username) continue
    if (action !== undefined && row.action !== action) continue
    found.push(row)
    // One more than asked for tells whether there is a next page.
    if (found.length > limit) break
  }
  const items = found.slice(0, limit)
  const last = items.at(-1)
  const hasMore = found.length > limit && last !== undefined
  call.noteRevision(revision, view.stalenessMs)
  return json({
    items: items.map(renderAudit),
    revision,
    next_cursor: hasMore ? Buffer.from(`${revision} ${last.id}`).toString('base64url') : null,
  })
}

function cursorOf(given: string): { readonly revision: number; readonly before: number } | null {
  if (given === '') return null
  const plain = Buffer.from(given.slice(0, 64), 'base64url').toString()
  const [, revision, before] = /^(\d{1,15}) (\d{1,15})$/.exec(plain) ?? []
  if (before === undefined) throw new Rejection('BAD_REQUEST', 'This is no cursor.')
  return { revision: Number(revision), before: Number(before) }
}

function renderAudit(row: AuditEvent) {
  return {
    id: row.id,
    time: new Date(row.createdWall).toISOString(),
    action: row.action,
    description: auditSentence(row),
    subject_id: row.subjectId,
    subject: row.subject,
    system_id: row.systemId,
    hostname: row.hostname,
    username: row.username,
    remote_address: row.remoteAddress,
    request_id: row.requestId,
  }
}

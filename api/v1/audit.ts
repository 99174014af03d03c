// /api/v1/audit-events: every write of a user, newest first. Rows never change and new ones come at the other end, so a
// cursor is a place in the list: it is good at every region, and its pages are those of the revision it names.
import { newestFirst } from '#state/event-feed.ts'
import type { AuditEvent } from '#state/tables.ts'
import { json, type Answer, type Call } from '../call.ts'
import { Rejection } from '../errors.ts'
import { Form } from '../input.ts'
import { auditSentence } from '../render/event.ts'

export const AUDIT_QUERY: readonly string[] = ['limit', 'cursor', 'username', 'action']
const LIMIT_DEFAULT = 100
const LIMIT_MAX = 500

export async function listAuditEvents(call: Call): Promise<Answer> {
  const form = new Form(call.input)
  const limit = form.integer('limit', { min: 1, max: LIMIT_MAX }) ?? LIMIT_DEFAULT
  form.check()
  const view = await call.view()
  const cursor = cursorOf(call.input.text('cursor') ?? '')
  const revision = cursor?.revision ?? view.revision
  const username = call.input.text('username')
  const action = call.input.text('action')
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
  call.noteRevision(revision)
  return json({
    items: items.map(renderAudit),
    revision,
    next_cursor: hasMore ? Buffer.from(`${revision} ${last.id}`).toString('base64url') : null,
  })
}

function cursorOf(text: string): { readonly revision: number; readonly before: number } | null {
  if (text === '') return null
  const plain = Buffer.from(text.slice(0, 64), 'base64url').toString()
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

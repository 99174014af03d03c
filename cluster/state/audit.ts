// Every write of a user leaves an audit event: derived here from envelope and command, so that it costs the log
// nothing and exists exactly when the write does. Rows hold facts; sentences are the API's, because what `apply`
// makes must stay the same in every version (other facts need a feature level of their own).
import { formatIp, formatIpCidr, parseIp, type Ip, type IpCidr } from '#model/ip.ts'
import type { Command } from './command.ts'
import { nextId, type Context } from './context.ts'
import { addEvent, hostnameOf } from './events.ts'
import { AUDIT_EVENTS_MAX, EVENTS_MAX } from './limits.ts'
import type { Outcome } from './outcome.ts'
import type { RegionState } from './state.ts'
import type { AuditEvent } from './tables.ts'

/** Entries from before it are applied by nodes that audit nothing. */
const AUDIT_LEVEL = 3
const SUBJECT_LENGTH_MAX = 128

type Subject = Pick<AuditEvent, 'action' | 'subjectId' | 'subject' | 'systemId' | 'hostname'>
type Fields = Readonly<Record<string, unknown>>

/** What the command is about, asked before it is executed: afterwards the object may be gone. */
export function auditBefore({ state }: Context, command: Command): Subject | null {
  // Events are written by users' tools as well; one about each would say nothing. A look is no write.
  const isTold = command.type !== 'event.record' && command.type !== 'power.query'
  if (state.featureLevel < AUDIT_LEVEL || !isTold) return null
  const fields: Fields = command
  const row = rowOf(state, command.type, fields)
  const systemId = textOf(fields['systemId'])
  return {
    action: command.type,
    subjectId: idOf(fields),
    subject: (labelOf(fields) || labelOf(row)).slice(0, SUBJECT_LENGTH_MAX),
    systemId: systemId === '' ? null : systemId,
    hostname: hostnameOf(state, systemId === '' ? null : systemId),
  }
}

/** `value` is what the command answered: new objects get their ids there. */
export function recordAudit(
  context: Context,
  subject: Subject,
  value: Extract<Outcome, { readonly ok: true }>['value'],
): void {
  const { state, actor, wall } = context
  const subjectId = subject.subjectId ?? idOf((value ?? {}) as Fields)
  const hostname = subject.hostname || hostnameOf(state, subject.systemId)
  if (actor.kind === 'anonymous') {
    // Who has no key must not be able to push out what is known about those who have.
    const { remoteAddress, requestId } = actor
    const what = `${subject.action} ${subject.subject || hostname}`.trim()
    const description = `${what} from ${remoteAddress}, request ${requestId}`
    const { systemId } = subject
    addEvent(context, {
      ...{ systemId, username: '', level: 'INFO', type: 'Anonymous request', description },
    })
    return
  }
  const sequence = nextId<number>(state, 'auditEvents')
  const id = nextId<number>(state, 'events')
  const { action, subject: name, systemId } = subject
  const { userId, username, remoteAddress, requestId } = actor
  // In the order of `canonical`, which has nothing to sort then.
  state.auditEvents.put(sequence, {
    ...{ action, createdWall: wall, hostname, id, remoteAddress, requestId, sequence },
    ...{ subject: name, subjectId, systemId, userId, username },
  })
  state.auditEvents.delete(sequence - AUDIT_EVENTS_MAX)
  // The other table's ring goes on by the same ids.
  state.events.delete(id - EVENTS_MAX)
}

/** The object as it is in the table of its kind: `subnet.…` in `subnets`. */
function rowOf(state: RegionState, type: string, fields: Fields): Fields {
  const table: unknown = (state as unknown as Fields)[`${type.slice(0, type.indexOf('.'))}s`]
  const key = fields['id'] ?? fields['systemId'] ?? fields['tokenKey']
  if (typeof key !== 'string' && typeof key !== 'number') return {}
  if (typeof table !== 'object' || table === null || !('get' in table)) return {}
  const { get } = table as { readonly get: (key: string | number) => Fields | undefined }
  return get.call(table, key) ?? {}
}

function idOf(fields: Fields): string | number | null {
  const id = fields['systemId'] ?? fields['id'] ?? addressOf(fields['ip'])
  return typeof id === 'string' || typeof id === 'number' ? id : null
}

function addressOf(ip: unknown): string | null {
  if (typeof ip === 'number') return formatIp(ip as Ip)
  if (typeof ip !== 'string') return null
  const parsed = parseIp(ip)
  return parsed === undefined ? ip : formatIp(parsed)
}

function labelOf(fields: Fields): string {
  for (const name of ['username', 'hostname', 'name']) {
    const text = textOf(fields[name])
    if (text !== '') return text
  }
  const cidr = fields['cidr']
  if (typeof cidr === 'string') return cidr
  const isCidr = typeof cidr === 'object' && cidr !== null && 'network' in cidr && 'prefix' in cidr
  return isCidr ? formatIpCidr(cidr as IpCidr) : ''
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

// Events as MAAS shows them (maas-api §8), and the sentences about what the state keeps as facts.
import type { FeedEvent } from '#state/event-feed.ts'
import type { AuditEvent } from '#state/tables.ts'
import { eventTime } from './names.ts'

export function renderEvent({ kind, row }: FeedEvent) {
  const isAudit = kind === 'audit'
  return {
    username: row.username,
    node: row.systemId ?? '',
    hostname: row.hostname,
    id: row.id,
    level: isAudit ? 'AUDIT' : row.level,
    created: eventTime(row.createdWall),
    type: isAudit ? auditType(row.action) : row.type,
    description: isAudit ? `${auditSentence(row)} ${whence(row)}` : row.description,
  }
}

/** MAAS's classes of audit events; what has none there is a setting. */
const TYPES: Readonly<Record<string, string>> = {
  user: 'Authorisation',
  apiKey: 'Authorisation',
  sshKey: 'Authorisation',
  sslKey: 'Authorisation',
  accessToken: 'Authorisation',
  login: 'Authorisation',
  machine: 'Node',
  device: 'Node',
  rack: 'Node',
  bootResource: 'Images',
  bootSource: 'Images',
  zone: 'Zones',
  tag: 'Tag',
  ...Object.fromEntries(
    ['fabric', 'vlan', 'space', 'subnet', 'ipRange', 'address', 'reservation', 'reservedIp']
      .concat(['staticRoute', 'domain', 'dnsResource', 'dnsRecord', 'dhcpSnippet'])
      .map((kind) => [kind, 'Networking']),
  ),
}

function auditType(action: string): string {
  return TYPES[kindOf(action)] ?? 'Settings'
}

const VERBS: Readonly<Record<string, string>> = {
  create: 'Created',
  update: 'Updated',
  patch: 'Updated',
  put: 'Set',
  rename: 'Renamed',
  delete: 'Deleted',
  remove: 'Removed',
  transfer: 'Transferred and deleted',
  import: 'Imported',
  reserve: 'Reserved',
  release: 'Released',
  open: 'Opened',
  close: 'Closed',
  allocate: 'Acquired',
  deploy: 'Started deploying',
  releaseAll: 'Released',
  commission: 'Started commissioning',
  accept: 'Accepted',
  test: 'Started testing',
  abort: 'Aborted the operation of',
  markBroken: 'Marked broken',
  markFixed: 'Marked fixed',
  overrideFailedTesting: 'Overrode failed testing of',
  rescue: 'Started rescue mode of',
  exitRescue: 'Stopped rescue mode of',
  lock: 'Locked',
  unlock: 'Unlocked',
  power: 'Switched the power of',
  annotate: 'Set annotations of',
}

/** `Deleted subnet 3 (10.0.0.0/24).` */
export function auditSentence({ action, subjectId, subject }: AuditEvent): string {
  const word = action.slice(action.indexOf('.') + 1)
  const verb = VERBS[word] ?? `${word.charAt(0).toUpperCase()}${word.slice(1)}`
  const kind = kindOf(action).replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  const id = subjectId === null ? '' : ` ${subjectId}`
  const name = subject === '' ? '' : subjectId === null ? ` ${subject}` : ` (${subject})`
  return `${verb} ${kind}${id}${name}.`
}

function kindOf(action: string): string {
  return action.slice(0, action.indexOf('.'))
}

function whence({ remoteAddress, requestId }: AuditEvent): string {
  return `[from ${remoteAddress}, request ${requestId}]`
}

// The first frames of every connection, before any message: who is there, of which cluster, in which
// life (D13). Certificates have proved the names; what is compared here is the rest.
import {
  FIRST_LEVELS,
  type LevelRange,
  SUPPORTED_LEVELS,
  whyLevelsDiffer,
} from '#model/feature-level.ts'
import type { EnrollReply, EnrollRequest, RenewRequest } from './enroll.ts'
import { decode, encode } from './codec.ts'
import type { JoinReply, JoinRequest } from './join.ts'
import { checkRecord, checkType, malformedShape, type Fields } from './shape.ts'

/**
 * Raised when old and new nodes could no longer understand each other at all: it parts them, racks too. What only some
 * nodes know is told by feature levels instead; `renew` is asked on a connection of its own, which a node that does
 * not know it closes.
 */
export const PROTOCOL_VERSION = 1

export type MemberKind = 'region' | 'rack'

/** What the dialer wants the connection for. */
export type Purpose = 'messages' | 'snapshot' | 'rack'

export type Hello = {
  readonly type: 'hello'
  readonly protocolVersion: number
  readonly clusterId: string
  readonly nodeId: string
  readonly kind: MemberKind
  readonly purpose: Purpose
  /** Counts the starts of a node; a lower one than seen before is a process that should be dead. */
  readonly incarnation: number
  /** Absent in hellos of level 1. */
  readonly featureLevels?: LevelRange
}
export type Welcome = Omit<Hello, 'type' | 'purpose'> & { readonly type: 'welcome' }
export type Refused = {
  readonly type: 'refused'
  readonly code:
    | 'CLUSTER_MISMATCH'
    | 'CERTIFICATE_INVALID'
    | 'PROTOCOL'
    | 'UNSUPPORTED_VERSION'
    | 'OVERLOADED'
    | 'MEMBER_REMOVED'
  /** One sentence for the other side's log. */
  readonly message: string
}
export type Enroll = { readonly type: 'enroll'; readonly request: EnrollRequest }
export type Enrolled = { readonly type: 'enrolled'; readonly reply: EnrollReply }
/** A region node without a certificate asks to join. */
export type Join = { readonly type: 'join'; readonly request: JoinRequest }
export type Joined = { readonly type: 'joined'; readonly reply: JoinReply }
/** A member asks for the certificate that follows the one it shows; regions before level 3 hang up. */
export type Renew = { readonly type: 'renew'; readonly request: RenewRequest }
export type Renewed = { readonly type: 'renewed'; readonly reply: EnrollReply }
/** Ends a snapshot connection. */
export type SnapshotDone = {
  readonly type: 'snapshotDone'
  readonly ok: boolean
  readonly message: string
}
/** Answers a resumable offer: content bytes that are there already, a border of chunks. */
export type SnapshotFrom = { readonly type: 'snapshotFrom'; readonly bytes: number }
export type Greeting =
  | Hello
  | Welcome
  | Refused
  | Enroll
  | Enrolled
  | Join
  | Joined
  | Renew
  | Renewed
  | SnapshotFrom
  | SnapshotDone

const MEMBER_FIELDS: Fields = {
  protocolVersion: 'index',
  clusterId: 'text',
  nodeId: 'text',
  kind: 'text',
  incarnation: 'index',
}
const FIELDS = {
  hello: { ...MEMBER_FIELDS, purpose: 'text' },
  welcome: MEMBER_FIELDS,
  refused: { code: 'text', message: 'text' },
  enroll: { request: 'record' },
  enrolled: { reply: 'record' },
  snapshotFrom: { bytes: 'index' },
  join: { request: 'record' },
  joined: { reply: 'record' },
  renew: { request: 'record' },
  renewed: { reply: 'record' },
  snapshotDone: { ok: 'boolean', message: 'text' },
} as const satisfies { readonly [T in Greeting['type']]: Fields }

const LEVEL_FIELDS: Fields = { min: 'index', max: 'index' }
const ENROLL_FIELDS: Fields = {
  secret: 'text',
  certificateRequestPem: 'text',
  rackId: 'text',
  hostname: 'text',
}
const RENEW_FIELDS: Fields = { certificateRequestPem: 'text' }
const ENROLLED_FIELDS: Fields = { certificatePem: 'text', caPem: 'text', clusterId: 'text' }

const JOIN_FIELDS: Fields = {
  secret: 'text',
  certificateRequestPem: 'text',
  nodeId: 'text',
  host: 'text',
  port: 'index',
  apiUrl: 'text',
}
const JOINED_FIELDS: Fields = {
  ...ENROLLED_FIELDS,
  caKeyPem: 'text',
  members: 'array',
  voters: 'texts',
}
const ADDRESS_FIELDS: Fields = { id: 'text', host: 'text', port: 'index', apiUrl: 'text' }

export function encodeGreeting(greeting: Greeting): Uint8Array {
  return encode(greeting)
}

/** Throws PROTOCOL. */
export function decodeGreeting(frameBody: Uint8Array): Greeting {
  const value = decode(frameBody)
  const type = checkType(value, FIELDS, 'greeting')
  const record = checkRecord(value, FIELDS[type], type)
  const levels = record['featureLevels']
  if (levels !== undefined) checkRecord(levels, LEVEL_FIELDS, 'feature levels')
  if (type === 'enroll') checkRecord(record['request'], ENROLL_FIELDS, 'enrolment')
  if (type === 'renew') checkRecord(record['request'], RENEW_FIELDS, 'renewal')
  if (type === 'enrolled' || type === 'renewed') {
    const { ok } = checkRecord(record['reply'], { ok: 'boolean' }, 'enrolment')
    const fields: Fields = ok === true ? ENROLLED_FIELDS : { message: 'text' }
    checkRecord(record['reply'], fields, 'enrolment')
  }
  if (type === 'join') checkRecord(record['request'], JOIN_FIELDS, 'join')
  if (type === 'joined') checkJoinReply(record['reply'])
  return record as unknown as Greeting
}

export function levelsOf(claim: Hello | Welcome): LevelRange {
  return claim.featureLevels ?? FIRST_LEVELS
}

function checkJoinReply(value: unknown): void {
  const { ok } = checkRecord(value, { ok: 'boolean' }, 'join')
  if (ok !== true) {
    checkRecord(value, { message: 'text', retry: 'boolean' }, 'join')
    return
  }
  const { members } = checkRecord(value, JOINED_FIELDS, 'join')
  if (!Array.isArray(members)) throw malformedShape('join', 'members are no list')
  for (const member of members) checkRecord(member, ADDRESS_FIELDS, 'join')
}

/** What the other side claims against what its certificate proved and what is known of it. */
export function checkMember(
  claim: Hello | Welcome,
  known: {
    readonly clusterId: string
    readonly certificate: { readonly kind: MemberKind; readonly id: string }
    /** Highest incarnation seen of that member; 0 when none. */
    readonly incarnation: number
    /** What the cluster needs now and what this node supports; default: what this node supports. */
    readonly featureLevels?: LevelRange
  },
): Refused | null {
  const { certificate } = known
  const refuse = (code: Refused['code'], message: string): Refused => {
    return { type: 'refused', code, message }
  }
  if (claim.protocolVersion !== PROTOCOL_VERSION) {
    const versions = `${claim.protocolVersion} here, ${PROTOCOL_VERSION} there`
    return refuse('PROTOCOL', `Protocol versions differ: ${versions}.`)
  }
  if (claim.clusterId !== known.clusterId) {
    return refuse('CLUSTER_MISMATCH', `This is cluster ${known.clusterId}.`)
  }
  if (claim.kind !== certificate.kind || claim.nodeId !== certificate.id) {
    const proved = `${certificate.kind}:${certificate.id}`
    return refuse('CERTIFICATE_INVALID', `The certificate belongs to ${proved}.`)
  }
  const differ = whyLevelsDiffer(levelsOf(claim), known.featureLevels ?? SUPPORTED_LEVELS)
  if (differ !== null) return refuse('UNSUPPORTED_VERSION', differ)
  if (claim.incarnation < known.incarnation) {
    const numbers = `${claim.incarnation}, ${known.incarnation} was seen`
    return refuse('PROTOCOL', `A newer process of this node has been here: ${numbers}.`)
  }
  return null
}

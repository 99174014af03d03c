// Region ⇄ region messages as bytes. A frame body is any number of them, one after the other.
import type { NodeReport, PeerMessage, SnapshotOffer } from './peer.ts'
import { decode, decodeMany, encodeBriefly } from './codec.ts'
import { checkConfiguration, checkSnapshotMeta, raftFromWire, raftToWire } from './raft-codec.ts'
import { checkRecord, checkType, type Fields } from './shape.ts'

const PEER_FIELDS = {
  raft: { message: 'record' },
  forward: { id: 'index', envelope: 'bytes' },
  forwarded: { id: 'index', result: 'record' },
  recall: { position: 'record' },
  recalled: { incarnation: 'index', claims: 'recordOrNull', term: 'index' },
  report: { report: 'record' },
  transfer: { to: 'textOrNull' },
} as const satisfies { readonly [T in PeerMessage['type']]: Fields }

const REPORT_FIELDS: Fields = {
  id: 'text',
  role: 'text',
  term: 'index',
  applied: 'index',
  commit: 'index',
  last: 'index',
  fsyncP99Ms: 'numberOrNull',
  apiUrl: 'text',
  pid: 'index',
  condition: 'text',
  reason: 'textOrNull',
  alarm: 'text',
  hashes: 'array',
  position: 'recordOrNull',
  certificateExpiresMs: 'numberOrNull',
}

const HASH_FIELDS: Fields = { index: 'index', value: 'text' }

const POSITION_FIELDS: Fields = {
  incarnation: 'index',
  epoch: 'index',
  batchSequence: 'index',
  term: 'index',
  votedFor: 'textOrNull',
  lastIndex: 'index',
  lastTerm: 'index',
}

const CLAIMS_FIELDS: Fields = {
  incarnation: 'index',
  epoch: 'index',
  batchSequence: 'index',
  term: 'index',
  ackedTerm: 'index',
  ackedIndex: 'index',
}

/** Shares the encoder's pool: write it away at once. */
export function encodePeerMessage(message: PeerMessage): Uint8Array {
  if (message.type !== 'raft') return encodeBriefly(message)
  return encodeBriefly({ type: 'raft', message: raftToWire(message.message) })
}

/** The messages of one frame. Throws PROTOCOL when one of them is malformed. */
export function decodePeerMessages(frameBody: Uint8Array): readonly PeerMessage[] {
  return decodeMany(frameBody).map(parsePeerMessage)
}

export function encodeSnapshotOffer(offer: SnapshotOffer): Uint8Array {
  return encodeBriefly(offer)
}

/** Throws PROTOCOL. */
export function decodeSnapshotOffer(frameBody: Uint8Array): SnapshotOffer {
  const fields: Fields = {
    meta: 'record',
    sha256: 'text',
    sizeBytes: 'index',
    from: 'text',
    term: 'index',
  }
  const offer = checkRecord(decode(frameBody), fields, 'snapshot offer')
  checkSnapshotMeta(offer['meta'])
  if (offer['resumable'] !== undefined) {
    checkRecord(offer, { resumable: 'boolean' }, 'snapshot offer')
  }
  return offer as unknown as SnapshotOffer
}

function parsePeerMessage(value: unknown): PeerMessage {
  const messageType = checkType(value, PEER_FIELDS, 'peer message')
  const record = checkRecord(value, PEER_FIELDS[messageType], messageType)
  switch (messageType) {
    case 'raft':
      return { type: messageType, message: raftFromWire(record['message']) }
    case 'forwarded':
      checkForwardResult(record['result'])
      break
    case 'report':
      return { type: messageType, report: parseReport(record['report']) }
    case 'recall':
      checkRecord(record['position'], POSITION_FIELDS, 'position')
      break
    case 'recalled':
      if (record['claims'] !== null) checkRecord(record['claims'], CLAIMS_FIELDS, 'claims')
      if (record['known'] !== undefined) checkKnown(record['known'])
      break
    case 'forward':
    case 'transfer':
      break
    default:
      messageType satisfies never
  }
  return record as unknown as PeerMessage
}

function checkKnown(value: unknown): void {
  const known = checkRecord(value, { index: 'index', configuration: 'record' }, 'recalled')
  checkConfiguration(known['configuration'])
}

/** What the reports of levels 1 and 2 leave out, and what they meant by it. */
const FIRST_REPORT = {
  ...{ condition: 'ok', reason: null, position: null, hashes: [], alarm: 'none' },
  certificateExpiresMs: null,
}

function parseReport(value: unknown): NodeReport {
  const given = checkRecord(value, {}, 'report')
  const report = checkRecord({ ...FIRST_REPORT, ...given }, REPORT_FIELDS, 'report')
  const { position, featureLevels, hashes } = report
  for (const hash of hashes as readonly unknown[]) checkRecord(hash, HASH_FIELDS, 'state hash')
  if (position !== null) checkRecord(position, POSITION_FIELDS, 'position')
  if (featureLevels !== undefined) {
    checkRecord(featureLevels, { min: 'index', max: 'index' }, 'feature levels')
  }
  return report as unknown as NodeReport
}

function checkForwardResult(value: unknown): void {
  const { ok } = checkRecord(value, { ok: 'boolean' }, 'forward result')
  if (ok !== true) {
    checkRecord(value, { reason: 'text', leader: 'textOrNull' }, 'forward result')
    return
  }
  const fields: Fields = { outcome: 'record', revision: 'index' }
  const { outcome } = checkRecord(value, fields, 'forward result')
  checkOutcome(outcome)
}

/** Throws PROTOCOL when it is neither a success nor a refusal with code and message. */
export function checkOutcome(value: unknown): void {
  const { ok } = checkRecord(value, { ok: 'boolean' }, 'outcome')
  if (ok !== true) checkRecord(value, { code: 'text', message: 'text' }, 'outcome')
}

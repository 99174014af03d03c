// What a log entry of kind `command` holds, as bytes. The log is kept for years and read by every later
// version: a version or a command this code does not know stops the node instead of being guessed at.
import { AppError } from '#model/errors.ts'
import type { CommandType, Envelope } from '#state/command.ts'
import { decode, encode } from './codec.ts'
import { checkRecord, type Fields } from './shape.ts'

const ENVELOPE_VERSION = 1

/** A new member of the union breaks the build here until it is named. */
const COMMAND_TYPES = {
  'cluster.initialise': true,
  'session.open': true,
  'time.advance': true,
  'region.register': true,
  'rack.register': true,
  'rack.beat': true,
  'rack.lost': true,
  'rack.delete': true,
  'user.create': true,
  'user.update': true,
  'user.delete': true,
  'apiKey.create': true,
  'apiKey.rename': true,
  'apiKey.delete': true,
  'fabric.create': true,
  'fabric.update': true,
  'fabric.delete': true,
  'vlan.create': true,
  'vlan.update': true,
  'vlan.delete': true,
  'space.create': true,
  'space.update': true,
  'space.delete': true,
  'subnet.create': true,
  'subnet.update': true,
  'subnet.delete': true,
  'ipRange.create': true,
  'ipRange.update': true,
  'ipRange.delete': true,
  'address.reserve': true,
  'address.release': true,
  'lease.bind': true,
  'lease.release': true,
  'lease.decline': true,
  'machine.create': true,
  'machine.update': true,
  'machine.delete': true,
  'bootResource.put': true,
  'bootResource.delete': true,
  'event.record': true,
  'setting.put': true,
} as const satisfies { readonly [T in CommandType]: true }

const ENVELOPE_FIELDS: Fields = {
  version: 'index',
  request: 'recordOrNull',
  wall: 'number',
  actor: 'record',
  idempotency: 'recordOrNull',
  command: 'record',
}
const REQUEST_FIELDS: Fields = { session: 'text', sequence: 'index', answeredBelow: 'index' }
const ACTOR_FIELDS: Fields = {
  kind: 'text',
  userId: 'indexOrNull',
  username: 'text',
  remoteAddress: 'text',
  requestId: 'text',
}
const IDEMPOTENCY_FIELDS: Fields = { key: 'text', fingerprint: 'text' }

/** The result is the caller's to keep. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return encode(envelope)
}

/**
 * Throws PROTOCOL for malformed bytes, for another version and for an unknown command. On a committed
 * entry each of them means: this node must stop, its code is older than its log.
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const envelope = checkRecord(decode(bytes), { version: 'index' }, 'envelope')
  if (envelope['version'] !== ENVELOPE_VERSION) {
    throw new AppError(
      'PROTOCOL',
      `Unknown command: envelope version ${String(envelope['version'])}.`,
    )
  }
  checkRecord(envelope, ENVELOPE_FIELDS, 'envelope')
  if (envelope['request'] !== null) checkRecord(envelope['request'], REQUEST_FIELDS, 'request')
  checkRecord(envelope['actor'], ACTOR_FIELDS, 'actor')
  if (envelope['idempotency'] !== null) {
    checkRecord(envelope['idempotency'], IDEMPOTENCY_FIELDS, 'idempotency')
  }
  const { type } = checkRecord(envelope['command'], { type: 'text' }, 'command')
  if (!Object.hasOwn(COMMAND_TYPES, String(type))) {
    throw new AppError('PROTOCOL', `Unknown command: ${String(type).slice(0, 64)}.`)
  }
  return envelope as unknown as Envelope
}

// What a log entry of kind `command` holds, as bytes. The log is kept for years and read by every later
// version: a version or a command this code does not know stops the node instead of being guessed at.
import { AppError } from '#model/errors.ts'
import type { Actor, Command, CommandType, Envelope } from '#state/command.ts'
import { decode, encode } from './codec.ts'
import { checkRecord, type Fields, malformedShape } from './shape.ts'

const ENVELOPE_VERSION = 1

/** A new member of the union breaks the build here until it is named. */
const COMMAND_TYPES = {
  'cluster.initialise': true,
  'cluster.raiseLevel': true,
  'cluster.restore': true,
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
  'tenure.hello': true,
  'tenure.beat': true,
  'reserve.grant': true,
  'reserve.return': true,
  'reserve.replay': true,
  'reservation.create': true,
  'reservation.delete': true,
  'reservation.update': true,
  'staticRoute.create': true,
  'staticRoute.update': true,
  'staticRoute.delete': true,
  'address.forget': true,
  'restore.begin': true,
  'restore.accept': true,
  'member.register': true,
  'member.join': true,
  'member.remove': true,
  'member.report': true,
  'token.create': true,
  'token.use': true,
  'token.revoke': true,
  'lease.observe': true,
  'domain.create': true,
  'domain.update': true,
  'domain.delete': true,
  'domain.setDefault': true,
  'domain.setSerial': true,
  'dnsResource.create': true,
  'dnsResource.update': true,
  'dnsResource.delete': true,
  'dnsRecord.create': true,
  'dnsRecord.update': true,
  'dnsRecord.delete': true,
  'object.create': true,
  'object.update': true,
  'object.delete': true,
  'object.revert': true,
  'notification.dismiss': true,
  'file.put': true,
  'file.delete': true,
  'tag.assign': true,
  'node.place': true,
  'controller.update': true,
  'device.create': true,
  'device.update': true,
  'device.delete': true,
  'config.put': true,
  'user.patch': true,
  'user.transfer': true,
  'sshKey.create': true,
  'sshKey.import': true,
  'sshKey.delete': true,
  'sslKey.create': true,
  'sslKey.delete': true,
  'accessToken.create': true,
  'accessToken.rename': true,
  'accessToken.delete': true,
  'login.open': true,
  'login.close': true,
  'dhcpOption.put': true,
  'dhcpOption.delete': true,
  'dhcp.observe': true,
  'neighbour.report': true,
  'neighbour.clear': true,
  'neighbour.scan': true,
  'machine.allocate': true,
  'machine.deploy': true,
  'machine.release': true,
  'machine.releaseAll': true,
  'machine.clone': true,
  'machine.commission': true,
  'machine.accept': true,
  'machine.test': true,
  'machine.abort': true,
  'machine.markBroken': true,
  'machine.markFixed': true,
  'machine.overrideFailedTesting': true,
  'machine.rescue': true,
  'machine.exitRescue': true,
  'machine.lock': true,
  'machine.unlock': true,
  'machine.power': true,
  'machine.annotate': true,
  'machine.signal': true,
  'machine.heartbeat': true,
  'machine.netboot': true,
  'machine.foundBmc': true,
  'machine.booted': true,
  'machineToken.issue': true,
  'power.claim': true,
  'power.report': true,
  'power.queryReport': true,
  'blockDevice.create': true,
  'blockDevice.update': true,
  'blockDevice.delete': true,
  'storage.setBootDisk': true,
  'storage.tag': true,
  'storage.updateDevice': true,
  'storage.createPartition': true,
  'storage.deletePartition': true,
  'storage.format': true,
  'storage.unformat': true,
  'storage.mount': true,
  'storage.unmount': true,
  'storage.mountSpecial': true,
  'storage.unmountSpecial': true,
  'storage.createGroup': true,
  'storage.updateGroup': true,
  'storage.createLogicalVolume': true,
  'storage.createRaid': true,
  'storage.updateRaid': true,
  'storage.createCacheSet': true,
  'storage.updateCacheSet': true,
  'storage.deleteCacheSet': true,
  'storage.createBcache': true,
  'storage.updateBcache': true,
  'storage.deleteGroup': true,
  'storage.setLayout': true,
  'interface.create': true,
  'interface.update': true,
  'interface.delete': true,
  'interface.tag': true,
  'interface.disconnect': true,
  'interface.link': true,
  'interface.unlink': true,
  'interface.setGateway': true,
  'interface.clearGateways': true,
  'interface.restore': true,
  'scriptResult.report': true,
  'scriptResult.suppress': true,
  'scriptSet.delete': true,
  'machine.facts': true,
  'nodeDevice.delete': true,
  'bootUpload.begin': true,
  'bootUpload.report': true,
  'bootUpload.finish': true,
  'bootUpload.drop': true,
  'imageImport.start': true,
  'imageImport.stop': true,
  'imageImport.claim': true,
  'imageImport.report': true,
  'imageImport.end': true,
  'bootResource.sync': true,
  'bootResource.prune': true,
  'bootFiles.report': true,
  'power.query': true,
  'chassis.add': true,
  'chassis.claim': true,
  'chassis.report': true,
} as const satisfies { readonly [T in CommandType]: true }

/**
 * Today's layout: an array whose first element is 2. Every node decodes every entry once, and names of
 * fields would cost more than the short ones among the commands (a third of the time, measured).
 */
const LAYOUT = 2
const POSITIONS = 13

/** The result is the caller's to keep. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const { version, request, wall, actor, idempotency, command } = envelope
  return encode([
    ...[LAYOUT, version, wall],
    ...[request?.session ?? null, request?.sequence ?? 0, request?.answeredBelow ?? 0],
    ...[actor.kind, actor.userId, actor.username, actor.remoteAddress, actor.requestId],
    idempotency === null ? null : [idempotency.key, idempotency.fingerprint],
    command,
  ])
}

/**
 * Throws PROTOCOL for malformed bytes, UNSUPPORTED_VERSION for another version and for an unknown command. On
 * a committed entry each of them means that this node must stop; the second that its code is too old.
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const value = decode(bytes)
  const envelope = Array.isArray(value) ? fromPositions(value) : fromMap(value)
  const { type } = checkRecord(envelope.command, COMMAND_FIELDS, 'command')
  if (!Object.hasOwn(COMMAND_TYPES, String(type))) {
    throw new AppError('UNSUPPORTED_VERSION', `Unknown command: ${String(type).slice(0, 64)}.`)
  }
  return envelope
}

const COMMAND_FIELDS: Fields = { type: 'text' }

function fromPositions(values: readonly unknown[]): Envelope {
  const [layout, version, wall, session, sequence, answeredBelow, ...rest] = values
  const [kind, userId, username, remoteAddress, requestId, idempotency, command] = rest
  if (layout !== LAYOUT) throw unknownVersion(`layout ${String(layout)}`)
  if (version !== ENVELOPE_VERSION) throw unknownVersion(`version ${String(version)}`)
  if (values.length !== POSITIONS) throw malformedShape('envelope', `${values.length} positions`)
  if (!Number.isFinite(wall)) throw malformedShape('envelope', 'wall is not a number')
  const actor = { kind, userId, username, remoteAddress, requestId }
  if (!isActor(actor)) throw malformedShape('actor', 'a field has the wrong type')
  return {
    version: ENVELOPE_VERSION,
    request: session === null ? null : requestOf(session, sequence, answeredBelow),
    wall: wall as number,
    actor,
    idempotency: idempotency === null ? null : idempotencyOf(idempotency),
    command: command as Command,
  }
}

function isActor(actor: { readonly [F in keyof Actor]: unknown }): actor is Actor {
  const { kind, userId, username, remoteAddress, requestId } = actor
  return (
    typeof kind === 'string' &&
    (userId === null || Number.isSafeInteger(userId)) &&
    typeof username === 'string' &&
    typeof remoteAddress === 'string' &&
    typeof requestId === 'string'
  )
}

function requestOf(session: unknown, sequence: unknown, answeredBelow: unknown) {
  const isSound =
    typeof session === 'string' &&
    Number.isSafeInteger(sequence) &&
    Number.isSafeInteger(answeredBelow)
  if (!isSound) throw malformedShape('request', 'session or a sequence has the wrong type')
  return { session, sequence: sequence as number, answeredBelow: answeredBelow as number }
}

function idempotencyOf(value: unknown): Envelope['idempotency'] {
  const [key, fingerprint] = Array.isArray(value) ? (value as readonly unknown[]) : []
  if (typeof key !== 'string' || typeof fingerprint !== 'string') {
    throw malformedShape('idempotency', 'key and fingerprint are two texts')
  }
  return { key, fingerprint }
}

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

/** The first layout: the fields by name. No longer written, read for ever. */
function fromMap(value: unknown): Envelope {
  const envelope = checkRecord(value, { version: 'index' }, 'envelope')
  const version = envelope['version']
  if (version !== ENVELOPE_VERSION) throw unknownVersion(`version ${String(version)}`)
  checkRecord(envelope, ENVELOPE_FIELDS, 'envelope')
  if (envelope['request'] !== null) checkRecord(envelope['request'], REQUEST_FIELDS, 'request')
  checkRecord(envelope['actor'], ACTOR_FIELDS, 'actor')
  if (envelope['idempotency'] !== null) {
    checkRecord(envelope['idempotency'], IDEMPOTENCY_FIELDS, 'idempotency')
  }
  return envelope as unknown as Envelope
}

function unknownVersion(which: string): AppError {
  return new AppError('UNSUPPORTED_VERSION', `Unknown command: envelope ${which}.`)
}

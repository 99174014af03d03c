// Rack ⇄ region messages as bytes. What a rack asks for is rebuilt field by field: a command that enters
// the log has the fields of its type, of the right kinds, and no others.
import type { RackToRegion, RegionToRack, RackRequest } from './rack.ts'
import { decodeMany, encodeBriefly } from './codec.ts'
import { CHASSIS_MACHINES_MAX } from '#model/chassis.ts'
import { parseSystemId } from '#model/ids.ts'
import { parseMac } from '#model/mac-address.ts'
import { OTHER_ADDRESSES_MAX } from '#model/machine.ts'
import { checkOutcome } from './peer-codec.ts'
import { checkRecord, checkType, malformedShape, pickRecord, type Fields } from './shape.ts'

const INTERFACES_MAX = 4096
/** In one `neighbour.report`. */
const NEIGHBOURS_MAX = 256
/** Addresses in one `reserve.return`. */
const RETURNS_MAX = 1024
const IPV4_MAX = 0xffff_ffff

const TO_REGION_FIELDS = {
  hello: { register: 'record', viewRevision: 'index' },
  request: { id: 'index', command: 'record' },
  ping: { sentAtMs: 'number' },
} as const satisfies { readonly [T in RackToRegion['type']]: Fields }

const REGISTER_FIELDS: Fields = {
  systemId: 'text',
  hostname: 'text',
  version: 'text',
  architecture: 'text',
  cpuCount: 'index',
  memoryMib: 'index',
  interfaces: 'array',
  otherAddresses: 'textsOrAbsent',
}
const INTERFACE_FIELDS: Fields = { name: 'text', mac: 'text', addresses: 'texts' }

const COMMAND_FIELDS = {
  'lease.bind': {
    rackId: 'text',
    client: 'text',
    mac: 'text',
    ip: 'index',
    leaseSeconds: 'index',
    kind: 'text',
    hostname: 'text',
  },
  'lease.release': { client: 'text', ip: 'index' },
  'lease.decline': { client: 'text', mac: 'text', ip: 'index' },
  'lease.observe': { rackId: 'text', mac: 'text', ip: 'index' },
  'neighbour.report': { rackId: 'text', neighbours: 'array' },
  'dhcp.observe': { rackId: 'text', vlanId: 'index', ip: 'index' },
  'event.record': {
    systemId: 'textOrNull',
    username: 'text',
    level: 'text',
    eventType: 'text',
    description: 'text',
  },
  'tenure.hello': { rackId: 'text', incarnation: 'index', journalSequence: 'index' },
  'tenure.beat': { rackId: 'text', epoch: 'index', journalSequence: 'index' },
  'reserve.grant': { rackId: 'text', epoch: 'index', vlanId: 'index', count: 'index' },
  'reserve.return': { rackId: 'text', epoch: 'index', reserves: 'array' },
  'reserve.replay': {
    rackId: 'text',
    epoch: 'index',
    ip: 'index',
    generation: 'index',
    client: 'text',
    mac: 'text',
    leaseSeconds: 'index',
    hostname: 'text',
  },
  'machine.heartbeat': { systemId: 'text' },
  'power.claim': { rackId: 'text', systemId: 'text', fence: 'index' },
  'power.report': {
    rackId: 'text',
    systemId: 'text',
    token: 'index',
    result: 'text',
    state: 'text',
    message: 'text',
  },
  'power.queryReport': { rackId: 'text', systemId: 'text', state: 'text', message: 'text' },
  'chassis.claim': { rackId: 'text', id: 'index' },
  'chassis.report': {
    rackId: 'text',
    id: 'index',
    token: 'index',
    result: 'text',
    machines: 'array',
    message: 'text',
  },
  'power.parameters': { rackId: 'text', systemId: 'text' },
} as const satisfies { readonly [T in RackRequest['type']]: Fields }

const FOUND_FIELDS: Fields = { systemId: 'text', name: 'text', node: 'text', macs: 'texts' }
const FOUND_TEXT_MAX = 256
const FOUND_MACS_MAX = 64
const NEIGHBOUR_FIELDS: Fields = { vlanId: 'index', ip: 'index', mac: 'text' }
const RETURN_FIELDS: Fields = { ip: 'index', generation: 'index' }

const BIND_KINDS = ['selecting', 'initReboot', 'renewing', 'rebinding']
const POWER_STATES = ['on', 'off', 'unknown', 'error']
const POWER_MESSAGE_MAX = 1_024
const EVENT_LEVELS = ['AUDIT', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']

const TO_RACK_FIELDS = {
  reply: { id: 'index', reply: 'record' },
  viewReset: { revision: 'index', stamp: 'number', rows: 'array' },
  viewChanges: { revision: 'index', stamp: 'number', changes: 'array' },
  pong: { sentAtMs: 'number', hasLeader: 'boolean' },
  goodbye: {},
} as const satisfies { readonly [T in RegionToRack['type']]: Fields }

/** Shares the encoder's pool: write it away at once. */
export function encodeRackMessage(message: RackToRegion | RegionToRack): Uint8Array {
  return encodeBriefly(message)
}

/** The region's side. Throws PROTOCOL. */
export function decodeRackToRegion(frameBody: Uint8Array): readonly RackToRegion[] {
  return decodeMany(frameBody).map(parseRackToRegion)
}

/** The rack's side. Throws PROTOCOL. */
export function decodeRegionToRack(frameBody: Uint8Array): readonly RegionToRack[] {
  return decodeMany(frameBody).map(parseRegionToRack)
}

function parseRackToRegion(value: unknown): RackToRegion {
  const type = checkType(value, TO_REGION_FIELDS, 'rack message')
  const record = pickRecord(value, TO_REGION_FIELDS[type], type)
  switch (type) {
    case 'hello':
      return { ...record, type, register: parseRegister(record['register']) } as RackToRegion
    case 'request':
      return { ...record, type, command: parseCommand(record['command']) } as RackToRegion
    case 'ping':
      return { ...record, type } as unknown as RackToRegion
    default:
      return type satisfies never
  }
}

function parseRegister(value: unknown): unknown {
  const { otherAddresses, ...register } = pickRecord(value, REGISTER_FIELDS, 'hello')
  const interfaces = register['interfaces'] as readonly unknown[]
  if (interfaces.length > INTERFACES_MAX) throw malformedShape('hello', 'too many interfaces')
  if (Array.isArray(otherAddresses) && otherAddresses.length > OTHER_ADDRESSES_MAX) {
    throw malformedShape('hello', 'too many addresses')
  }
  return {
    ...register,
    ...(otherAddresses === undefined ? {} : { otherAddresses }),
    interfaces: interfaces.map((each) => pickRecord(each, INTERFACE_FIELDS, 'interface')),
  }
}

function parseCommand(value: unknown): unknown {
  const type = checkType(value, COMMAND_FIELDS, 'rack command')
  const command = pickRecord(value, COMMAND_FIELDS[type], type)
  if (type === 'lease.bind' && !BIND_KINDS.includes(String(command['kind']))) {
    throw malformedShape(type, 'its kind is unknown')
  }
  if (type === 'event.record' && !EVENT_LEVELS.includes(String(command['level']))) {
    throw malformedShape(type, 'its level is unknown')
  }
  if (type === 'power.report' || type === 'power.queryReport') checkPower(type, command)
  if (Number(command['ip'] ?? 0) > IPV4_MAX) throw malformedShape(type, 'its ip is no address')
  if (type === 'neighbour.report') {
    return { ...command, type, neighbours: parseNeighbours(command) }
  }
  if (type === 'chassis.report') return { ...command, type, machines: parseFound(command) }
  if (type === 'reserve.return') return { ...command, type, reserves: parseReturns(command) }
  return { type, ...command }
}

function parseNeighbours({ neighbours }: Readonly<Record<string, unknown>>): readonly unknown[] {
  const all = neighbours as readonly unknown[]
  if (all.length > NEIGHBOURS_MAX) throw malformedShape('neighbour.report', 'too many neighbours')
  return all.map((each) => {
    const row = pickRecord(each, NEIGHBOUR_FIELDS, 'neighbour')
    const isSound = Number(row['ip']) <= IPV4_MAX && parseMac(String(row['mac'])) === row['mac']
    if (!isSound) throw malformedShape('neighbour', 'it has no address')
    return row
  })
}

function parseFound(report: Readonly<Record<string, unknown>>): readonly unknown[] {
  const type = 'chassis.report'
  const all = report['machines'] as readonly unknown[]
  if (all.length > CHASSIS_MACHINES_MAX) throw malformedShape(type, 'too many machines')
  if (!['done', 'failed'].includes(String(report['result'])))
    throw malformedShape(type, 'its result is unknown')
  if (String(report['message']).length > POWER_MESSAGE_MAX)
    throw malformedShape(type, 'its message is long')
  return all.map((each) => {
    const row = pickRecord(each, FOUND_FIELDS, 'machine')
    const macs = row['macs'] as readonly string[]
    const isSound =
      parseSystemId(String(row['systemId'])) === row['systemId'] &&
      macs.length <= FOUND_MACS_MAX &&
      macs.every((mac) => parseMac(mac) === mac) &&
      [row['name'], row['node']].every((text) => String(text).length <= FOUND_TEXT_MAX)
    if (!isSound) throw malformedShape('machine', 'it has no proper id, names or addresses')
    return row
  })
}

function checkPower(type: string, command: Readonly<Record<string, unknown>>): void {
  const { state, result = 'done', message } = command
  if (!POWER_STATES.includes(String(state))) throw malformedShape(type, 'its state is unknown')
  if (!['done', 'failed', 'off'].includes(String(result)))
    throw malformedShape(type, 'its result is unknown')
  if (String(message).length > POWER_MESSAGE_MAX) throw malformedShape(type, 'its message is long')
}

function parseReturns({ reserves }: Readonly<Record<string, unknown>>): readonly unknown[] {
  const returns = reserves as readonly unknown[]
  if (returns.length > RETURNS_MAX) throw malformedShape('reserve.return', 'too many addresses')
  return returns.map((each) => pickRecord(each, RETURN_FIELDS, 'reserve'))
}

function parseRegionToRack(value: unknown): RegionToRack {
  const type = checkType(value, TO_RACK_FIELDS, 'region message')
  const record = checkRecord(value, TO_RACK_FIELDS[type], type)
  if (type === 'reply') checkReply(record['reply'])
  if (type === 'viewReset') checkChanges(record['rows'])
  if (type === 'viewChanges') checkChanges(record['changes'])
  return record as unknown as RegionToRack
}

function checkReply(value: unknown): void {
  const { ok } = checkRecord(value, { ok: 'boolean' }, 'reply')
  if (ok !== true) {
    checkRecord(value, { reason: 'text' }, 'reply')
    return
  }
  const { outcome } = checkRecord(value, { outcome: 'record', revision: 'index' }, 'reply')
  checkOutcome(outcome)
}

function checkChanges(value: unknown): void {
  for (const change of value as readonly unknown[]) {
    checkRecord(change, { table: 'text', row: 'recordOrNull' }, 'view change')
  }
}

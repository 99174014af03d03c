// A state with a cluster in it, and one-line ways to apply commands and look at what happened.
import { RELAYED_VLAN_LEVEL, SUPPORTED_LEVELS } from '#model/feature-level.ts'
import type { SystemId } from '#model/ids.ts'
import { parseIp, parseIpCidr, type Ip, type IpCidr } from '#model/ip.ts'
import { parseCidr, parseIpv4, type Cidr, type Ipv4 } from '#model/ipv4.ts'
import { parseMac, type MacAddress } from '#model/mac-address.ts'
import { apply, type ApplyResult } from '#state/apply.ts'
import type { Actor, Command, CommandOf, Envelope } from '#state/command.ts'
import type { OutcomeOf, Refusal, ValueOf } from '#state/outcome.ts'
import { digest } from '#state/snapshot.ts'
import { emptyState, type RegionState } from '#state/state.ts'

export const ADMIN: Actor = {
  kind: 'user',
  userId: 1 as Actor['userId'],
  username: 'admin',
  remoteAddress: '192.0.2.9',
  requestId: '',
}

export function ip(text: string): Ipv4 {
  const parsed = parseIpv4(text)
  if (parsed === undefined) throw new Error(`not an address: ${text}`)
  return parsed
}

export function cidr(text: string): Cidr {
  const parsed = parseCidr(text)
  if (parsed === undefined) throw new Error(`not a CIDR: ${text}`)
  return parsed
}

/** Of either family. */
export function anyIp(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new Error(`not an address: ${text}`)
  return parsed
}

export function anyCidr(text: string): IpCidr {
  const parsed = parseIpCidr(text)
  if (parsed === undefined) throw new Error(`not a CIDR: ${text}`)
  return parsed
}

/** `mac(7)` is `52:54:00:00:00:07`. */
export function mac(n: number): MacAddress {
  const hex = n.toString(16).padStart(6, '0')
  const parsed = parseMac(`525400${hex}`)
  if (parsed === undefined) throw new Error(`not a MAC: ${n}`)
  return parsed
}

export const RACK = 'rack01' as SystemId
export const RACK_2 = 'rack02' as SystemId

/** Applies commands one after the other, by a session of its own. */
export class Lab {
  state: RegionState = emptyState()
  stamp = 0
  actor: Actor = ADMIN
  idempotency: Envelope['idempotency'] = null
  #sequence = 0

  /** One second of log time passes before each command unless told otherwise. */
  run<C extends Command>(command: C, afterMs = 1000): ApplyResult & { outcome: OutcomeOf<C> } {
    const bare = command.type === 'cluster.initialise' || command.type === 'session.open'
    const sequence = bare ? 0 : ++this.#sequence
    const request = bare ? null : { session: 's1', sequence, answeredBelow: sequence }
    return this.send({ ...this.envelope(command), request }, afterMs) as never
  }

  send(envelope: Envelope, afterMs = 1000): ApplyResult {
    this.stamp += afterMs
    const index = this.state.revision + 1
    return apply(this.state, envelope, { index, stamp: this.stamp })
  }

  envelope(command: Command): Envelope {
    const { actor, idempotency } = this
    const wall = 1_700_000_000_000 + this.stamp
    return { version: 1, request: null, wall, actor, idempotency, command }
  }

  ok<C extends Command>(command: C, afterMs = 1000): ValueOf<C['type']> {
    const outcome = this.run(command, afterMs).outcome as OutcomeOf<Command>
    if (!outcome.ok) throw new Error(`${command.type}: ${outcome.code} ${outcome.message}`)
    return outcome.value as never
  }

  refused(command: Command, afterMs = 1000): Refusal {
    const { outcome } = this.run(command, afterMs)
    if (outcome.ok) throw new Error(`${command.type} was not refused`)
    return outcome
  }
}

/** `cluster.initialise` and session `s1` are done. */
export function makeLab(): Lab {
  const lab = new Lab()
  lab.ok(initialise())
  lab.ok({ type: 'session.open', id: 's1', nodeId: 'a', incarnation: 1 })
  return lab
}

export function initialise(): CommandOf<'cluster.initialise'> {
  return {
    type: 'cluster.initialise',
    clusterId: 'c1',
    admin: { username: 'admin', email: 'a@example.org', isSuperuser: true, passwordHash: 'x' },
    apiKey: { tokenKey: 't1', tokenSecret: 's', consumerKey: 'c', name: 'first' },
    joinTokenDigest: 'd1',
  }
}

export function registerRack(
  systemId: SystemId,
  addresses: readonly string[],
  incarnation = 1,
): CommandOf<'rack.register'> {
  return {
    type: 'rack.register',
    systemId,
    hostname: `host-${systemId}`,
    version: '0.1.0',
    architecture: 'amd64/generic',
    cpuCount: 2,
    memoryMib: 1024,
    incarnation,
    interfaces: addresses.map((address, at) => ({
      name: `eth${at}`,
      mac: mac(0xff_00_00 + at + systemId.charCodeAt(5) * 256),
      addresses: [address],
    })),
  }
}

export function newSubnet(text: string, vlanId: number): CommandOf<'subnet.create'> {
  return {
    type: 'subnet.create',
    name: '',
    description: '',
    vlanId: vlanId as never,
    cidr: anyCidr(text),
    gatewayIp: null,
    dnsServers: [],
    rdnsMode: 2,
    activeDiscovery: false,
    allowDns: true,
    allowProxy: true,
    managed: true,
    disabledBootArchitectures: [],
  }
}

export function newRange(
  rangeType: 'dynamic' | 'reserved',
  subnetId: number,
  [start, end]: readonly [string, string],
): CommandOf<'ipRange.create'> {
  return {
    type: 'ipRange.create',
    rangeType,
    subnetId: subnetId as never,
    start: anyIp(start),
    end: anyIp(end),
    comment: '',
    userId: null,
  }
}

export function newMachine(n: number): CommandOf<'machine.create'> {
  return {
    type: 'machine.create',
    systemId: n.toString(36).padStart(6, '0') as SystemId,
    hostname: '',
    description: '',
    architecture: 'amd64/generic',
    powerType: '',
    powerParameters: {},
    powerState: 'unknown',
    interfaces: [
      {
        name: 'ens3',
        linkConnected: true,
        linkSpeedMbps: 1000,
        vendor: null,
        product: null,
        mac: mac(n),
        ip: null,
      },
    ],
    blockDevices: [],
    hardware: null,
    hardwareUuid: null,
    cpuCount: 1,
    cpuSpeedMhz: 0,
    memoryMib: 512,
    biosBootMethod: 'pxe',
  }
}

export function bind(
  n: number,
  address: string,
  change: Partial<CommandOf<'lease.bind'>> = {},
): CommandOf<'lease.bind'> {
  return {
    type: 'lease.bind',
    rackId: RACK,
    client: `1-${mac(n)}`,
    mac: mac(n),
    ip: ip(address),
    leaseSeconds: 600,
    kind: 'selecting',
    hostname: '',
    ...change,
  }
}

/** Rack 1 on 10.0.0.0/24 (subnet 1, VLAN 5001) with DHCP on over 10.0.0.100–199. */
export function makeServedLab(): Lab {
  const lab = makeLab()
  lab.ok(registerRack(RACK, ['10.0.0.2/24']))
  lab.ok(newRange('dynamic', 1, ['10.0.0.100', '10.0.0.199']))
  lab.ok({
    type: 'vlan.update',
    id: 5001 as never,
    set: { dhcpOn: true, primaryRack: RACK },
  })
  return lab
}

/** The same, and VLAN 5002 with 10.1.0.100–199 (subnet 2), whose relay points to VLAN 5001. */
export function makeRelayedLab(): Lab {
  const lab = makeServedLab()
  lab.ok({ type: 'cluster.raiseLevel', level: RELAYED_VLAN_LEVEL })
  const { id } = lab.ok({
    ...{ type: 'vlan.create', fabricId: 0 as never, name: '', vid: 20, mtu: 1500 },
    ...{ description: '', spaceId: null },
  })
  lab.ok(newSubnet('10.1.0.0/24', Number(id)))
  lab.ok(newRange('dynamic', 2, ['10.1.0.100', '10.1.0.199']))
  lab.ok({ type: 'vlan.update', id: id as never, set: { relayVlanId: 5001 as never } })
  return lab
}

/** The same at the newest feature level. */
export function makeNewestLab(): Lab {
  const lab = makeServedLab()
  lab.ok({ type: 'cluster.raiseLevel', level: SUPPORTED_LEVELS.max })
  return lab
}

/** Without the rows by which retries are told: what a refusal must leave as it was. */
export function contentOf(state: RegionState, except: readonly string[] = RETRY_TABLES): string {
  let text = ''
  digest(state, (line) => {
    const isRetryRow = except.some((table) => line.startsWith(`{"table":"${table}"`))
    if (!isRetryRow && !line.startsWith('{"table":"meta"')) text += line
  })
  return text
}

const RETRY_TABLES = ['sessions', 'sessionOutcomes', 'idempotency']

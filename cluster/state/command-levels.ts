// From which feature level of the cluster on a command may be proposed: before, some member would not know it
// and stop. A new command gets the level of the version that brings it; nothing here ever changes.
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import { isIpv4Cidr } from '#model/ip.ts'
import type { Command, CommandType } from './command.ts'

const COMMAND_LEVELS = {
  'cluster.initialise': 1,
  // Proposed only once every member has said that it supports a level that knows it.
  'cluster.raiseLevel': 1,
  // The first command of a cluster of one node: there is nobody who could not know it.
  'cluster.restore': 1,
  'session.open': 1,
  'time.advance': 1,
  'region.register': 1,
  'rack.register': 1,
  'rack.beat': 1,
  'rack.lost': 1,
  'rack.delete': 1,
  'user.create': 1,
  'user.update': 1,
  'user.delete': 1,
  'apiKey.create': 1,
  'apiKey.rename': 1,
  'apiKey.delete': 1,
  'fabric.create': 1,
  'fabric.update': 1,
  'fabric.delete': 1,
  'vlan.create': 1,
  'vlan.update': 1,
  'vlan.delete': 1,
  'space.create': 1,
  'space.update': 1,
  'space.delete': 1,
  'subnet.create': 1,
  'subnet.update': 1,
  'subnet.delete': 1,
  'ipRange.create': 1,
  'ipRange.update': 1,
  'ipRange.delete': 1,
  'address.reserve': 1,
  'address.release': 1,
  'lease.bind': 1,
  'lease.release': 1,
  'lease.decline': 1,
  'machine.create': 1,
  'machine.update': 1,
  'machine.delete': 1,
  'bootResource.put': 1,
  'bootResource.delete': 1,
  'event.record': 1,
  'setting.put': 1,
  'tenure.hello': 2,
  'tenure.beat': 2,
  'reserve.grant': 2,
  'reserve.return': 2,
  'reserve.replay': 2,
  'reservation.create': 2,
  'reservation.delete': 2,
  'restore.begin': 2,
  'restore.accept': 2,
  'member.register': 2,
  'member.join': 2,
  'member.remove': 2,
  'member.report': 2,
  'token.create': 2,
  'token.use': 2,
  'token.revoke': 3,
  'lease.observe': 3,
  'domain.create': 3,
  'domain.update': 3,
  'domain.delete': 3,
  'domain.setDefault': 3,
  'domain.setSerial': 3,
  'dnsResource.create': 3,
  'dnsResource.update': 3,
  'dnsResource.delete': 3,
  'dnsRecord.create': 3,
  'dnsRecord.update': 3,
  'dnsRecord.delete': 3,
  'object.create': 3,
  'object.update': 3,
  'object.delete': 3,
  'object.revert': 3,
  'notification.dismiss': 3,
  'file.put': 3,
  'file.delete': 3,
  'tag.assign': 3,
  'node.place': 3,
  'controller.update': 3,
  'device.create': 3,
  'device.update': 3,
  'device.delete': 3,
  'config.put': 3,
  'reservation.update': 3,
  'staticRoute.create': 3,
  'staticRoute.update': 3,
  'staticRoute.delete': 3,
  'address.forget': 3,
  'user.patch': 3,
  'user.transfer': 3,
  'sshKey.create': 3,
  'sshKey.import': 3,
  'sshKey.delete': 3,
  'sslKey.create': 3,
  'sslKey.delete': 3,
  'accessToken.create': 3,
  'accessToken.rename': 3,
  'accessToken.delete': 3,
  'login.open': 3,
  'login.close': 3,
  'dhcpOption.put': 3,
  'dhcpOption.delete': 3,
  'dhcp.observe': 3,
  'neighbour.report': 3,
  'neighbour.clear': 3,
  'neighbour.scan': 3,
  'machine.allocate': 3,
  'machine.deploy': 3,
  'machine.release': 3,
  'machine.releaseAll': 3,
  'machine.commission': 3,
  'machine.accept': 3,
  'machine.test': 3,
  'machine.abort': 3,
  'machine.markBroken': 3,
  'machine.markFixed': 3,
  'machine.overrideFailedTesting': 3,
  'machine.rescue': 3,
  'machine.exitRescue': 3,
  'machine.lock': 3,
  'machine.unlock': 3,
  'machine.power': 3,
  'power.query': 3,
  'chassis.add': 3,
  'chassis.claim': 3,
  'chassis.report': 3,
  'machine.annotate': 3,
  'machine.signal': 3,
  'machine.heartbeat': 3,
  'machine.netboot': 3,
  'machine.booted': 3,
  'power.claim': 3,
  'power.report': 3,
  'power.queryReport': 3,
} as const satisfies { readonly [T in CommandType]: number }

/** Old logs may hold them and are replayed for ever; `cluster.restore` does what they did, and nothing proposes them. */
const RETIRED: ReadonlySet<CommandType> = new Set<CommandType>(['restore.begin', 'restore.accept'])

export function isRetired(type: CommandType): boolean {
  return RETIRED.has(type)
}

export function commandLevel(type: CommandType): number {
  return COMMAND_LEVELS[type]
}

/** With what the command says: IPv6 subnets and machines of other domains are younger than the commands that make them. */
export function levelOf(command: Command): number {
  const level = commandLevel(command.type)
  if (command.type === 'machine.create' && command.domainId !== undefined) return NETWORK_LEVEL
  const cidr =
    command.type === 'subnet.create'
      ? command.cidr
      : command.type === 'subnet.update'
        ? command.set.cidr
        : undefined
  return cidr === undefined || isIpv4Cidr(cidr) ? level : Math.max(level, NETWORK_LEVEL)
}

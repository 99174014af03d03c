// A rack's DHCP service in a process of its own, for a network namespace: links from the host as it is,
// and a region in memory that commits on a Map. One line of JSON per command and a first line `ready`.
// Arguments: socket backend, lease seconds, then `interface=cidr` of each VLAN to serve. Environment: seconds between
// looks for foreign servers, rows of DHCP options as JSON, a global snippet, whether to scan for neighbours.
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import type { DhcpOption } from '#model/dhcp-option.ts'
import type { SystemId, VlanId } from '#model/ids.ts'
import { firstOf, formatIpv4, makeIpv4, parseCidr, parseIpv4 } from '#model/ipv4.ts'
import { parseMac } from '#model/mac-address.ts'
import type { Hold } from '#model/network.ts'
import { makePlatform } from '#platform/system.ts'
import type { RackCommand, RackToRegionReply, ViewChange } from '#protocol/rack.ts'
import type { DhcpLink } from '#rack/dhcp/locate.ts'
import { NO_RIGHTS } from '#rack/dhcp/responder.ts'
import { startDhcp } from '#rack/dhcp/server.ts'
import { openSockets, parseSocketBackend } from '#rack/net/sockets.ts'
import { RackView } from '#rack/view.ts'

const RACK = 'rack44' as SystemId
const [backend = '', leaseSeconds = '600', ...vlans] = process.argv.slice(2)
const { clock, logger, metrics } = makePlatform({ logLevel: 'debug' })
const view = new RackView(clock)
const served = new Map<string, VlanId>()
let revision = 0

view.apply({ type: 'viewReset', revision: ++revision, stamp: 0, rows: [...rows()] })
const sockets = await openSockets({ only: parseSocketBackend(backend), logger })
const server = await startDhcp({
  rackId: RACK,
  sockets,
  links,
  view,
  request: async (command) => commit(command),
  offline: NO_RIGHTS,
  clock,
  logger,
  metrics,
  httpPort: 5248,
})
print({ ready: true, backend: sockets.backend, served: server.served() })
process.on('SIGTERM', () => void server.close().then(() => process.exit(0)))

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function* rows(): Iterable<ViewChange> {
  const row = (table: string, key: string | number, value: unknown): ViewChange =>
    ({ table, key, row: value }) as ViewChange
  const times = { leaseSeconds: Number(leaseSeconds), firmwareLeaseSeconds: 30 }
  const dhcpProbeSeconds = Number(process.env['RACK_PROBE_SECONDS'] ?? 0)
  const discovery = process.env['RACK_SCAN'] === undefined ? {} : { discovery: { scanSeconds: 0 } }
  const site = { domainName: 'example.org', featureLevel: 3, dhcpProbeSeconds, ...discovery }
  if ('discovery' in discovery) {
    yield row('scans', 'scan', { name: 'scan', number: 1, cidrs: [], until: 1 })
  }
  yield row('settings', 'rack', { ...times, ...site })
  const options: readonly DhcpOption[] = JSON.parse(process.env['RACK_OPTIONS'] ?? '[]')
  for (const option of options) yield row('dhcpOptions', option.id, { ...option, force: false })
  const value = process.env['RACK_SNIPPET']
  const everywhere = { subnetId: null, ipRangeId: null, macs: null }
  if (value !== undefined) yield row('dhcpSnippets', 1, { id: 1, name: 's', value, ...everywhere })
  for (const [i, argument] of vlans.entries()) {
    const [name = '', text = ''] = argument.split('=')
    const cidr = parseCidr(text)
    if (cidr === undefined) throw new Error(`bad argument: ${argument}`)
    const id = (5001 + i) as VlanId
    served.set(name, id)
    const racks = { primaryRack: RACK, secondaryRack: null, liveRacks: [RACK] }
    yield row('vlans', id, { id, mtu: 1500, dhcpOn: true, relayVlanId: null, ...racks })
    const gatewayIp = makeIpv4(firstOf(cidr) + 254)
    const lists = { dnsServers: ['192.0.2.53'], disabledBootArchitectures: [] }
    yield row('subnets', i, { id: i, vlanId: id, cidr, gatewayIp, ...lists })
    const range = { start: firstOf(cidr) + 100, end: firstOf(cidr) + 149 }
    yield row('ipRanges', i, { id: i, type: 'dynamic', subnetId: i, ...range })
  }
}

function links(): readonly DhcpLink[] {
  return Object.entries(networkInterfaces()).flatMap(([name, found]): readonly DhcpLink[] => {
    const addresses = (found ?? []).flatMap(({ family, address, cidr }) => {
      const ip = family === 'IPv4' ? parseIpv4(address) : undefined
      return ip === undefined ? [] : [{ ip, prefix: Number(cidr?.split('/')[1]) }]
    })
    const mac = parseMac(found?.[0]?.mac ?? '')
    if (mac === undefined) return []
    const interfaceIndex = Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'))
    return [{ name, interfaceIndex, mac, addresses, vlanId: served.get(name) ?? null }]
  })
}

function commit(command: RackCommand): RackToRegionReply {
  const text = 'ip' in command ? formatIpv4(command.ip) : ''
  print({ ...command, ip: text })
  if (command.type !== 'lease.bind') {
    return { ok: true, outcome: { ok: true, value: null }, revision }
  }
  const now = Math.floor(clock.monotonicMs())
  const { ip, client, mac, leaseSeconds: seconds, hostname } = command
  const before = view.table('holds').get(ip)
  const message = 'taken'
  if (before !== undefined && before.client !== client && before.until > now) {
    return { ok: true, outcome: { ok: false, code: 'ADDRESS_UNAVAILABLE', message }, revision }
  }
  if (command.kind === 'initReboot' && before === undefined) {
    return { ok: true, outcome: { ok: false, code: 'NOT_FOUND', message }, revision }
  }
  const until = now + seconds * 2000
  const times = { until, boundAt: now, leaseSeconds: seconds, boundWall: 0 }
  const row: Hold = { ip, client, mac, ...times, released: false, hostname, rackId: RACK }
  const changes: readonly ViewChange[] = [{ table: 'holds', key: ip, row }]
  view.apply({ type: 'viewChanges', revision: ++revision, stamp: now, changes })
  return { ok: true, outcome: { ok: true, value: { ip, leaseSeconds: seconds, until } }, revision }
}

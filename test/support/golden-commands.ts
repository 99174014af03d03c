// One sample of every command for the golden bytes. Samples never change: a new field gets a sample of its own.
import { foundHardware } from './golden-facts.ts'
import type { Command, CommandType } from '#state/command.ts'

const admin = { username: 'admin', email: 'a@example.org', isSuperuser: true, passwordHash: 'h' }
const apiKey = { tokenKey: 't', tokenSecret: 's', consumerKey: 'c', name: 'first' }
const ids = { id: 3, userId: 1, fabricId: 0, vlanId: 5001, subnetId: 2, systemId: 'abc123' }
const { id, userId, fabricId, vlanId, subnetId, systemId } = ids
const mac = '52:54:00:00:00:01'
const ip = 0x0a000005
const cidr = { network: 0x0a000000, prefix: 24 }
const name = 'name'
const domain = { name: 'example.org', authoritative: true, ttl: 30, forwardDnsServers: [] }
const description = 'text'
const uuid = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'
const facts = { name: 'eth0', linkConnected: true, linkSpeedMbps: 1000, vendor: 'v', product: 'p' }
const machine = {
  ...{ systemId, hostname: 'web1', description, architecture: 'amd64/generic' },
  ...{ powerType: 'ipmi', powerParameters: { power_address: '192.0.2.1' }, powerState: 'unknown' },
  interfaces: [{ ...facts, mac, ip }],
  ...{ blockDevices: [], hardware: null, hardwareUuid: null, cpuCount: 4, cpuSpeedMhz: 3000 },
  ...{ memoryMib: 8192, biosBootMethod: 'uefi' },
}
const subnet = {
  ...{ name, description, vlanId, cidr, gatewayIp: ip, dnsServers: ['192.0.2.53'], rdnsMode: 2 },
  ...{ activeDiscovery: false, allowDns: true, allowProxy: true, managed: true },
  disabledBootArchitectures: [],
}
const ipv6 = '2001:0db8:0000:0000:0000:0000:0000:0005'
const cidr6 = { network: '2001:0db8:0000:0000:0000:0000:0000:0000', prefix: 64 }
const vlan = { name, vid: 10, mtu: 1500, description, spaceId: null }
const rack = {
  ...{ systemId, hostname: 'rack', version: '0.1.0', architecture: 'amd64', cpuCount: 2 },
  ...{ memoryMib: 2048, incarnation: 1 },
  interfaces: [{ name: 'eth0', mac, addresses: ['10.0.0.1/24'] }],
}
const region = {
  ...{ systemId, hostname: 'region', version: '0.1.0', apiUrl: 'http://192.0.2.1:5240' },
  ...{ peerAddress: '192.0.2.1:5250', incarnation: 2 },
}
const range = { rangeType: 'dynamic', subnetId, start: ip, end: ip + 9, comment: '', userId: null }
const bind = {
  ...{ rackId: systemId, client: '01525400000001', mac, ip, leaseSeconds: 600 },
  ...{ kind: 'selecting', hostname: 'web1' },
}
const files = [{ kind: 'boot-kernel', filename: 'vmlinuz', sha256: 'ab', sizeBytes: 9 }]
const event = {
  ...{ eventType: 'Performing PXE boot', systemId, username: '', level: 'INFO', description },
}

const verb = { systemId, comment: 'text' }
const probe = {
  ...{ enableSsh: true, skipBmcConfig: false, skipNetworking: false, skipStorage: true },
  ...{ commissioningScripts: ['mine'], testingScripts: null, parameters: { a: 'b' } },
}
const bridges = { bridgeType: 'ovs', bridgeStp: true, bridgeFd: 15 } as const
const deploy = {
  ...{ osSystem: 'debian', distroSeries: 'bookworm', hweKernel: '', userData: 'YQ==' },
  ...{ installRackd: false, installKvm: false, registerVmhost: false, ephemeralDeploy: true },
  ...{ enableKernelCrashDump: false, vcenterRegistration: false, enableHwSync: false },
  licenseKey: '',
}

const disk = {
  ...{ name: 'sda', model: 'm', serial: 's', idPath: '/dev/disk/by-id/x', sizeBytes: 2 ** 40 },
  ...{ blockSizeBytes: 512, tags: ['ssd'] },
}
const address = { id: systemId, host: '192.0.2.4', port: 5250, apiUrl: 'http://192.0.2.4:5240' }
const FIELDS: { readonly [T in CommandType]: object } = {
  'cluster.initialise': { clusterId: 'c', admin, apiKey, joinTokenDigest: 'd', featureLevel: 2 },
  'cluster.raiseLevel': { level: 2 },
  'cluster.restore': {
    ...{
      clusterId: 'n',
      fromClusterId: 'c',
      admin,
      apiKey,
      joinTokenDigest: 'd',
      quarantine: true,
    },
  },
  'session.open': { id: 's.1', nodeId: systemId, incarnation: 1 },
  'time.advance': {},
  'region.register': region,
  'rack.register': rack,
  'rack.beat': { racks: [systemId] },
  'rack.lost': { systemId, lastBeatAt: 1_000 },
  'rack.delete': { systemId },
  'user.create': admin,
  'user.update': { id: userId, set: { email: 'b@example.org' } },
  'user.delete': { username: 'admin' },
  'apiKey.create': { ...apiKey, userId },
  'apiKey.rename': { tokenKey: 't', userId, name },
  'apiKey.delete': { tokenKey: 't', userId },
  'fabric.create': { name, description, classType: null },
  'fabric.update': { id: fabricId, set: { name } },
  'fabric.delete': { id: fabricId },
  'vlan.create': { fabricId, ...vlan },
  'vlan.update': { id: vlanId, set: { dhcpOn: true, primaryRack: systemId } },
  'vlan.delete': { id: vlanId },
  'space.create': { name, description },
  'space.update': { id, set: { name } },
  'space.delete': { id },
  'subnet.create': subnet,
  'subnet.update': { id: subnetId, set: { name } },
  'subnet.delete': { id: subnetId },
  'ipRange.create': range,
  'ipRange.update': { id, set: { comment: 'x' } },
  'ipRange.delete': { id },
  'address.reserve': { subnetId, ip, userId, hostname: 'h', mac },
  'address.release': { ip, userId, force: false },
  'lease.bind': bind,
  'lease.release': { client: bind.client, ip },
  'lease.decline': { client: bind.client, mac, ip },
  'lease.observe': { rackId: bind.rackId, mac, ip },
  'machine.create': machine,
  'machine.update': { systemId, set: { hostname: 'web2' } },
  'machine.delete': { systemId },
  'bootResource.put': { name, architecture: 'amd64/generic', title: 't', files },
  'bootResource.delete': { id },
  'event.record': event,
  'setting.put': { name: 'custom/a', value: 'v' },
  'tenure.hello': { rackId: systemId, incarnation: 3, journalSequence: 7 },
  'tenure.beat': { rackId: systemId, epoch: 2, journalSequence: 8 },
  'reserve.grant': { rackId: systemId, epoch: 2, vlanId, count: 4 },
  'reserve.return': { rackId: systemId, epoch: 2, reserves: [{ ip, generation: 40 }] },
  'reserve.replay': {
    ...{ rackId: systemId, epoch: 2, ip, generation: 40, client: bind.client, mac },
    ...{ leaseSeconds: 600, hostname: 'web1' },
  },
  'reservation.create': { ip, client: bind.client, mac, hostname: 'web1' },
  'reservation.delete': { ip },
  'reservation.update': { id, comment: 'text' },
  'staticRoute.create': { source: subnetId, destination: 3, gatewayIp: ip, metric: 10 },
  'staticRoute.update': { id, set: { metric: 20 } },
  'staticRoute.delete': { id },
  'address.forget': { ip },
  'dhcpOption.put': {
    ...{ target: { scope: 'subnet', scopeId: subnetId }, code: 119, valueType: 'domain-list' },
    ...{ value: ['example.org'], force: true },
  },
  'dhcpOption.delete': { target: { scope: 'host', scopeId: mac }, code: 26 },
  'dhcp.observe': { rackId: systemId, vlanId, ip },
  'neighbour.report': { rackId: systemId, neighbours: [{ vlanId, ip, mac }] },
  'neighbour.clear': { only: { ip, mac } },
  'neighbour.scan': { cidrs: [{ network: ip, prefix: 24 }] },
  'member.register': address,
  'member.join': { ...address, tokenDigest: 'd', keyFingerprint: 'f' },
  'member.remove': { id: systemId },
  'member.report': { id: systemId, statusRevision: 9, result: 'refused', note: 'why' },
  'token.create': { digest: 'd', kind: 'region', lifetimeMs: 3_600_000 },
  'token.use': { digest: 'd', usedBy: 'r' },
  'token.revoke': { digest: 'd' },
  'domain.create': domain,
  'domain.update': { id: 1, set: { ttl: 60 } },
  'domain.delete': { id: 1 },
  'domain.setDefault': { id: 1 },
  'domain.setSerial': { serial: 4_294_967_295 },
  'dnsResource.create': { userId, name: 'www', domainId: 1, addressTtl: null, addresses: [ip] },
  'dnsResource.update': { id: 1, userId, set: { addressTtl: 5 } },
  'dnsResource.delete': { id: 1 },
  'dnsRecord.create': { domainId: 1, name: 'a', ttl: null, rrtype: 'TXT', rrdata: 'x' },
  'dnsRecord.update': { id: 1, set: { rrdata: 'y' } },
  'dnsRecord.delete': { id: 1 },
  'object.create': { table: 'zones', fields: { name, description } },
  'object.update': { table: 'dhcpSnippets', id, set: { value: 'option mtu 9000;', comment: '' } },
  'object.delete': { table: 'tags', id },
  'object.revert': { table: 'scripts', id, to: -1 },
  'notification.dismiss': { id, userId },
  'file.put': { ownerId: userId, filename: 'provider-state', key: 'k', content: 'YQ==' },
  'file.delete': { ownerId: userId, filename: 'provider-state' },
  'tag.assign': { name, add: [systemId], remove: [] },
  'node.place': { systemIds: [systemId], zoneId: 2, poolId: 1 },
  'controller.update': { systemId, set: { description, zoneId: 2 } },
  'device.create': {
    ...{ systemId, hostname: 'printer', description, parent: null, ownerId: userId, macs: [mac] },
  },
  'device.update': { systemId, set: { ownerData: { a: 'b' } } },
  'device.delete': { systemId },
  'config.put': { name: 'maas_name', value: 'v' },
  'user.patch': { id: userId, set: { isSuperuser: false }, expected: null },
  'user.transfer': { username: 'bob', to: 'admin' },
  'sshKey.create': { userId, key: 'ssh-ed25519 AAAA bob', keysource: 'gh:bob' },
  'sshKey.import': { userId, keysource: 'gh:bob', keys: ['ssh-ed25519 AAAA bob'] },
  'sshKey.delete': { id, userId },
  'sslKey.create': { userId, key: 'PEM' },
  'sslKey.delete': { id, userId },
  'accessToken.create': { userId, name, digest: 'd', scope: 'read', lifetimeMs: null },
  'accessToken.rename': { id, userId, name, expectedName: 'old' },
  'accessToken.delete': { id, userId },
  'login.open': { userId, digest: 'd', lifetimeMs: 1_000 },
  'login.close': { digest: 'd' },
  'machine.allocate': {
    constraints: {
      ...{ architectures: ['amd64'], cpuCount: 2, memoryMib: 1024, tags: ['ssd'], zoneIds: [1] },
      networks: [{ vlanIds: [vlanId], not: false }],
      interfaces: [{ label: 'eth', tests: [{ test: 'speed', least: 1000 }] }],
      storage: [{ label: 'root', bytes: 50e9, tags: ['ssd'] }],
    },
    ...{ asked: 'arch=amd64', agentName: 'juju', comment: 'text' },
  },
  'machine.deploy': { ...verb, options: deploy, agentName: 'juju' },
  'machine.release': { ...verb, erase: true, secureErase: false, quickErase: true },
  'machine.releaseAll': { systemIds: [systemId], comment: 'text' },
  'machine.clone': { source: systemId, destinations: [systemId], storage: true, interfaces: true },
  'machine.commission': { ...verb, options: probe },
  'machine.accept': { systemIds: [systemId] },
  'machine.test': { ...verb, options: probe },
  'machine.abort': verb,
  'machine.markBroken': { ...verb, error: 'why' },
  'machine.markFixed': verb,
  'machine.overrideFailedTesting': verb,
  'machine.rescue': verb,
  'machine.exitRescue': verb,
  'machine.lock': verb,
  'machine.unlock': verb,
  'machine.power': { ...verb, action: 'on', soft: false },
  'machine.annotate': { systemId, set: { role: 'web', old: null } },
  'machine.signal': { systemId, status: 'FAILED', error: 'why' },
  'machine.heartbeat': { systemId },
  'machine.netboot': { systemId, on: false },
  'machine.foundBmc': {
    ...{ systemId, tokenKey: 'tk', powerType: 'ipmi' },
    powerParameters: { power_address: '192.0.2.7' },
  },
  'machine.booted': { systemId },
  'machineToken.issue': {
    ...{ systemId, consumerKey: 'ck', tokenKey: 'tk', tokenSecret: 'ts', address: '192.0.2.7' },
  },
  'power.claim': { rackId: systemId, systemId, fence: 40 },
  'power.report': {
    ...{ rackId: systemId, systemId, token: 41, result: 'done', state: 'on', message: '' },
  },
  'power.query': { systemId },
  'chassis.add': {
    ...{ chassisType: 'virsh', parameters: { power_address: 'qemu:///system' } },
    ...{ prefixFilter: 'vm', begin: null, rackId: systemId, domainId: null },
  },
  'chassis.claim': { rackId: systemId, id: 1 },
  'chassis.report': {
    ...{ rackId: systemId, id: 1, token: 41, result: 'done', message: '' },
    machines: [{ systemId, name: 'vm1', node: 'vm1', macs: [mac] }],
  },
  'power.queryReport': { rackId: systemId, systemId, state: 'error', message: 'why' },
  'blockDevice.create': {
    systemId,
    device: {
      ...{ name: 'sdb', model: 'm', serial: 's', idPath: '/dev/vdb', sizeBytes: 9e9 },
      ...{ blockSizeBytes: 512, tags: ['ssd'] },
    },
  },
  'blockDevice.update': { systemId, id, set: { serial: 't' } },
  'blockDevice.delete': { systemId, id },
  'storage.setBootDisk': { systemId, id },
  'storage.tag': { systemId, at: { device: id, partition: 4 }, tag: 'fast', isOn: true },
  'storage.updateDevice': { systemId, id, name, uuid, sizeBytes: 1e9 },
  'storage.createPartition': { systemId, device: id, sizeBytes: null, bootable: true, uuid },
  'storage.deletePartition': { systemId, device: id, partition: 4 },
  'storage.format': { systemId, at: { device: id }, fstype: 'ext4', label: 'root', uuid },
  'storage.unformat': { systemId, at: { device: id } },
  'storage.mount': { systemId, at: { device: id }, mountPoint: '/', mountOptions: 'noatime' },
  'storage.unmount': { systemId, at: { device: id } },
  'storage.mountSpecial': { systemId, fstype: 'tmpfs', mountPoint: '/tmp', mountOptions: null },
  'storage.unmountSpecial': { systemId, mountPoint: '/tmp' },
  'storage.createGroup': { systemId, kind: 'lvm', name, members: [{ device: id }] },
  'storage.updateGroup': {
    ...{ systemId, id, kind: 'vmfs6', name, add: [{ device: 4 }], remove: [{ device: id }] },
  },
  'storage.createLogicalVolume': { systemId, group: id, name, sizeBytes: 1e9 },
  'storage.createRaid': {
    ...{ systemId, level: 'raid-1', members: [{ device: id }, { device: 4 }], spares: [] },
  },
  'storage.updateRaid': { systemId, id, add: [], remove: [], addSpares: [], removeSpares: [] },
  'storage.createCacheSet': { systemId, cache: { device: id } },
  'storage.updateCacheSet': { systemId, id, cache: { device: 4 } },
  'storage.deleteCacheSet': { systemId, id },
  'storage.createBcache': {
    ...{ systemId, cacheSet: id, backing: { device: 4 }, cacheMode: 'writeback' },
  },
  'storage.updateBcache': { systemId, id, cacheMode: 'writearound' },
  'storage.deleteGroup': { systemId, id, kind: 'raid' },
  'storage.setLayout': {
    ...{ systemId, wish: { layout: 'lvm', vgName: 'vg', lvSize: { hundredths: 5_000 } } },
  },
  'scriptResult.report': {
    ...{ systemId, resultId: 7, status: 2, exitStatus: 0, runtimeMs: 1500 },
    ...{ output: 'o', stdout: 'o', stderr: '', result: '' },
  },
  'scriptResult.suppress': { systemId, resultIds: [7], suppressed: true },
  'scriptSet.delete': { systemId, setId: 3 },
  'machine.facts': { systemId, facts: foundHardware({ mac, ip, facts, disk }) },
  'nodeDevice.delete': { systemId, id },
  'restore.begin': {},
  'restore.accept': {},
  'interface.create': {
    ...{ systemId, kind: 'bond', name: 'bond0', mac, vlanId, parents: [3, 4], tags: ['fast'] },
    params: { mtu: 9000, bondMode: '802.3ad', bondLacpRate: 'fast' },
  },
  'interface.update': { systemId, id, set: { name, vlanId: null, params: { acceptRa: true } } },
  'interface.delete': { systemId, id },
  'interface.tag': { systemId, id, tag: 'fast', isSet: true },
  'interface.disconnect': { systemId, id },
  'interface.link': {
    ...{ systemId, id, mode: 'static', subnetId, ip, force: false, defaultGateway: true },
  },
  'interface.unlink': { systemId, id, linkId: 5 },
  'interface.setGateway': { systemId, id, linkId: 5 },
  'interface.clearGateways': { systemId },
  'interface.restore': { systemId },
  'bootUpload.begin': {
    ...{ name: 'custom/a', architecture: 'amd64/generic', title: 't', kind: 'root-tgz' },
    ...{ sha256: 'ab', sizeBytes: 9, baseImage: '', version: '20261127.120000' },
  },
  'bootUpload.report': { id, regionId: systemId, receivedBytes: 4 },
  'bootUpload.finish': { id, regionId: systemId },
  'bootUpload.drop': { id },
  'imageImport.start': {},
  'imageImport.stop': {},
  'imageImport.claim': { regionId: systemId },
  'imageImport.report': { fence: 9, message: 'text', doneBytes: 1, totalBytes: 2 },
  'imageImport.end': { fence: 9, result: 'done', message: 'text' },
  'bootResource.sync': {
    ...{ fence: 9, name: 'ubuntu/jammy', architecture: 'amd64/generic', title: 't', files },
    ...{ subarches: ['generic'], version: '20261127', label: 'stable', sourceId: 1 },
  },
  'bootResource.prune': { fence: 9, keep: [id] },
  'bootFiles.report': { nodeId: systemId, sha256s: ['ab'] },
}

/** Fields that came after their command: sample name → command. */
const LATER_FIELDS = {
  'vlan.update further racks': {
    ...{ type: 'vlan.update', id: vlanId, set: { furtherRacks: [systemId] } },
  },
  'subnet.delete force': { type: 'subnet.delete', id: subnetId, force: true },
  'machine.create commission': { type: 'machine.create', ...machine, begin: probe },
  'machine.create deployed': { type: 'machine.create', ...machine, begin: 'deployed' },
  'reservation.create comment': {
    ...{ type: 'reservation.create', ip, client: bind.client, mac, hostname: '', comment: 'text' },
  },
  'storage.setLayout default': {
    ...{ type: 'storage.setLayout', systemId, wish: { layout: 'flat' }, isDefault: true },
  },
  'interface.restore storage': {
    ...{ type: 'interface.restore', systemId, layout: { layout: 'flat' } },
  },
  'machine.signal token': {
    ...{ type: 'machine.signal', systemId, status: 'OK', error: '', tokenKey: 'tk' },
  },
  'machine.netboot token': { type: 'machine.netboot', systemId, on: true, tokenKey: 'tk' },
  'machine.booted token': { type: 'machine.booted', systemId, tokenKey: 'tk' },
  'machine.allocate bridges': {
    ...{ type: 'machine.allocate', constraints: {}, asked: '', agentName: '' },
    ...{ comment: '', bridges },
  },
  'machine.deploy bridges': { type: 'machine.deploy', ...verb, options: { ...deploy, bridges } },
  'machine.create domain': { type: 'machine.create', ...machine, domainId: 1 },
  'machine.create place': {
    ...{ type: 'machine.create', ...machine, zoneId: 1, poolId: 0, minHweKernel: 'ga-22.04' },
  },
  'node.place domain': { type: 'node.place', systemIds: [systemId], domainId: 1 },
  'device.update domain': { type: 'device.update', systemId, set: { domainId: 1 } },
  'controller.update domain': { type: 'controller.update', systemId, set: { domainId: 1 } },
  'subnet.create ipv6': { type: 'subnet.create', ...subnet, cidr: cidr6, gatewayIp: ipv6 },
  'subnet.update ipv6': { type: 'subnet.update', id: subnetId, set: { cidr: cidr6 } },
  'ipRange.create ipv6': { type: 'ipRange.create', ...range, start: ipv6, end: ipv6 },
  'address.reserve ipv6': {
    ...{ type: 'address.reserve', subnetId, ip: ipv6, userId, hostname: 'h', mac },
  },
  'address.release ipv6': { type: 'address.release', ip: ipv6, userId, force: false },
  'reservation.create ipv6': {
    ...{ type: 'reservation.create', ip: ipv6, client: bind.client, mac },
    ...{ hostname: '', comment: '' },
  },
  'reservation.delete ipv6': { type: 'reservation.delete', ip: ipv6 },
  'staticRoute.create ipv6': {
    ...{ type: 'staticRoute.create', source: subnetId, destination: 3, gatewayIp: ipv6, metric: 1 },
  },
  'dnsResource.create ipv6': {
    ...{ type: 'dnsResource.create', userId, name: 'www', domainId: 1, addressTtl: null },
    addresses: [ip, ipv6],
  },
  'interface.link ipv6': {
    ...{ type: 'interface.link', systemId, id, mode: 'static', subnetId, ip: ipv6 },
    ...{ force: true, defaultGateway: false },
  },
}

export const COMMAND_SAMPLES: Readonly<Record<string, Command>> = {
  ...Object.fromEntries(
    Object.entries(FIELDS).map(([type, fields]) => [type, { type, ...fields } as Command]),
  ),
  ...(LATER_FIELDS as unknown as Readonly<Record<string, Command>>),
}

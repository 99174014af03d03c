// What operators set, from the widest scope to the narrowest, in what a client is told: typed options and snippets.
import t from 'tap'
import { dhcpOptionId, parseTarget, type DhcpOption } from '#model/dhcp-option.ts'
import { namedOption } from '#model/dhcp-option-names.ts'
import type { RackSnippet } from '#protocol/rack.ts'
import { decodePacket } from '#rack/dhcp/decode.ts'
import { OPTION } from '#rack/dhcp/options.ts'
import type { DhcpPacket } from '#rack/dhcp/packet.ts'
import { parametersOf } from '#rack/dhcp/parameters.ts'
import { makeReply } from '#rack/dhcp/reply.ts'
import {
  CLIENT,
  ip,
  list,
  makeWorld,
  mac,
  OTHER_CLIENT,
  request,
  type RequestFields,
  subnet,
  text,
  vlan,
  type WorldOptions,
} from './world.ts'

const option = (target: string, code: number, value: DhcpOption['value'], force = false) => {
  const at = parseTarget(target)
  if (at === undefined) throw new Error(target)
  const valueType = namedOption(code)?.type ?? 'hex'
  return { id: dhcpOptionId(at, code), ...at, code, valueType, value, force }
}

const snippet = (id: number, value: string, at: Partial<RackSnippet> = {}): RackSnippet => ({
  ...{ id, name: `s${id}`, value, subnetId: null, ipRangeId: null, macs: null },
  ...at,
})

/** The DHCPOFFER to a DHCPDISCOVER, decoded. */
function offer(options: WorldOptions, fields: RequestFields = {}): DhcpPacket {
  const world = makeWorld(options)
  const decision = world.decide(request('DHCPDISCOVER', fields))
  if (decision.type !== 'offer') throw new Error(decision.type)
  const decoded = decodePacket(makeReply(decision, parametersOf(world.index, decision, 5248)).bytes)
  if (!decoded.ok) throw new Error(decoded.reason)
  return decoded.packet
}

const told = ({ options }: DhcpPacket, code: number): string | undefined => {
  const value = options.get(code)
  return value === undefined ? undefined : Buffer.from(value).toString('hex')
}
const MTU = OPTION.INTERFACE_MTU
const hex = (value: number) => value.toString(16).padStart(4, '0')
const HOST = `host:${CLIENT}`
const asking = { options: [list(MTU)] }

const LAYERS: readonly (readonly [string, WorldOptions, number | undefined])[] = [
  ['nothing is set', {}, undefined],
  ['global', { options: [option('global', MTU, 1001)] }, 1001],
  ['VLAN over global', { options: [option('vlan:5001', MTU, 2), option('global', MTU, 1)] }, 2],
  ['subnet over VLAN', { options: [option('subnet:1', MTU, 3), option('vlan:5001', MTU, 2)] }, 3],
  ['range over subnet', { options: [option('range:0', MTU, 4), option('subnet:1', MTU, 3)] }, 4],
  ['host over range', { options: [option(HOST, MTU, 5), option('range:0', MTU, 4)] }, 5],
  ['another VLAN', { options: [option('vlan:5002', MTU, 2)] }, undefined],
  ['another subnet', { options: [option('subnet:2', MTU, 2)] }, undefined],
  ['another host', { options: [option(`host:${OTHER_CLIENT}`, MTU, 2)] }, undefined],
  [
    'a global option and the VLAN’s own MTU',
    { vlans: [vlan({ mtu: 9000 })], options: [option('global', MTU, 1)] },
    9000,
  ],
  [
    'a VLAN’s option and its MTU',
    { vlans: [vlan({ mtu: 9000 })], options: [option('vlan:5001', MTU, 2)] },
    2,
  ],
  ['global snippet', { snippets: [snippet(1, 'option interface-mtu 1400;')] }, 1400],
  [
    'node over subnet over global snippet',
    {
      snippets: [
        snippet(1, 'option interface-mtu 3;', { macs: [CLIENT] }),
        snippet(2, 'option interface-mtu 2;', { subnetId: subnet().id }),
        snippet(3, 'option interface-mtu 1;'),
      ],
    },
    3,
  ],
  [
    'a later snippet of one scope',
    { snippets: [snippet(2, 'option interface-mtu 2;'), snippet(1, 'option interface-mtu 1;')] },
    2,
  ],
  [
    'an option and a snippet of one scope',
    { snippets: [snippet(1, 'option interface-mtu 1;')], options: [option('global', MTU, 7)] },
    7,
  ],
  [
    'a node snippet and a subnet option',
    {
      snippets: [snippet(1, 'option interface-mtu 1;', { macs: [CLIENT] })],
      options: [option('subnet:1', MTU, 7)],
    },
    1,
  ],
  [
    'a host inside of a snippet',
    { snippets: [snippet(1, `host a { hardware ethernet ${CLIENT}; option interface-mtu 8; }`)] },
    8,
  ],
]

for (const [name, world, expected] of LAYERS) {
  t.test(name, async (t) => {
    const mtu = expected === undefined ? undefined : hex(expected)
    t.equal(told(offer(world, asking), MTU), mtu)
  })
}

t.test('an option is sent to who asks, a forced one to everybody', async (t) => {
  const options = [option('global', 119, ['a.example']), option('global', 252, 'http://w', true)]
  const plain = offer({ options }, { options: [list(OPTION.ROUTER)] })
  t.equal(told(plain, 119), undefined)
  t.equal(told(plain, 252), Buffer.from('http://w').toString('hex'))
  t.equal(told(offer({ options }, { options: [list(119)] }), 119), '0161076578616d706c6500')
})

t.test('the gateway of a subnet is narrower than a global router', async (t) => {
  const routers = { options: [list(OPTION.ROUTER)] }
  const global = [option('global', OPTION.ROUTER, ['192.0.2.9'])]
  t.equal(told(offer({ options: global }, routers), OPTION.ROUTER), 'c00002fe')
  const none = [subnet({ gatewayIp: null })]
  t.equal(told(offer({ options: global, subnets: none }, routers), OPTION.ROUTER), 'c0000209')
})

t.test('no option changes which address is offered, or what the protocol needs', async (t) => {
  const options = [option(HOST, MTU, 5), option('range:0', 119, ['a'], true)]
  const snippets = [snippet(1, 'default-lease-time 90; filename "x"; next-server 192.0.2.9;')]
  const [plain, set] = [offer({}), offer({ options, snippets })]
  t.equal(set.yiaddr, plain.yiaddr)
  for (const code of [OPTION.SERVER_IDENTIFIER, OPTION.SUBNET_MASK]) {
    t.equal(told(set, code), told(plain, code))
  }
})

t.test('lease times of snippets are told, within limits; firmware keeps its own', async (t) => {
  const seconds = (value: string, fields: RequestFields = {}) =>
    Number.parseInt(told(offer({ snippets: [snippet(1, value)] }, fields), 51) ?? '', 16)
  const pxe = { options: [text(OPTION.VENDOR_CLASS, 'PXEClient:Arch:00000')] }
  t.equal(seconds('filename "x";'), 600)
  t.equal(seconds('default-lease-time 900;'), 900)
  t.equal(seconds('default-lease-time 900; max-lease-time 300;'), 300)
  t.equal(seconds('default-lease-time 999999;'), 86_400)
  t.equal(seconds('default-lease-time 1;'), 10)
  t.equal(seconds('default-lease-time 900;', pxe), 30)
  t.equal(seconds('max-lease-time 20;', pxe), 20)
})

t.test('a snippet says how to boot', async (t) => {
  const pxe = { options: [text(OPTION.VENDOR_CLASS, 'PXEClient:Arch:00007'), list(66, 67)] }
  const value = 'filename "a.efi"; next-server 192.0.2.9; server-name "boot";'
  const packet = offer({ snippets: [snippet(1, value)] }, pxe)
  t.match(packet, { file: 'a.efi', siaddr: ip('192.0.2.9'), sname: 'boot' })
  t.equal(told(packet, 67), Buffer.from('a.efi').toString('hex'))
  t.equal(told(packet, 66), Buffer.from('boot').toString('hex'))
  const other = offer({ snippets: [snippet(1, value, { macs: [mac('52:54:00:00:00:99')] })] }, pxe)
  t.match(other, { siaddr: ip('192.0.2.1') })
})

t.test('what was set last is told at once', async (t) => {
  const world = makeWorld()
  const pool = world.index.pools.get(vlan().id)
  if (pool === undefined) throw new Error('no pool')
  const mtu = () =>
    world.index.settingsFor(pool, { ip: ip('192.0.2.100'), mac: CLIENT }).options.get(MTU)?.value
  t.equal(mtu(), undefined)
  const row = option('global', MTU, 1400)
  const changes = [{ table: 'dhcpOptions', key: row.id, row }] as const
  world.view.apply({ type: 'viewChanges', revision: 2, stamp: 10_000, changes })
  t.same(mtu(), Uint8Array.of(5, 120))
  const gone = [{ table: 'dhcpOptions', key: row.id, row: null }] as const
  world.view.apply({ type: 'viewChanges', revision: 3, stamp: 10_000, changes: gone })
  t.equal(mtu(), undefined)
})

// discovery/: neighbours that racks heard on the networks. "Unknown" is what no node's interface has, and no address
// that anybody has.
import { parseIpv4 } from '#model/ipv4.ts'
import { parseMac } from '#model/mac-address.ts'
import type { Neighbour } from '#model/network.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from '../call.ts'
import { fieldError, notFound, Rejection } from '../errors.ts'
import { knownAddresses } from '../known-addresses.ts'
import { flag, text } from '../params.ts'
import { neighbourIdOf, renderDiscovery } from '../render/discovery.ts'
import { operation, read, taking, type Resource } from '../resource.ts'
import { SCAN } from './discovery-scan.ts'

type Test = (row: Neighbour) => boolean

const listOf = (testOf: (state: RegionState) => Test) => async (call: Call) => {
  const state = await call.state()
  const rows = live(state).filter(testOf(state))
  return jsonList(rows, (row) => renderDiscovery(state, row))
}

/** By address. */
function live(state: RegionState): readonly Neighbour[] {
  const rows = [...state.neighbours.values()].filter(({ until }) => until > state.stamp)
  return rows.toSorted((a, b) => a.ip - b.ip)
}

const all = listOf(() => () => true)
const byUnknownMac = listOf(hasUnknownMac)
const byUnknownIp = listOf(hasUnknownIp)
const byBoth = listOf((state) => {
  const [mac, ip] = [hasUnknownMac(state), hasUnknownIp(state)]
  return (row) => mac(row) && ip(row)
})

function hasUnknownMac(state: RegionState): Test {
  return ({ mac }) => state.interfacesByMac.first(mac) === undefined
}

function hasUnknownIp(state: RegionState): Test {
  const known = new Set(knownAddresses(state).map(({ ip }) => ip))
  return ({ ip }) => !known.has(ip)
}

export const DISCOVERY: readonly Resource[] = [
  {
    name: 'DiscoveriesHandler',
    path: 'discovery/',
    doc: 'Neighbours that were seen on the networks.',
    actions: [
      read('user', 'List discovered neighbours.', all),
      operation(
        'GET',
        'by_unknown_mac',
        { doc: 'List those with an unknown MAC address.' },
        byUnknownMac,
      ),
      operation(
        'GET',
        'by_unknown_ip',
        { doc: 'List those with an unknown IP address.' },
        byUnknownIp,
      ),
      operation(
        'GET',
        'by_unknown_ip_and_mac',
        { doc: 'List those with an unknown IP and MAC address.' },
        byBoth,
      ),
      taking(
        {
          mdns: flag('Forget names heard by multicast DNS.'),
          neighbours: flag('Forget neighbours.'),
          all: flag('Forget both.'),
        },
        (run) => operation('POST', 'clear', { access: 'admin', doc: 'Forget neighbours.' }, run),
        async (call, { mdns, neighbours, all: both }) => {
          if (mdns !== true && neighbours !== true && both !== true) {
            throw new Rejection('BAD_REQUEST', 'Name one of mdns, neighbours and all.')
          }
          if (neighbours === true || both === true) {
            await call.propose({ type: 'neighbour.clear', only: null })
          }
          return NO_CONTENT
        },
      ),
      taking(
        {
          ip: text('IP address.', { required: true, max: 64 }),
          mac: text('MAC address.', { required: true, max: 64 }),
        },
        (run) => {
          const doc = 'Forget one neighbour.'
          return operation('POST', 'clear_by_mac_and_ip', { access: 'admin', doc }, run)
        },
        async (call, { ip: address = '', mac: hardware = '' }) => {
          const [ip, mac] = [parseIpv4(address), parseMac(hardware)]
          if (ip === undefined) throw fieldError('ip', 'Enter a valid IPv4 address.')
          if (mac === undefined) throw fieldError('mac', 'Enter a valid MAC address.')
          await call.propose({ type: 'neighbour.clear', only: { ip, mac } })
          return NO_CONTENT
        },
      ),
      SCAN,
    ],
  },
  {
    name: 'DiscoveryHandler',
    path: 'discovery/{discovery_id}/',
    doc: 'One neighbour.',
    actions: [
      read('user', 'Show a discovered neighbour.', async (call) => {
        const state = await call.state()
        const id = neighbourIdOf(call.param('discovery_id'))
        const row = id === undefined ? undefined : state.neighbours.get(id)
        if (row === undefined || row.until <= state.stamp) throw notFound('Discovery')
        return json(renderDiscovery(state, row))
      }),
    ],
  },
]

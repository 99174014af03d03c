// discovery/: neighbours that racks saw. Racks do not report any yet: the list is empty, a scan says that nobody
// scanned, and clearing has nothing to clear.
import { json, NO_CONTENT, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { flag, text } from '../params.ts'
import { operation, read, taking, type Resource } from '../resource.ts'
import { SCAN } from './discovery-scan.ts'

async function none(call: Call) {
  await call.state()
  return json([])
}

export const DISCOVERY: readonly Resource[] = [
  {
    name: 'DiscoveriesHandler',
    path: 'discovery/',
    doc: 'Neighbours that were seen on the networks.',
    actions: [
      read('user', 'List discovered neighbours.', none),
      operation('GET', 'by_unknown_mac', { doc: 'List those with an unknown MAC address.' }, none),
      operation('GET', 'by_unknown_ip', { doc: 'List those with an unknown IP address.' }, none),
      operation(
        'GET',
        'by_unknown_ip_and_mac',
        { doc: 'List those with an unknown IP and MAC address.' },
        none,
      ),
      taking(
        {
          mdns: flag('Forget names heard by multicast DNS.'),
          neighbours: flag('Forget neighbours.'),
          all: flag('Forget both.'),
        },
        (run) => operation('POST', 'clear', { access: 'admin', doc: 'Forget neighbours.' }, run),
        async (call, { mdns, neighbours, all }) => {
          if (mdns !== true && neighbours !== true && all !== true) {
            throw new Rejection('BAD_REQUEST', 'Name one of mdns, neighbours and all.')
          }
          await call.state()
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
        async (call) => {
          await call.state()
          throw notFound('Neighbour')
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
        await call.state()
        throw notFound('Discovery')
      }),
    ],
  },
]

// fannetworks/: Ubuntu's fan overlay, which MAAS itself dropped after 2.2. There are none and none can be made.
import { json, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { create, read, remove, taking, update, type Resource } from '../resource.ts'

function gone(): never {
  throw new Rejection('BAD_REQUEST', 'There are no fan networks any more.', { status: 410 })
}

async function none(call: Call): Promise<never> {
  await call.state()
  throw notFound('Fan')
}

export const FAN_NETWORKS: readonly Resource[] = [
  {
    name: 'FanNetworksHandler',
    path: 'fannetworks/',
    doc: 'Fan networks of early MAAS.',
    actions: [
      taking(
        {},
        (run) => read('user', 'List fan networks: none.', run),
        async (call) => {
          await call.state()
          return json([])
        },
      ),
      taking({}, (run) => create('admin', 'Not possible any more.', run), gone),
    ],
  },
  {
    name: 'FanNetworkHandler',
    path: 'fannetworks/{id}/',
    doc: 'One fan network of early MAAS.',
    actions: [
      taking({}, (run) => read('user', 'Show a fan network: there is none.', run), none),
      taking({}, (run) => update('admin', 'Not possible any more.', run), none),
      taking({}, (run) => remove('admin', 'Not possible any more.', run), none),
    ],
  },
]

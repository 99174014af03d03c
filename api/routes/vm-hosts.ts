// pods/ and vm-hosts/, MAAS's two names of hosts of virtual machines: there are none yet, and whoever lists them is told
// so. Everything else about them is 501.
import { jsonList, type Call } from '../call.ts'
import { read, type Resource } from '../resource.ts'

async function none(call: Call) {
  await call.state()
  return jsonList<never>([], (host) => host)
}

const list = (doc: string) => [read('user', doc, none)]

export const VM_HOSTS: readonly Resource[] = [
  {
    name: 'PodsHandler',
    path: 'pods/',
    doc: 'Hosts of virtual machines, by their old name.',
    actions: list('List pods: none.'),
  },
  {
    name: 'VmHostsHandler',
    path: 'vm-hosts/',
    doc: 'Hosts of virtual machines.',
    actions: list('List VM hosts: none.'),
  },
]

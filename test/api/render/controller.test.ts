// Controllers: what a rack that was lost looks like, and on which subnet its addresses lie.
import t from 'tap'
import { renderController } from '#api/render/controller.ts'
import type { SystemId } from '#model/ids.ts'
import { parseMac } from '#model/mac-address.ts'
import { SYSTEM, startTestApi } from '../support/api.ts'

t.test('a rack shows its addresses, their subnets and whether it is alive', async (t) => {
  const api = await startTestApi(t)
  await api.post('subnets/', { cidr: '192.0.2.0/24' })
  const systemId = 'rack34' as SystemId
  const nic = { name: 'eth0', mac: parseMac('aa:bb:cc:00:01:00')!, addresses: ['192.0.2.2/24'] }
  await api.region.propose(
    {
      type: 'rack.register',
      ...{ systemId, hostname: 'rack-one', version: '0.1.0', architecture: 'amd64/generic' },
      ...{ cpuCount: 2, memoryMib: 1_024, incarnation: 1, interfaces: [nic] },
    },
    { actor: SYSTEM },
  )
  const { state } = api.region.local()
  const rack = state.controllers.get(systemId)!
  t.match(renderController(state, rack), {
    ip_addresses: ['192.0.2.2'],
    interface_set: [{ links: [{ ip_address: '192.0.2.2', subnet: { cidr: '192.0.2.0/24' } }] }],
    service_set: [{ name: 'rackd', status: 'running' }],
  })
  const lost = renderController(state, { ...rack, connected: false })
  t.match(lost, { service_set: [{ status: 'dead' }] })
  t.equal((await api.delete(`rackcontrollers/${systemId}/`)).status, 204)
  t.equal((await api.get(`rackcontrollers/${systemId}/`)).status, 404)
})

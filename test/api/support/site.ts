// A region's API with three racks on a subnet that DHCP serves.
import type { Test } from 'tap'
import type { SystemId } from '#model/ids.ts'
import { registerRack } from '#test/support/region-state.ts'
import { startTestApi, SYSTEM, type TestApi } from './api.ts'

export const RACK_IDS = ['rack01', 'rack02', 'rack03'] as const

/** Subnet 1 192.0.2.0/24 with DHCP over .100–.199 and three racks, subnet 2 198.51.100.0/24. */
export async function startSite(t: Test): Promise<TestApi> {
  const api = await startTestApi(t)
  const { region } = api
  await api.post('subnets/', { cidr: '192.0.2.0/24', gateway_ip: '192.0.2.1' })
  await api.post('subnets/', { cidr: '198.51.100.0/24' })
  for (const [at, rack] of RACK_IDS.entries()) {
    await region.propose(registerRack(rack as SystemId, [`192.0.2.${at + 2}/24`]), {
      actor: SYSTEM,
    })
  }
  await api.post('ipranges/', {
    ...{ type: 'dynamic', start_ip: '192.0.2.100', end_ip: '192.0.2.199' },
  })
  const served = { dhcp_on: 'true', primary_rack: 'rack01', secondary_rack: 'rack02' }
  const vlan = await api.put('vlans/5001/', served)
  t.equal(vlan.status, 200, vlan.text)
  return api
}

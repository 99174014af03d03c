// What an operator does to a new site, by the API: wait for the racks, give the machines' subnet a dynamic range, turn
// DHCP on at its VLAN with two racks.
import { AppError } from '#model/errors.ts'
import type { Client } from '../client.ts'
import { DYNAMIC_RANGE, type Lab, MACHINE_CIDR, OWN_RANGE } from './plan.ts'

const READY_MS = 60_000
const LOOK_MS = 200

/** The switch has an address there that no region can know of. */
const RANGES = [
  ['reserved', OWN_RANGE],
  ['dynamic', DYNAMIC_RANGE],
] as const

type RackJson = { readonly system_id: string; readonly hostname: string }
type SubnetJson = {
  readonly cidr: string
  readonly vlan: { readonly id: number }
}

/** Throws TIMEOUT when the racks do not come. */
export async function serveMachines(lab: Lab, client: Client, stopped: AbortSignal): Promise<void> {
  const count = lab.racks.length
  const racks = await eventually(`${count} racks`, stopped, async () => {
    const listed = await client.get<readonly RackJson[]>('/MAAS/api/2.0/rackcontrollers/')
    return listed.length === count ? listed : undefined
  })
  const subnet = await eventually(`the subnet ${MACHINE_CIDR}`, stopped, async () => {
    const listed = await client.get<readonly SubnetJson[]>('/MAAS/api/2.0/subnets/')
    return listed.find(({ cidr }) => cidr === MACHINE_CIDR)
  })
  for (const [type, [start, end]] of RANGES) {
    await client.post('/MAAS/api/2.0/ipranges/', { type, start_ip: start, end_ip: end })
  }
  const [primary, secondary] = racks
  await client.put(`/MAAS/api/2.0/vlans/${subnet.vlan.id}/`, {
    dhcp_on: true,
    primary_rack: primary?.system_id,
    secondary_rack: secondary?.system_id,
  })
}

async function eventually<T>(
  what: string,
  stopped: AbortSignal,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + READY_MS
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (stopped.aborted) throw new AppError('SHUTTING_DOWN', 'Stopped.')
    if (performance.now() > deadline) {
      throw new AppError('TIMEOUT', `After ${READY_MS / 1_000} s there is not ${what}.`)
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

// A site ready to boot machines: three regions and racks in a room, the enlistment image registered, DHCP on.
import type { ChildProcess } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildEnlistImage } from '../../../tools/images/build.ts'
import {
  type Bootstrapped,
  eventually,
  type Node as RegionNode,
} from '../../process/support/cluster.ts'
import { Room } from './room.ts'

export type Site = {
  readonly room: Room
  readonly cluster: Bootstrapped
  readonly racks: readonly ChildProcess[]
}

type SubnetJson = {
  readonly id: number
  readonly cidr: string
  readonly vlan: { readonly id: number }
}
type RackJson = { readonly system_id: string }
export type MachineJson = {
  readonly system_id: string
  readonly hostname: string
  readonly status_name: string
  readonly cpu_count: number
  readonly memory: number
  readonly storage: number
  readonly interface_set: readonly { readonly mac_address: string }[]
  readonly bios_boot_method: string
}

export async function makeSite(options: { readonly racks: number }): Promise<Site> {
  const room = await Room.make()
  try {
    const cluster = await room.bootstrap()
    const urls = cluster.nodes.map((node) => node.api_url).join(',')
    await room.ironraft('login', 'lab', urls, cluster.admin.api_key)
    for (const node of cluster.nodes) {
      await room.ironraft('login', node.id, node.api_url, cluster.admin.api_key)
    }
    const names = Array.from({ length: options.racks }, (_, i) => `rack-${i + 1}`)
    const racks = names.map((name) => room.startRack(cluster.rack_token, name))
    await registerImage(room)
    await serveDhcp(room, options.racks)
    return { room, cluster, racks }
  } catch (error) {
    await room.remove()
    throw error
  }
}

async function registerImage(room: Room): Promise<void> {
  const out = join(room.directory, 'enlist')
  await mkdir(out, { recursive: true })
  await buildEnlistImage({ out, kernel: 'cloud', say: () => {} })
  await room.ironraft('boot-resources', 'import', out, '--profile', 'lab')
}

/** As an operator does it: wait for the racks, give the subnet a dynamic range, turn DHCP on. */
export async function serveDhcp(room: Room, rackCount: number): Promise<void> {
  const racks = await eventually(`${rackCount} racks`, 30, async () => {
    const listed = await room.json<readonly RackJson[]>('racks', 'list', '--profile', 'lab')
    return listed.length === rackCount ? listed : undefined
  })
  const subnet = await eventually('the subnet of the racks', 30, async () => {
    const listed = await room.json<readonly SubnetJson[]>('subnets', 'list', '--profile', 'lab')
    return listed.find(({ cidr }) => cidr === '10.77.0.0/24')
  })
  await room.ironraft(
    ...['ipranges', 'create', '--profile', 'lab', '--type', 'dynamic'],
    ...['--start-ip', '10.77.0.100', '--end-ip', '10.77.0.199'],
  )
  const [primary, secondary] = racks
  await room.ironraft(
    ...['vlans', 'update', String(subnet.vlan.id), '--profile', 'lab', '--dhcp-on'],
    ...['--primary-rack', primary?.system_id ?? ''],
    ...(secondary === undefined ? [] : ['--secondary-rack', secondary.system_id]),
  )
}

/** The machine of `mac` as each of `nodes` lists it; undefined until all do. */
export async function seenBy(
  room: Room,
  nodes: readonly RegionNode[],
  mac: string,
): Promise<readonly MachineJson[] | undefined> {
  const found: MachineJson[] = []
  for (const node of nodes) {
    const machines = await room.json<readonly MachineJson[]>(
      ...['machines', 'list', '--profile', node.id],
    )
    const machine = machines.find((each) =>
      each.interface_set.some((nic) => nic.mac_address === mac),
    )
    if (machine === undefined) return undefined
    found.push(machine)
  }
  return found
}

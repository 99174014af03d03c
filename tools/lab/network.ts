// The cabling of a lab: one namespace is the switch, with a bridge for each network; regions share a host, every rack
// has one of its own.
import { addAddress, addBridge, addCable, addNamespace, addTap } from './namespaces.ts'
import { type Lab, REGION_ADDRESS, SWITCH_ADDRESS } from './plan.ts'

export async function makeNetwork(lab: Lab): Promise<void> {
  const { switchNamespace, regionNamespace, racks, machines } = lab
  await addNamespace(switchNamespace)
  await addBridge(switchNamespace, 'machines', SWITCH_ADDRESS)
  await addBridge(switchNamespace, 'control')
  await addNamespace(regionNamespace)
  const on = (bridge: string, name: string) => ({ namespace: switchNamespace, bridge, name })
  await addCable(on('control', 'regions'), {
    namespace: regionNamespace,
    name: 'eth0',
    address: `${REGION_ADDRESS}/24`,
  })
  for (const [at, { namespace, machineAddress, controlAddress }] of racks.entries()) {
    await addNamespace(namespace)
    const [first, second] = [`rack${at + 1}`, `rack${at + 1}c`]
    const end = (name: string, address: string) => ({ namespace, name, address: `${address}/24` })
    await addCable(on('machines', first), end('eth0', machineAddress))
    await addCable(on('control', second), end('eth1', controlAddress))
  }
  for (const { tap, bmc } of machines) {
    await addTap(switchNamespace, tap, 'machines')
    await addAddress(switchNamespace, 'control', `${bmc.address}/24`)
  }
}

/** Every namespace of the lab, whether it exists or not. */
export function namespacesOf({ switchNamespace, regionNamespace, racks }: Lab): readonly string[] {
  return [...racks.map(({ namespace }) => namespace), regionNamespace, switchNamespace]
}

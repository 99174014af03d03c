// What machines a controller has: a function for each kind of chassis that racks can ask. Names, the controller's own
// word for each, and MAC addresses; machines without one are left out, as nothing could boot them. Throws PowerFailure.
import type { ChassisType } from '#model/chassis.ts'
import { type MacAddress, parseMac } from '#model/mac-address.ts'
import { type AskBmc, askBmc } from './bmc-http.ts'
import { sleep } from './drivers.ts'
import type { PowerParameters } from './driver.ts'
import { field, openApi } from './proxmox.ts'
import { pathsOf, idOf } from './redfish.ts'
import { type RedfishSession, textOf, withSession } from './redfish-session.ts'
import { type RunTool, runTool } from './run-tool.ts'
import { askVirsh, DOMAIN } from './virsh.ts'

export type ListedMachine = {
  readonly name: string
  readonly node: string
  readonly macs: readonly MacAddress[]
}
export type ListChassis = (
  parameters: PowerParameters,
  /** Only names that begin with it; asked before each machine's addresses are. */
  prefix: string,
  signal: AbortSignal,
) => Promise<readonly ListedMachine[]>

export const CHASSIS_LISTERS: Readonly<Record<ChassisType, ListChassis>> = {
  virsh: listVirsh(runTool),
  proxmox: listProxmox(askBmc),
  redfish: listRedfish({ askBmc, sleep }),
}

/** Domains of libvirt, running or not. */
export function listVirsh(run: RunTool): ListChassis {
  return async (parameters, prefix, signal) => {
    const ask = (...words: readonly string[]): Promise<string> =>
      askVirsh({ run, parameters, words, signal })
    const names = (await ask('list', '--all', '--name')).split('\n').map((name) => name.trim())
    const found: ListedMachine[] = []
    for (const name of names.filter((each) => DOMAIN.test(each) && each.startsWith(prefix))) {
      found.push({ name, node: name, macs: macsIn(await ask('domiflist', name)) })
    }
    return found.filter(hasMac)
  }
}

/** Virtual machines of a Proxmox cluster; containers boot from no network. */
export function listProxmox(ask: AskBmc): ListChassis {
  return async (parameters, prefix, signal) => {
    const call = await openApi(ask, parameters, signal)
    const list = await call('GET', '/cluster/resources?type=vm')
    const guests = (Array.isArray(list) ? list : []).filter(
      (guest: unknown) =>
        field(guest, 'type') === 'qemu' && field(guest, 'name').startsWith(prefix),
    )
    const found: ListedMachine[] = []
    for (const guest of guests) {
      const [node, vmid] = [field(guest, 'node'), field(guest, 'vmid')]
      if (!/^[\w.-]+$/.test(node) || !/^\d+$/.test(vmid)) continue
      const config = await call('GET', `/nodes/${node}/qemu/${vmid}/config`)
      const nics = Object.entries(config ?? {}).filter(([key]) => /^net\d+$/.test(key))
      const macs = macsIn(nics.map(([, value]) => String(value)).join('\n'))
      found.push({ name: field(guest, 'name') || vmid, node: vmid, macs })
    }
    return found.filter(hasMac)
  }
}

/** Computer systems of one Redfish service, such as the nodes of an enclosure. */
export function listRedfish(ports: {
  readonly askBmc: AskBmc
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}): ListChassis {
  return async (parameters, prefix, signal) =>
    await withSession({ ...ports, parameters, signal }, async (session) => {
      const found: ListedMachine[] = []
      for (const path of pathsOf(await session.read('/redfish/v1/Systems'))) {
        const system = await session.read(path)
        const node = idOf(path)
        const name = textOf(system['HostName']) || textOf(system['Name']) || node
        if (!name.startsWith(prefix)) continue
        found.push({ name, node, macs: await macsOf(session, system) })
      }
      return found.filter(hasMac)
    })
}

async function macsOf(
  session: RedfishSession,
  system: Readonly<Record<string, unknown>>,
): Promise<readonly MacAddress[]> {
  const link = system['EthernetInterfaces'] as { readonly '@odata.id'?: unknown } | undefined
  const collection = textOf(link?.['@odata.id'])
  if (collection === '') return []
  const texts: string[] = []
  for (const path of pathsOf(await session.read(collection))) {
    const nic = await session.read(path)
    texts.push(textOf(nic['PermanentMACAddress']) || textOf(nic['MACAddress']))
  }
  return macsIn(texts.join('\n'))
}

/** Every address in a text, once. */
function macsIn(text: string): readonly MacAddress[] {
  const found = text.match(/\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b/gi) ?? []
  return [...new Set(found.map((each) => parseMac(each)).filter((mac) => mac !== undefined))]
}

function hasMac({ macs }: ListedMachine): boolean {
  return macs.length > 0
}

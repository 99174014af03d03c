// Which script a boot path gets, from the rack's view: pure. The same names are served by HTTP and TFTP.
import type { BootFileKind, BootResource, MachineBoot } from '#model/boot.ts'
import { parseMac, type MacAddress } from '#model/mac-address.ts'
import type { RackView } from '#rack/view.ts'
import {
  chainScript,
  kernelScript,
  localScript,
  poweroffScript,
  refusalScript,
  type KernelBoot,
} from './ipxe-script.ts'

/** The enlistment environment's boot resource. */
const ENLIST_RESOURCE = 'enlist/agent'

export type BootScript = { readonly text: string; readonly machine: MachineBoot | undefined }

/**
 * `path` without leading slash; `baseUrl` is this rack as the client reached it, e.g.
 * `http://192.0.2.1:5248`. Undefined: no such script, or a MAC that nobody knows.
 */
export function bootScript(path: string, baseUrl: string, view: RackView): BootScript | undefined {
  if (path === 'ipxe.cfg') return { text: chainScript(baseUrl), machine: undefined }
  if (!path.startsWith('ipxe.cfg-')) return undefined
  const key = path.slice('ipxe.cfg-'.length)
  if (key.startsWith('default-')) {
    const architecture = parseArchitecture(key.slice('default-'.length))
    if (architecture === undefined) return undefined
    return { text: enlistScript({ architecture, baseUrl, view, path }), machine: undefined }
  }
  const mac = parseMac(key) ?? parseMac(key.replace(/^01-/, ''))
  const machine = mac === undefined ? undefined : view.machineOfMac(mac)
  if (mac === undefined || machine === undefined) return undefined
  return { text: machineScript(machine, { mac, baseUrl, view, path }), machine }
}

type Place = { readonly baseUrl: string; readonly view: RackView; readonly path: string }

function machineScript(machine: MachineBoot, at: Place & { readonly mac: MacAddress }): string {
  const architecture = machine.architecture.split('/')[0] ?? 'amd64'
  const agent = kernelBoot({ ...at, architecture })
  switch (machine.purpose) {
    case 'local':
      return localScript()
    case 'poweroff':
      return poweroffScript(agent)
    case 'enlist':
    case 'commissioning':
    // Installing needs images that are not built yet: the agent reports the machine again.
    case 'xinstall':
      return agent === undefined ? noEnvironment(architecture) : kernelScript(agent)
    default:
      return machine.purpose satisfies never
  }
}

function enlistScript(at: Place & { readonly architecture: string }): string {
  const agent = kernelBoot({ ...at, mac: undefined })
  return agent === undefined ? noEnvironment(at.architecture) : kernelScript(agent)
}

function noEnvironment(architecture: string): string {
  return refusalScript(`no enlistment environment for ${architecture} has been uploaded yet`)
}

function kernelBoot(
  at: Place & { readonly architecture: string; readonly mac: MacAddress | undefined },
): KernelBoot | undefined {
  const { baseUrl, view } = at
  const resource = [...view.table('bootResources').values()].find(
    ({ name, architecture }) =>
      name === ENLIST_RESOURCE && architecture.split('/')[0] === at.architecture,
  )
  if (resource === undefined) return undefined
  const kernelUrl = fileUrl(baseUrl, resource, 'boot-kernel')
  const initrdUrl = fileUrl(baseUrl, resource, 'boot-initrd')
  if (kernelUrl === undefined || initrdUrl === undefined) return undefined
  // The rack first: a machine on a provisioning network may reach nothing else.
  const apis = [baseUrl, ...(view.settings()?.regionApis ?? [])]
  const apiUrls = apis.map((api) => `${api.replace(/\/+$/, '')}/MAAS`)
  return { kernelUrl, initrdUrl, apiUrls, retryUrl: `${baseUrl}/${at.path}`, mac: at.mac }
}

function fileUrl(baseUrl: string, resource: BootResource, kind: BootFileKind): string | undefined {
  const file = resource.files.find((each) => each.kind === kind)
  return file === undefined ? undefined : `${baseUrl}/images/${file.sha256}/${kind}`
}

/** Loaders have their own names for them: GRUB says x86_64. */
function parseArchitecture(text: string): string | undefined {
  if (text === 'x86_64') return 'amd64'
  if (text === 'aarch64') return 'arm64'
  return /^[a-z0-9]{2,16}$/.test(text) ? text : undefined
}

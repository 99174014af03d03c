// Which text a boot path gets, from the rack's view: pure. The same names are served by HTTP and TFTP, to iPXE, PXELINUX
// and GRUB (maas-boot §3). A machine's own file does not exist for a MAC that nobody knows: loaders then go on to the
// default one, and that enlists, so answering it in place of another would enlist machines that are known.
import type { MachineBoot } from '#model/boot.ts'
import { parseMac, type MacAddress } from '#model/mac-address.ts'
import type { RackView } from '#rack/view.ts'
import { type BootChoice, chooseBoot, chooseEnlistBoot } from './boot-choice.ts'
import { grubConfig, grubPreloader } from './grub-config.ts'
import { chainScript, ipxeScript } from './ipxe-script.ts'
import { pxelinuxConfig } from './pxelinux-config.ts'

export type BootScript = { readonly text: string; readonly machine: MachineBoot | undefined }

type Loader = 'ipxe' | 'pxelinux' | 'grub'
/** Whose file it is; `undefined`: of those nobody knows, on this architecture. */
type Asked = { readonly loader: Loader; readonly key: MacAddress | { readonly default: string } }

/**
 * `path` without leading slash; `baseUrl` is this rack as the client reached it, e.g.
 * `http://192.0.2.1:5248`. Undefined: no such script, or a MAC that nobody knows.
 */
export function bootScript(path: string, baseUrl: string, view: RackView): BootScript | undefined {
  const fixed = fixedText(path, baseUrl)
  if (fixed !== undefined) return { text: fixed, machine: undefined }
  const asked = askedBy(path)
  if (asked === undefined) return undefined
  const place = { baseUrl, view }
  const format = (choice: BootChoice, mac: MacAddress | undefined): string =>
    formatFor(asked.loader, choice, { baseUrl, mac, path })
  if (typeof asked.key === 'object') {
    const choice = chooseEnlistBoot(asked.key.default, place)
    return { text: format(choice, undefined), machine: undefined }
  }
  const machine = view.machineOfMac(asked.key)
  if (machine === undefined) return undefined
  return { text: format(chooseBoot(machine, place), asked.key), machine }
}

/** The same for every machine. */
function fixedText(path: string, baseUrl: string): string | undefined {
  if (path === 'ipxe.cfg') return chainScript(baseUrl)
  if (path === 'grub/grub.cfg') return grubPreloader()
  // Lists of GRUB's modules (command.lst, fs.lst …): empty ones spare it to ask again (maas-boot §10).
  return /^grub\/[\w./-]+\.lst$/.test(path) ? '' : undefined
}

function askedBy(path: string): Asked | undefined {
  const [loader, name] = splitPath(path)
  if (loader === undefined) return undefined
  if (loader === 'pxelinux') {
    // By UUID and by hexadecimal address it is not found: PXELINUX goes on to the next name.
    const own = /^01-([0-9a-f-]+)$/i.exec(name)
    if (own !== null) return keyOf(loader, parseMac(own[1] ?? ''))
    if (name === 'default') return { loader, key: { default: 'amd64' } }
    // `default-amd64`, `default.amd64`, `default-arm-highbank`.
    const architecture = /^default[-.]([a-z0-9_]+)(?:-[a-z0-9_]+)?$/.exec(name)?.[1]
    return defaultOf(loader, architecture)
  }
  const architecture = /^default-(.+)$/.exec(name)?.[1]
  if (architecture !== undefined) return defaultOf(loader, architecture)
  return keyOf(loader, parseMac(name) ?? parseMac(name.replace(/^01-/, '')))
}

function splitPath(path: string): readonly [Loader | undefined, string] {
  const prefixes: Readonly<Record<Loader, string>> = {
    ipxe: 'ipxe.cfg-',
    pxelinux: 'pxelinux.cfg/',
    grub: 'grub/grub.cfg-',
  }
  for (const loader of ['ipxe', 'pxelinux', 'grub'] as const) {
    const prefix = prefixes[loader]
    if (path.startsWith(prefix)) return [loader, path.slice(prefix.length)]
  }
  return [undefined, '']
}

function keyOf(loader: Loader, mac: MacAddress | undefined): Asked | undefined {
  return mac === undefined ? undefined : { loader, key: mac }
}

function defaultOf(loader: Loader, architecture: string | undefined): Asked | undefined {
  const parsed = architecture === undefined ? undefined : parseArchitecture(architecture)
  return parsed === undefined ? undefined : { loader, key: { default: parsed } }
}

/** Loaders have their own names for them: GRUB says x86_64. */
function parseArchitecture(text: string): string | undefined {
  if (text === 'x86_64') return 'amd64'
  if (text === 'aarch64') return 'arm64'
  return /^[a-z0-9]{2,16}$/.test(text) ? text : undefined
}

function formatFor(
  loader: Loader,
  choice: BootChoice,
  of: {
    readonly baseUrl: string
    readonly mac: MacAddress | undefined
    readonly path: string
  },
): string {
  const { baseUrl, mac, path } = of
  switch (loader) {
    case 'ipxe':
      return ipxeScript(choice, { baseUrl, mac, retryUrl: `${baseUrl}/${path}` })
    case 'pxelinux':
      return pxelinuxConfig(choice, { baseUrl, mac })
    case 'grub':
      return grubConfig(choice, mac)
    default:
      return loader satisfies never
  }
}

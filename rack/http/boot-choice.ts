// What a machine boots, whichever loader asks: pure. Loaders only differ in how they are told (`ipxe-script.ts`,
// `pxelinux-config.ts`, `grub-config.ts`).
import type { BootFileKind, MachineBoot } from '#model/boot.ts'
import { chooseMemoryImage } from '#model/boot-choice.ts'
import { bootOriginsOf, type BootOrigin } from '#model/boot-origins.ts'
import { contains, parseIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { RackView } from '#rack/view.ts'

export type KernelBoot = {
  /** Below the root of this rack, e.g. `images/<sha256>/boot-kernel`. */
  readonly kernelPath: string
  readonly initrdPath: string
  /** Words of the command line, each without spaces; BOOTIF and what only one loader needs come to them. */
  readonly options: readonly string[]
}

export type BootChoice =
  | { readonly kind: 'kernel'; readonly boot: KernelBoot }
  /** The machine's own disk. */
  | { readonly kind: 'local' }
  /** `boot` ends in a power off, for loaders that cannot do it themselves; undefined: there is none. */
  | { readonly kind: 'poweroff'; readonly boot: KernelBoot | undefined }
  | { readonly kind: 'nothing'; readonly reason: string }

export type BootPlace = {
  /** Of this rack as the client reached it, e.g. `http://192.0.2.1:5248`. */
  readonly baseUrl: string
  readonly view: RackView
}

/** The enlistment environment: a small initramfs that reports a machine and switches it off. */
const AGENT = 'enlist/agent'
/** The ephemeral system where the site names no other (`tools/images/debian.ts`). */
const EPHEMERAL = 'debian/bookworm'

/** x86 kernels read 2047 bytes; what loaders add (BOOTIF, initrd) takes up to 60 of them. */
const OPTIONS_BYTES_MAX = 1_980
const CONSOLES = ['console=tty0', 'console=ttyS0,115200']

/** Of a machine the cluster knows. */
export function chooseBoot(machine: MachineBoot, place: BootPlace): BootChoice {
  const architecture = machine.architecture.split('/')[0] ?? 'amd64'
  switch (machine.purpose) {
    case 'local':
      return { kind: 'local' }
    case 'poweroff':
      return { kind: 'poweroff', boot: powerOffBoot(machine, { ...place, architecture }) }
    case 'enlist':
    case 'commissioning':
    case 'xinstall': {
      const preseed = `by-id/${machine.systemId}/?op=get_preseed`
      return systemBoot({ ...place, architecture, machine, preseed })
    }
    default:
      return machine.purpose satisfies never
  }
}

/** Of one that nobody knows; `architecture` as in `amd64`. */
export function chooseEnlistBoot(architecture: string, place: BootPlace): BootChoice {
  const preseed = 'enlist-preseed/?op=get_enlist_preseed'
  return systemBoot({ ...place, architecture, machine: undefined, preseed })
}

type Place = BootPlace & { readonly architecture: string }

function systemBoot(
  at: Place & { readonly machine: MachineBoot | undefined; readonly preseed: string },
): BootChoice {
  const boot = ephemeralBoot(at) ?? agentBoot(at)
  if (boot !== undefined) return { kind: 'kernel', boot }
  const reason = `no enlistment environment for ${at.architecture} has been uploaded yet`
  return { kind: 'nothing', reason }
}

function ephemeralBoot(
  at: Place & { readonly machine: MachineBoot | undefined; readonly preseed: string },
): KernelBoot | undefined {
  const found = findEphemeral(at)
  if (found === undefined) return undefined
  const sha256 = found.squashfs
  // All of them in case this rack dies meanwhile.
  const roots = originsOf(at).map(({ url, isRack }) =>
    isRack ? `${url}/images/${sha256}/squashfs` : `${url}/MAAS/boot-resources/${sha256}`,
  )
  const words = [
    ...['nomodeset', 'loglevel=4', 'boot=ironraft', `root=squash:${roots.join(',')}`],
    `cloud-config-url=${at.baseUrl}/MAAS/metadata/latest/${at.preseed}`,
    apiOption(at),
    // MAAS's option; without quotes and spaces, which GRUB would put backslashes before.
    'cc:{datasource_list:[MAAS]}end_cc',
    ...CONSOLES,
  ]
  return { ...pathsOf(found), options: withKernelOptions(words, at) }
}

/** Its initrd switches the machine off before it fetches anything; the agent does after it reported. */
function powerOffBoot(machine: MachineBoot, at: Place): KernelBoot | undefined {
  const found = findEphemeral(at)
  if (found === undefined) return agentBoot(at)
  const words = ['nomodeset', 'loglevel=4', 'boot=ironraft', 'ironraft.poweroff', ...CONSOLES]
  return { ...pathsOf(found), options: withKernelOptions(words, { ...at, machine }) }
}

function agentBoot(at: Place): KernelBoot | undefined {
  const found = findFiles(at, AGENT, ['boot-kernel', 'boot-initrd'])
  if (found === undefined) return undefined
  return { ...pathsOf(found), options: [apiOption(at), ...CONSOLES] }
}

/** Who has the API: the rack first, as a machine on a provisioning network may reach nothing else. */
function apiOption(at: BootPlace): string {
  const bases = originsOf(at).map(({ url }) => `${url}/MAAS`)
  return `ironraft.api=${bases.join(',')}`
}

function originsOf({ baseUrl, view }: BootPlace): readonly BootOrigin[] {
  const ip = parseIpv4(/^http:\/\/([\d.]+)/.exec(baseUrl)?.[1] ?? '')
  const places = ip === undefined ? [] : (vlanAt(view, ip)?.rackPlaces ?? [])
  const regionApis = view.settings()?.regionApis ?? []
  return bootOriginsOf({ url: baseUrl, isRack: true, places, regionApis })
}

/** Of the smallest subnet that has the address. */
function vlanAt(view: RackView, ip: Ipv4) {
  const subnets = [...view.table('subnets').values()].filter(({ cidr }) => contains(cidr, ip))
  const [subnet] = subnets.toSorted((a, b) => b.cidr.prefix - a.cidr.prefix)
  return subnet === undefined ? undefined : view.table('vlans').get(subnet.vlanId)
}

/**
 * A machine's own, where it has one; else, or where that is gone, the site's. The region then tells the machine that it
 * has nothing to run.
 */
function findEphemeral(at: Place & { readonly machine?: MachineBoot | undefined }) {
  const own = memoryFiles(at)
  if (own !== undefined) return own
  for (const name of [at.view.settings()?.ephemeralImage ?? EPHEMERAL, EPHEMERAL]) {
    const found = findFiles(at, name, ['boot-kernel', 'boot-initrd', 'squashfs'])
    if (found !== undefined) return found
  }
  return undefined
}

function memoryFiles({ view, machine }: Place & { readonly machine?: MachineBoot | undefined }) {
  if (machine?.memoryImage === undefined) return undefined
  const { memoryImage, architecture } = machine
  const found = chooseMemoryImage(view.table('bootResources').values(), memoryImage, architecture)
  if (found === undefined) return undefined
  return {
    'boot-kernel': found.kernel.sha256,
    'boot-initrd': found.initrd.sha256,
    squashfs: found.root.sha256,
  }
}

/** SHA-256 by kind, of the first resource of this name and architecture that has them all. */
function findFiles<K extends BootFileKind>(
  { view, architecture }: Place,
  wanted: string,
  kinds: readonly K[],
): Readonly<Record<K, string>> | undefined {
  for (const each of view.table('bootResources').values()) {
    if (each.name !== wanted || each.architecture.split('/')[0] !== architecture) continue
    const found = kinds.flatMap((kind) => {
      const file = each.files.find((one) => one.kind === kind)
      return file === undefined ? [] : [[kind, file.sha256]]
    })
    if (found.length === kinds.length) return Object.fromEntries(found) as Record<K, string>
  }
  return undefined
}

type Paths = Omit<KernelBoot, 'options'>

function pathsOf(files: Readonly<Record<'boot-kernel' | 'boot-initrd', string>>): Paths {
  return {
    kernelPath: `images/${files['boot-kernel']}/boot-kernel`,
    initrdPath: `images/${files['boot-initrd']}/boot-initrd`,
  }
}

/**
 * The site's options and those of the machine's tags, behind `---` as in MAAS: they are meant for the installed system
 * too. What cannot be a word of a command line, or is beyond its length, is left out: a machine that does not boot could
 * not even tell why.
 */
function withKernelOptions(
  words: readonly string[],
  of: { readonly view: RackView; readonly machine: MachineBoot | undefined },
): readonly string[] {
  const set = `${of.view.settings()?.kernelOptions ?? ''} ${of.machine?.kernelOptions ?? ''}`
  const options = set.split(/\s+/).filter((word) => /^[\x21-\x7e]+$/.test(word))
  if (options.length === 0) return words
  const all = [...words, '---']
  let bytes = all.join(' ').length
  for (const word of options) {
    bytes += 1 + word.length
    if (bytes > OPTIONS_BYTES_MAX) break
    all.push(word)
  }
  return all
}

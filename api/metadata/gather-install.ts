// All that the installer must know of one machine (`installer/install-input.ts`), gathered from one state.
import { ROOT_KINDS, type BootFile } from '#model/boot.ts'
import type { BootOrigin } from '#model/boot-origins.ts'
import type { Machine } from '#model/machine.ts'
import { imageFor } from '#state/boot-image.ts'
import { configOf } from '#state/config-keys.ts'
import { fqdnOf } from '#state/query-dns.ts'
import { machineBootOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { storageOf } from '#state/storage-query.ts'
import type { InstallInput, Place } from '../installer/install-input.ts'
import { renderNetplan } from '../render/netplan.ts'
import { baseOf } from './origins.ts'

export type InstallPlace = {
  /** What the machine reached, and what else it will when that dies. */
  readonly origins: readonly BootOrigin[]
  readonly keys: InstallInput['keys']
}

const ARCHITECTURES = ['amd64', 'arm64'] as const

/** Else the sentence that says why it cannot be installed. */
export function gatherInstall(
  state: RegionState,
  machine: Machine,
  { origins, keys }: InstallPlace,
): InstallInput | { readonly problem: string } {
  const { systemId, hostname, osSystem, distroSeries } = machine
  const [wanted] = machine.architecture.split('/')
  const architecture = ARCHITECTURES.find((each) => each === wanted)
  if (architecture === undefined) {
    return { problem: `The installer does not know the architecture ${machine.architecture}.` }
  }
  const root = imageFor(state, osSystem, distroSeries, machine.architecture)?.root
  if (root === undefined) {
    return { problem: `There is no image of ${osSystem}/${distroSeries} for ${architecture}.` }
  }
  return {
    ...{ systemId, hostname, fqdn: fqdnOf(state, machine), architecture, osSystem, distroSeries },
    image: {
      kind: ROOT_KINDS[root.kind],
      ...{ sha256: root.sha256, sizeBytes: root.sizeBytes },
    },
    disks: state.blockDevicesByMachine.rows(systemId),
    storage: storageOf(state, systemId),
    netplan: renderNetplan(state, systemId),
    kernelOptions: kernelOptionsOf(state, machine),
    keys,
    places: origins.map((origin) => placeOf(origin, root)),
  }
}

/** A rack has images of its own; a region gives them by digest. */
function placeOf(origin: BootOrigin, { sha256, kind }: Pick<BootFile, 'sha256' | 'kind'>): Place {
  const base = baseOf(origin)
  return {
    base,
    imageUrl: origin.isRack
      ? `${origin.url}/images/${sha256}/${kind}`
      : `${base}/boot-resources/${sha256}/`,
  }
}

/** Of the site, then of the machine's tags. */
function kernelOptionsOf(state: RegionState, { systemId }: Machine): string {
  const ofSite = configOf(state, 'kernel_opts')
  const ofTags = machineBootOf(state, systemId)?.kernelOptions ?? ''
  return [typeof ofSite === 'string' ? ofSite : '', ofTags].join(' ').trim()
}

// Which image a machine gets, by the state: of its release for deployment, of the settings for everything that runs
// from memory.
import {
  chooseDeployImage,
  chooseEphemeral,
  chooseMemoryImage,
  rootOf,
  type DeployImage,
  type EphemeralImage,
} from '#model/boot-choice.ts'
import type { Machine } from '#model/machine.ts'
import type { RegionState } from './state.ts'
import { configOf } from './config-keys.ts'

/** Undefined: it cannot be deployed. `architecture` of the machine, `amd64/generic`; custom images have `custom`. */
export function imageFor(
  state: RegionState,
  osSystem: string,
  series: string,
  architecture: string,
): DeployImage | undefined {
  return chooseDeployImage(state.bootResources.values(), `${osSystem}/${series}`, architecture)
}

/** For commissioning, testing, erasing, rescue and for the installer. Undefined: there is none. */
export function ephemeralFor(state: RegionState, architecture: string): EphemeralImage | undefined {
  const osSystem = String(configOf(state, 'commissioning_osystem'))
  const name = `${osSystem}/${String(configOf(state, 'commissioning_distro_series'))}`
  return chooseEphemeral(state.bootResources.values(), name, architecture)
}

/** What runs from memory as the machine's own system. Undefined: its release cannot, or is no more. */
export function memoryImageFor(
  state: RegionState,
  {
    osSystem,
    distroSeries,
    architecture,
  }: Pick<Machine, 'osSystem' | 'distroSeries' | 'architecture'>,
): EphemeralImage | undefined {
  return chooseMemoryImage(
    state.bootResources.values(),
    `${osSystem}/${distroSeries}`,
    architecture,
  )
}

/** `os/series` of what has a root image, each once. */
export function deployableNames(state: RegionState): readonly string[] {
  const found = [...state.bootResources.values()].filter((row) => rootOf(row) !== undefined)
  return [...new Set(found.map(({ name }) => name))].toSorted()
}

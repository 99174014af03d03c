// What the network model has from a feature level on must not be asked of a cluster with older regions: they would
// leave it out without a word.
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import type { RegionState } from '#state/state.ts'
import { Rejection } from './errors.ts'

/** Throws UNSUPPORTED_VERSION. `what` begins the sentence. */
export function expectNetworkLevel(state: RegionState, what: string): void {
  if (state.featureLevel >= NETWORK_LEVEL) return
  const text = `${what} needs feature level ${NETWORK_LEVEL}, the cluster is at ${state.featureLevel}`
  throw new Rejection('UNSUPPORTED_VERSION', `${text}: upgrade every region first.`)
}

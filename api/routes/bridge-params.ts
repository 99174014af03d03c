// `bridge_all` and how its bridges are made, of allocate and deploy (maas-api §9, §10.2).
import { BRIDGE_DEFAULTS, BRIDGE_TYPES } from '#model/interface.ts'
import type { BridgeOptions } from '#model/machine-work.ts'
import { choice, flag, integer, type Values } from '../params.ts'

export const BRIDGES = {
  bridge_all: flag('Make a bridge over every interface that is configured, until the release.'),
  bridge_type: choice('Kind of these bridges.', BRIDGE_TYPES),
  bridge_stp: flag('Spanning tree on these bridges.'),
  bridge_fd: integer('Their forward delay, seconds.', { min: 0, max: 60 }),
}

/** Nothing when none are asked for, whatever they would be like. */
export function bridgesAsked(values: Partial<Values<typeof BRIDGES>>): {
  readonly bridges?: BridgeOptions
} {
  if (values.bridge_all !== true) return {}
  const bridges = {
    bridgeType: values.bridge_type ?? BRIDGE_DEFAULTS.bridgeType,
    bridgeStp: values.bridge_stp ?? BRIDGE_DEFAULTS.bridgeStp,
    bridgeFd: values.bridge_fd ?? BRIDGE_DEFAULTS.bridgeFd,
  }
  return { bridges }
}

// The feature level of the cluster, from this node's side: commands that wait for it, a state that is beyond
// this code, and what all members together support.
import { AppError } from '#model/errors.ts'
import { FIRST_LEVELS, SUPPORTED_LEVELS } from '#model/feature-level.ts'
import type { NodeReport } from '#protocol/peer.ts'
import type { Configuration } from '#raft/types.ts'
import type { Command } from '#state/command.ts'
import { isRetired, levelOf } from '#state/command-levels.ts'
import type { RegionState } from '#state/state.ts'

/** Throws UNSUPPORTED_VERSION: definitely not executed; it can be once every region is upgraded, unless it is retired. */
export function expectLevelFor(command: Command, state: RegionState): void {
  const { type } = command
  if (isRetired(type)) {
    throw new AppError(
      'UNSUPPORTED_VERSION',
      `${type} is read from old logs, and proposed no more.`,
    )
  }
  const level = levelOf(command)
  if (level <= state.featureLevel) return
  const text = `${type} needs feature level ${level}, the cluster is at ${state.featureLevel}`
  throw new AppError('UNSUPPORTED_VERSION', `${text}: upgrade every region first.`)
}

/** Throws UNSUPPORTED_VERSION: this process must stop, it would guess at what its log means. */
export function expectKnownLevel(state: RegionState): void {
  if (state.featureLevel <= SUPPORTED_LEVELS.max) return
  const text = `The cluster is at feature level ${state.featureLevel}`
  throw new AppError(
    'UNSUPPORTED_VERSION',
    `${text}, this version supports up to ${SUPPORTED_LEVELS.max}: upgrade this node.`,
  )
}

/**
 * The highest level that every member of the configuration, both sides of a joint one and learners included,
 * supports by its own fresh word; null while one of them was not heard of.
 */
export function levelOfAll(
  configuration: Configuration,
  reportOf: (id: string) => NodeReport | null,
): number | null {
  const { voters, votersOutgoing, learners, learnersNext } = configuration
  let level = SUPPORTED_LEVELS.max
  for (const id of [...voters, ...votersOutgoing, ...learners, ...learnersNext]) {
    const report = reportOf(id)
    if (report === null) return null
    level = Math.min(level, (report.featureLevels ?? FIRST_LEVELS).max)
  }
  return level
}

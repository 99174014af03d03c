// The first command of a cluster, and the sweep of rows that count as absent already.
import { DONE, notFound, refuse, type Handler } from './context.ts'
import { sweepRetired } from './boot-resources.ts'
import { sweepUploads } from './boot-uploads.ts'
import { createApiKey, createUser } from './users.ts'
import { sweepDhcpSightings } from './dhcp-sightings.ts'
import { addFabric } from './fabrics.ts'
import { SWEEP_ROWS_MAX } from './limits.ts'
import { expireMachines } from './machine-signals.ts'
import { expireChassis } from './chassis.ts'
import { expireIntents } from './power-intents.ts'
import { SETTING_DEFAULTS } from './settings.ts'
import { sweepTenures } from './tenures.ts'

/** Twice by a bootstrap that was cut short: the second is no error when it names the same cluster. */
export const initialiseCluster: Handler<'cluster.initialise'> = (context, command) => {
  const { state, wall } = context
  const { clusterId, admin, apiKey, joinTokenDigest } = command
  const known = state.cluster.get('cluster')
  if (known !== undefined) {
    return known.id === clusterId ? DONE : refuse('CONFLICT', 'The cluster exists already.')
  }
  const level = command.featureLevel === undefined ? {} : { featureLevel: command.featureLevel }
  state.cluster.put('cluster', { name: 'cluster', id: clusterId, createdWall: wall, ...level })
  const user = createUser(context, { type: 'user.create', ...admin })
  if (!user.ok) return user
  const key = createApiKey(context, { type: 'apiKey.create', ...apiKey, userId: user.value.id })
  if (!key.ok) return key
  state.joinTokens.put(joinTokenDigest, {
    digest: joinTokenDigest,
    kind: 'rack',
    createdWall: wall,
  })
  addFabric(state, { name: '', description: '', classType: null })
  for (const [name, value] of Object.entries(SETTING_DEFAULTS)) {
    state.settings.put(name, { name, value })
  }
  return DONE
}

/** Whether all members support it is for the leader to know; that it never falls is decided here. */
export const raiseLevel: Handler<'cluster.raiseLevel'> = ({ state }, { level }) => {
  const cluster = state.cluster.get('cluster')
  if (cluster === undefined) return notFound('Cluster')
  if (!Number.isSafeInteger(level) || level <= state.featureLevel) {
    return refuse('CONFLICT', `The feature level is ${state.featureLevel} already and never falls.`)
  }
  state.cluster.put('cluster', { ...cluster, featureLevel: level })
  return DONE
}

/**
 * No row ends by this: every reader compares with log time, it only frees the memory. Machines and power intents
 * whose time is over go on to where the life cycle says.
 */
export const advanceTime: Handler<'time.advance'> = (context) => {
  const { state, now } = context
  for (const ip of state.holdEnds.ended(now, SWEEP_ROWS_MAX)) state.holds.delete(ip)
  for (const ip of state.quarantineEnds.ended(now, SWEEP_ROWS_MAX)) state.quarantines.delete(ip)
  for (const ip of state.observedEnds.ended(now, SWEEP_ROWS_MAX)) state.observed.delete(ip)
  sweepDhcpSightings(state, now, SWEEP_ROWS_MAX)
  for (const id of state.neighbourEnds.ended(now, SWEEP_ROWS_MAX)) state.neighbours.delete(id)
  sweepTenures(state, now, SWEEP_ROWS_MAX)
  for (const id of state.loginSessionEnds.ended(now, SWEEP_ROWS_MAX)) state.loginSessions.delete(id)
  for (const id of state.accessTokenEnds.ended(now, SWEEP_ROWS_MAX)) state.accessTokens.delete(id)
  for (const id of state.idempotencyEnds.ended(now, SWEEP_ROWS_MAX)) state.idempotency.delete(id)
  sweepRetired(state, now, SWEEP_ROWS_MAX)
  sweepUploads(state, now, SWEEP_ROWS_MAX)
  expireMachines(context, SWEEP_ROWS_MAX)
  expireIntents(context, SWEEP_ROWS_MAX)
  expireChassis(context, SWEEP_ROWS_MAX)
  return DONE
}

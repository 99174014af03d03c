// Applies one log entry. Synchronous and deterministic: equal entries on equal states give equal rows,
// outcomes and changes on every node. A refused command is taken back by the tables' journal, so that
// no handler can leave half of its work.
import { AppError } from '#model/errors.ts'
import { createAccessToken, deleteAccessToken, renameAccessToken } from './access-tokens.ts'
import { forgetAddress, releaseAddress, reserveAddress } from './addresses.ts'
import { auditBefore, recordAudit } from './audit.ts'
import { addChassis, claimChassis, reportChassis } from './chassis.ts'
import { putConfig } from './config-keys.ts'
import { deleteDhcpOption, putDhcpOption } from './dhcp-options.ts'
import { observeDhcp } from './dhcp-sightings.ts'
import { createDevice, deleteDevice, updateDevice } from './devices.ts'
import { deleteFile, putFile } from './files.ts'
import { assignTag, placeNodes } from './node-places.ts'
import {
  createObject,
  deleteObject,
  dismissNotification,
  revertObject,
  updateObject,
} from './objects.ts'
import { deleteBootResource, pruneBootResources, putBootResource } from './boot-resources.ts'
import { beginUpload, dropUpload, finishUpload, reportUpload } from './boot-uploads.ts'
import { cloneMachine } from './clone-machine.ts'
import { advanceTime, initialiseCluster, raiseLevel } from './cluster.ts'
import type { Command, CommandType, Envelope } from './command.ts'
import type { Context, Handler } from './context.ts'
import {
  beatRacks,
  deleteRack,
  loseRack,
  registerRack,
  registerRegion,
  updateController,
} from './controllers.ts'
import { createDnsRecord, deleteDnsRecord, updateDnsRecord } from './dns-records.ts'
import { createDnsResource, deleteDnsResource, updateDnsResource } from './dns-resources.ts'
import {
  createDomain,
  deleteDomain,
  setDefaultDomain,
  setDnsSerial,
  updateDomain,
} from './domains.ts'
import { recordEvent } from './events.ts'
import {
  createFabric,
  createSpace,
  deleteFabric,
  deleteSpace,
  updateFabric,
  updateSpace,
} from './fabrics.ts'
import { foundBmc } from './found-bmc.ts'
import { withIdempotency } from './idempotency.ts'
import {
  createInterface,
  deleteInterface,
  restoreInterfaces,
  tagInterface,
  updateInterface,
} from './interfaces.ts'
import {
  claimImport,
  endImport,
  reportBootFiles,
  reportImport,
  startImport,
  stopImport,
  syncBootResource,
} from './image-imports.ts'
import { createIpRange, deleteIpRange, updateIpRange } from './ip-ranges.ts'
import { bindLease, declineLease, releaseLease } from './lease.ts'
import {
  clearGateways,
  disconnectInterface,
  linkInterface,
  setGateway,
  unlinkInterface,
} from './link-commands.ts'
import { closeLogin, openLogin } from './login-sessions.ts'
import {
  abortMachine,
  acceptMachines,
  annotateMachine,
  commissionMachine,
  enterRescue,
  exitRescue,
  lockMachine,
  markBroken,
  markFixed,
  overrideFailedTesting,
  switchPower,
  testMachine,
  unlockMachine,
} from './machine-actions.ts'
import {
  allocateMachine,
  deployMachine,
  releaseMachine,
  releaseMachines,
} from './machine-claims.ts'
import { bootedMachine, heartbeatMachine, setNetboot, signalMachine } from './machine-signals.ts'
import { issueToken } from './machine-tokens.ts'
import { createMachine, deleteMachine, updateMachine } from './machines.ts'
import { joinMember, registerMember, removeMember, reportMember } from './members.ts'
import { clearNeighbours, reportNeighbours, requestScan } from './neighbours.ts'
import { observeAddress } from './observed.ts'
import type { Change, Outcome } from './outcome.ts'
import {
  createSshKey,
  createSslKey,
  deleteSshKey,
  deleteSslKey,
  importSshKeys,
} from './public-keys.ts'
import { claimPower, queryPower, reportPower, reportPowerQuery } from './power-intents.ts'
import { restoreCluster } from './restore.ts'
import { openSession, withSession } from './sessions.ts'
import { putSetting } from './settings.ts'
import { createReservation, deleteReservation, updateReservation } from './reservations.ts'
import { grantReserves } from './reserve-grants.ts'
import { acceptRestore, beginRestore } from './restore-quarantine.ts'
import type { RegionState } from './state.ts'
import { createStaticRoute, deleteStaticRoute, updateStaticRoute } from './static-routes.ts'
import { STORAGE_HANDLERS } from './storage.ts'
import { createSubnet, deleteSubnet, updateSubnet } from './subnets.ts'
import { deleteNodeDevice } from './found-devices.ts'
import { applyFacts } from './machine-facts.ts'
import { deleteScriptSet, reportResult, suppressResults } from './script-results.ts'
import { beatTenure, replayReserve, returnReserves, sayHello } from './tenures.ts'
import { createToken, revokeToken, spendToken } from './tokens.ts'
import {
  createApiKey,
  createUser,
  deleteApiKey,
  deleteUser,
  patchUser,
  renameApiKey,
  updateUser,
} from './users.ts'
import { transferUser } from './user-transfer.ts'
import { createVlan, deleteVlan, updateVlan } from './vlans.ts'

export type EntryMeta = {
  /** Log index; becomes the state's revision. Greater than the last one. */
  readonly index: number
  /** Log time of the entry: `now` of every comparison inside. Not less than the last one. */
  readonly stamp: number
}

export type ApplyResult = {
  readonly outcome: Outcome
  /** Rows written, in order; a refused command leaves at most its session and idempotency rows. */
  readonly changes: readonly Change[]
  /** Index at which the outcome was made first: an earlier one when an `Idempotency-Key` came again. */
  readonly revision: number
}

const HANDLERS: { readonly [T in CommandType]: Handler<T> } = {
  'cluster.initialise': initialiseCluster,
  'cluster.raiseLevel': raiseLevel,
  'cluster.restore': restoreCluster,
  'session.open': openSession,
  'time.advance': advanceTime,
  'region.register': registerRegion,
  'rack.register': registerRack,
  'rack.beat': beatRacks,
  'rack.lost': loseRack,
  'rack.delete': deleteRack,
  'user.create': createUser,
  'user.update': updateUser,
  'user.delete': deleteUser,
  'apiKey.create': createApiKey,
  'apiKey.rename': renameApiKey,
  'apiKey.delete': deleteApiKey,
  'fabric.create': createFabric,
  'fabric.update': updateFabric,
  'fabric.delete': deleteFabric,
  'vlan.create': createVlan,
  'vlan.update': updateVlan,
  'vlan.delete': deleteVlan,
  'space.create': createSpace,
  'space.update': updateSpace,
  'space.delete': deleteSpace,
  'subnet.create': createSubnet,
  'subnet.update': updateSubnet,
  'subnet.delete': deleteSubnet,
  'ipRange.create': createIpRange,
  'ipRange.update': updateIpRange,
  'ipRange.delete': deleteIpRange,
  'address.reserve': reserveAddress,
  'address.release': releaseAddress,
  'lease.bind': bindLease,
  'lease.release': releaseLease,
  'lease.decline': declineLease,
  'lease.observe': observeAddress,
  'machine.create': createMachine,
  'machine.update': updateMachine,
  'machine.delete': deleteMachine,
  'bootResource.put': putBootResource,
  'bootResource.delete': deleteBootResource,
  'event.record': recordEvent,
  'setting.put': putSetting,
  'tenure.hello': sayHello,
  'tenure.beat': beatTenure,
  'reserve.grant': grantReserves,
  'reserve.return': returnReserves,
  'reserve.replay': replayReserve,
  'reservation.create': createReservation,
  'reservation.delete': deleteReservation,
  'reservation.update': updateReservation,
  'staticRoute.create': createStaticRoute,
  'staticRoute.update': updateStaticRoute,
  'staticRoute.delete': deleteStaticRoute,
  'address.forget': forgetAddress,
  'restore.begin': beginRestore,
  'restore.accept': acceptRestore,
  'member.register': registerMember,
  'member.join': joinMember,
  'member.remove': removeMember,
  'member.report': reportMember,
  'token.create': createToken,
  'token.use': spendToken,
  'token.revoke': revokeToken,
  'domain.create': createDomain,
  'domain.update': updateDomain,
  'domain.delete': deleteDomain,
  'domain.setDefault': setDefaultDomain,
  'domain.setSerial': setDnsSerial,
  'dnsResource.create': createDnsResource,
  'dnsResource.update': updateDnsResource,
  'dnsResource.delete': deleteDnsResource,
  'dnsRecord.create': createDnsRecord,
  'dnsRecord.update': updateDnsRecord,
  'dnsRecord.delete': deleteDnsRecord,
  'object.create': createObject,
  'object.update': updateObject,
  'object.delete': deleteObject,
  'object.revert': revertObject,
  'notification.dismiss': dismissNotification,
  'file.put': putFile,
  'file.delete': deleteFile,
  'tag.assign': assignTag,
  'node.place': placeNodes,
  'controller.update': updateController,
  'device.create': createDevice,
  'device.update': updateDevice,
  'device.delete': deleteDevice,
  'config.put': putConfig,
  'user.patch': patchUser,
  'user.transfer': transferUser,
  'sshKey.create': createSshKey,
  'sshKey.import': importSshKeys,
  'sshKey.delete': deleteSshKey,
  'sslKey.create': createSslKey,
  'sslKey.delete': deleteSslKey,
  'accessToken.create': createAccessToken,
  'accessToken.rename': renameAccessToken,
  'accessToken.delete': deleteAccessToken,
  'login.open': openLogin,
  'login.close': closeLogin,
  'dhcpOption.put': putDhcpOption,
  'dhcpOption.delete': deleteDhcpOption,
  'dhcp.observe': observeDhcp,
  'neighbour.report': reportNeighbours,
  'neighbour.clear': clearNeighbours,
  'neighbour.scan': requestScan,
  'machine.allocate': allocateMachine,
  'machine.deploy': deployMachine,
  'machine.release': releaseMachine,
  'machine.releaseAll': releaseMachines,
  'machine.clone': cloneMachine,
  'machine.commission': commissionMachine,
  'machine.accept': acceptMachines,
  'machine.test': testMachine,
  'machine.abort': abortMachine,
  'machine.markBroken': markBroken,
  'machine.markFixed': markFixed,
  'machine.overrideFailedTesting': overrideFailedTesting,
  'machine.rescue': enterRescue,
  'machine.exitRescue': exitRescue,
  'machine.lock': lockMachine,
  'machine.unlock': unlockMachine,
  'machine.power': switchPower,
  'machine.annotate': annotateMachine,
  'machine.signal': signalMachine,
  'machine.heartbeat': heartbeatMachine,
  'machine.netboot': setNetboot,
  'machine.booted': bootedMachine,
  'machine.foundBmc': foundBmc,
  'machineToken.issue': issueToken,
  'power.claim': claimPower,
  'power.report': reportPower,
  'power.queryReport': reportPowerQuery,
  ...STORAGE_HANDLERS,
  'interface.create': createInterface,
  'interface.update': updateInterface,
  'interface.delete': deleteInterface,
  'interface.tag': tagInterface,
  'interface.disconnect': disconnectInterface,
  'interface.link': linkInterface,
  'interface.unlink': unlinkInterface,
  'interface.setGateway': setGateway,
  'interface.clearGateways': clearGateways,
  'interface.restore': restoreInterfaces,
  'scriptResult.report': reportResult,
  'scriptResult.suppress': suppressResults,
  'scriptSet.delete': deleteScriptSet,
  'machine.facts': applyFacts,
  'nodeDevice.delete': deleteNodeDevice,
  'bootUpload.begin': beginUpload,
  'bootUpload.report': reportUpload,
  'bootUpload.finish': finishUpload,
  'bootUpload.drop': dropUpload,
  'imageImport.start': startImport,
  'imageImport.stop': stopImport,
  'imageImport.claim': claimImport,
  'imageImport.report': reportImport,
  'imageImport.end': endImport,
  'bootResource.sync': syncBootResource,
  'bootResource.prune': pruneBootResources,
  'bootFiles.report': reportBootFiles,
  'power.query': queryPower,
  'chassis.add': addChassis,
  'chassis.claim': claimChassis,
  'chassis.report': reportChassis,
}

/** Which command it takes is known by the key it was found under. */
type AnyHandler = (context: Context, command: never) => Outcome

/** Throws (and the node must stop) for an envelope version or command it does not know. */
export function apply(state: RegionState, envelope: Envelope, entry: EntryMeta): ApplyResult {
  const { version, command, wall, actor } = envelope
  if (version !== 1) throw unknown(`envelope version ${String(version)}`)
  const handler = handlerOf(command)
  if (state.journal.entries.length > 0) throw new Error('rows were written outside of a command')
  state.advance(entry.index, entry.stamp, wall)
  const context: Context = { state, now: entry.stamp, wall, actor }
  let revision = entry.index
  const outcome = withSession(context, envelope, () => {
    const answer = withIdempotency(context, envelope, () => ({
      outcome: execute(context, command, handler),
      revision: entry.index,
    }))
    revision = answer.revision
    return answer.outcome
  })
  return { outcome, changes: takeChanges(state), revision }
}

function execute(context: Context, command: Command, handler: AnyHandler): Outcome {
  const { journal } = context.state
  const before = journal.entries.length
  const subject = context.actor.kind === 'system' ? null : auditBefore(context, command)
  const outcome = handler(context, command as never)
  if (!outcome.ok) journal.undo(before)
  else if (subject !== null) recordAudit(context, subject, outcome.value)
  return outcome
}

function handlerOf(command: Command): AnyHandler {
  const { type } = command
  // Own properties only: a command named like a method of objects is unknown too.
  if (!Object.hasOwn(HANDLERS, type)) throw unknown(`command ${String(type)}`)
  return HANDLERS[type] as AnyHandler
}

function unknown(what: string): AppError {
  return new AppError('UNSUPPORTED_VERSION', `${what} is not known here: the log is newer.`)
}

function takeChanges(state: RegionState): readonly Change[] {
  const entries = state.journal.take()
  return entries.map(({ table, key, row }) => ({ table: table.name, key, row }) as Change)
}

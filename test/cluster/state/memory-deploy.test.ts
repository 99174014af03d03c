// Machines that run their release from memory: what they boot in each status, and that they end as others do.
import t from 'tap'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { SystemId } from '#model/ids.ts'
import { machineBootOf } from '#state/query.ts'
import { currentSetOf } from '#state/script-query.ts'
import { RESULT_TYPE } from '#model/script-result.ts'
import {
  addMachine,
  BOB,
  bring,
  DEPLOY,
  makeRoom,
  newImage,
  statusOf,
  SYSTEM,
} from '#test/support/life-cycle.ts'
import { addTwoCards, makeNetworkLab, nicOf } from '#test/support/network-lab.ts'
import { ADMIN, type Lab } from '#test/support/region-state.ts'

const IMAGE = 'custom/live'

/** Deploying `custom/live` to memory, for bob. */
function deploying(): { readonly lab: Lab; readonly id: SystemId } {
  const lab = makeRoom()
  lab.actor = ADMIN
  lab.ok(newImage(IMAGE))
  const id = addMachine(lab, 1)
  bring(lab, id, S.ALLOCATED)
  deploy(lab, id)
  return { lab, id }
}

function deploy(lab: Lab, systemId: SystemId): void {
  const options = { ...DEPLOY, osSystem: 'custom', distroSeries: 'live', ephemeralDeploy: true }
  lab.actor = BOB
  lab.ok({ type: 'machine.deploy', systemId, comment: '', options })
}

function deployed(): { readonly lab: Lab; readonly id: SystemId } {
  const { lab, id } = deploying()
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.booted', systemId: id })
  return { lab, id }
}

const boots = (lab: Lab, id: SystemId) => {
  const { purpose, memoryImage } = machineBootOf(lab.state, id) ?? {}
  return [purpose, memoryImage]
}

t.test('it boots its image from the network while it is deployed and afterwards', async (t) => {
  const { lab, id } = deploying()
  t.same(boots(lab, id), ['xinstall', IMAGE])
  t.equal(currentSetOf(lab.state, id, RESULT_TYPE.INSTALLATION), undefined, 'nothing is installed')
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.booted', systemId: id })
  t.equal(statusOf(lab, id), S.DEPLOYED)
  t.same(boots(lab, id), ['xinstall', IMAGE])
  t.equal(lab.state.machines.get(id)?.netboot, true)
})

t.test('it cannot be sent to its disk', async (t) => {
  const { lab, id } = deploying()
  lab.actor = SYSTEM
  const off = { type: 'machine.netboot', systemId: id, on: false } as const
  t.match(lab.refused(off), { code: 'CONFLICT', message: /runs from memory/ })
  lab.ok({ ...off, on: true })
  lab.ok({ type: 'machine.booted', systemId: id })
  t.equal(lab.refused(off).code, 'CONFLICT')
  t.equal(lab.state.machines.get(id)?.netboot, true)
})

t.test('rescue and tests boot what they always do, and lead back to its image', async (t) => {
  const { lab, id } = deployed()
  const verb = { systemId: id, comment: '' }
  lab.actor = ADMIN
  lab.ok({ type: 'machine.update', systemId: id, set: { powerType: 'ipmi' } })
  lab.ok({ type: 'machine.rescue', ...verb })
  t.same(boots(lab, id), ['commissioning', undefined])
  lab.ok({ type: 'machine.exitRescue', ...verb })
  t.equal(statusOf(lab, id), S.EXITING_RESCUE_MODE)
  t.same(boots(lab, id), ['xinstall', IMAGE])
})

t.test('given back it is like any other, and no disk is erased for it', async (t) => {
  const { lab, id } = deployed()
  lab.actor = BOB
  lab.ok({ type: 'machine.release', systemId: id, comment: '' })
  t.equal(statusOf(lab, id), S.READY)
  t.same(boots(lab, id), ['poweroff', undefined])
  t.equal(lab.state.deployments.size, 0)
  lab.ok({ type: 'machine.deploy', systemId: id, comment: '', options: DEPLOY })
  t.same(boots(lab, id), ['xinstall', undefined])
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.netboot', systemId: id, on: false })
  t.same(boots(lab, id), ['local', undefined])
})

t.test('erased only when that is asked for', async (t) => {
  const { lab, id } = deployed()
  lab.actor = BOB
  lab.ok({ type: 'machine.release', systemId: id, comment: '', erase: true })
  t.equal(statusOf(lab, id), S.DISK_ERASING)
  t.same(boots(lab, id), ['commissioning', undefined])
})

t.test('broken off, or never booted, it fails as others do', async (t) => {
  const { lab, id } = deploying()
  lab.ok({ type: 'machine.abort', systemId: id, comment: '' })
  t.equal(statusOf(lab, id), S.ALLOCATED)
  t.same(boots(lab, id), ['poweroff', undefined])
  deploy(lab, id)
  lab.actor = SYSTEM
  lab.ok({ type: 'time.advance' }, 30 * 60_000)
  t.equal(statusOf(lab, id), S.FAILED_DEPLOYMENT)
  t.same(boots(lab, id), ['poweroff', undefined])
})

t.test('the image of a machine that runs from memory cannot be deleted under it', async (t) => {
  const { lab, id } = deployed()
  lab.actor = ADMIN
  const image = lab.state.bootResourcesByName.first(`${IMAGE} amd64/generic`)?.id as never
  t.equal(lab.refused({ type: 'bootResource.delete', id: image }).code, 'CONFLICT')
  lab.actor = BOB
  lab.ok({ type: 'machine.release', systemId: id, comment: '' })
  lab.actor = ADMIN
  lab.ok({ type: 'bootResource.delete', id: image })
})

t.test('its automatic links get their addresses, which DHCP gives it at its boot', async (t) => {
  const lab = makeNetworkLab()
  lab.ok(newImage(IMAGE))
  const systemId = addTwoCards(lab, 1)
  bring(lab, systemId, S.ALLOCATED)
  deploy(lab, systemId)
  t.match(nicOf(lab, systemId, 'eth0').links, [{ mode: 'auto', ip: /\d/ }])
})

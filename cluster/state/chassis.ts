// Adding a chassis: the wish, the claim of one rack, and the machines that it found.
import {
  CHASSIS_CLAIM_MS,
  CHASSIS_JOB_MS,
  CHASSIS_JOBS_MAX,
  CHASSIS_MACHINES_MAX,
  CHASSIS_NODE_PARAMETER,
  type ChassisJob,
  type FoundMachine,
} from '#model/chassis.ts'
import { DONE, nextId, notFound, refuse, type Context, type Handler } from './context.ts'
import { addEvent } from './events.ts'
import { createMachine } from './machines.ts'
import { checkHostname } from './node-parts.ts'

export const addChassis: Handler<'chassis.add'> = (context, command) => {
  const { state, now, actor } = context
  const { rackId } = command
  if (state.chassisJobs.size >= CHASSIS_JOBS_MAX) {
    return refuse('CONFLICT', 'Too many chassis are being added.')
  }
  if (rackId !== null && state.controllers.get(rackId)?.kind !== 'rack') {
    return notFound('RackController')
  }
  const { type: _type, ...wish } = command
  const id = nextId<number>(state, 'chassisJobs')
  const { username } = actor
  state.chassisJobs.put(id, {
    id,
    ...wish,
    username,
    deadlineAt: now + CHASSIS_JOB_MS,
    claim: null,
  })
  return { ok: true, value: { id } }
}

export const claimChassis: Handler<'chassis.claim'> = ({ state, now }, { id, rackId }) => {
  const job = state.chassisJobs.get(id)
  if (job === undefined || job.deadlineAt <= now) return refuse('CONFLICT', 'It is no more.')
  if (job.rackId !== null && job.rackId !== rackId) {
    return refuse('CONFLICT', 'It is for another rack.')
  }
  if (job.claim !== null && job.claim.until > now) {
    return refuse('CONFLICT', `Rack ${job.claim.rackId} is at work on it.`)
  }
  const token = state.revision
  const until = now + CHASSIS_CLAIM_MS
  state.chassisJobs.put(id, { ...job, claim: { rackId, token, until } })
  const { chassisType, parameters, prefixFilter } = job
  return { ok: true, value: { id, token, chassisType, parameters, prefixFilter } }
}

export const reportChassis: Handler<'chassis.report'> = (context, command) => {
  const { state } = context
  const { id, rackId, token, result, machines, message } = command
  const job = state.chassisJobs.get(id)
  if (job?.claim?.token !== token || job.claim.rackId !== rackId) {
    return refuse('CONFLICT', 'The claim of this report is no more.')
  }
  state.chassisJobs.delete(id)
  if (result === 'failed') {
    fail(context, job, message)
    return DONE
  }
  // In the name of who asked.
  const own: Context = { ...context, actor: { ...context.actor, username: job.username } }
  const found = machines.slice(0, CHASSIS_MACHINES_MAX)
  const added = found.filter((machine) => addFound(own, job, machine)).length
  addEvent(context, {
    ...{ systemId: null, username: job.username, level: 'INFO', type: 'Chassis added' },
    description: `${nameOf(job)}: ${added} of ${found.length} machines are new`,
  })
  return DONE
}

/** False: one of its MACs is known, or it could not be added; what was written of it by then is taken back. */
function addFound(context: Context, job: ChassisJob, found: FoundMachine): boolean {
  const { journal } = context.state
  const before = journal.entries.length
  const { systemId, macs, node } = found
  const { chassisType: powerType, parameters, begin, domainId } = job
  const wanted = hostnameOf(found.name)
  const isFree = wanted !== '' && checkHostname(context.state, wanted, systemId) === null
  const outcome = createMachine(context, {
    ...{ type: 'machine.create', systemId, hostname: isFree ? wanted : '' },
    ...{ description: found.name, architecture: 'amd64/generic', powerType },
    powerParameters: { ...parameters, [CHASSIS_NODE_PARAMETER[powerType]]: node },
    powerState: 'unknown',
    interfaces: macs.map((mac, at) => ({
      ...{ name: `eth${at}`, mac, ip: null, vendor: null, product: null },
      ...{ linkConnected: true, linkSpeedMbps: 0 },
    })),
    ...{ blockDevices: [], hardware: null, hardwareUuid: null, biosBootMethod: '' },
    ...{ cpuCount: 0, cpuSpeedMhz: 0, memoryMib: 0 },
    ...(begin === null ? {} : { begin }),
    ...(domainId === null ? {} : { domainId }),
  })
  if (!outcome.ok) journal.undo(before)
  return outcome.ok
}

/** `VM 1` → `vm-1`; '' for what no hostname can be made of. */
function hostnameOf(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '')
}

/** Jobs whose time is over without a report. */
export function expireChassis(context: Context, limit: number): void {
  const { state, now } = context
  for (const id of state.chassisJobEnds.ended(now, limit)) {
    const job = state.chassisJobs.get(id)
    if (job === undefined) continue
    state.chassisJobs.delete(id)
    fail(context, job, 'no rack could do it in time.')
  }
}

function fail(context: Context, job: ChassisJob, message: string): void {
  addEvent(context, {
    ...{ systemId: null, username: job.username, level: 'ERROR' },
    type: 'Failed to add chassis',
    description: `${nameOf(job)}: ${message}`,
  })
}

function nameOf({ chassisType, parameters }: ChassisJob): string {
  return `${chassisType} ${parameters['power_address'] ?? ''}`
}

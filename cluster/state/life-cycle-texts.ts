// MAAS's words about the life of a machine: names of statuses and of requests in the event list, and what is answered
// to an action that the status does not allow.
import type { Move } from '#model/life-cycle.ts'
import {
  MACHINE_STATUS as S,
  MACHINE_STATUS_NAMES,
  type Machine,
  type MachineStatus,
} from '#model/machine.ts'
import { refuse } from './context.ts'
import type { Refusal } from './outcome.ts'

export function statusName(status: MachineStatus): string {
  return MACHINE_STATUS_NAMES[status] ?? String(status)
}

/** Type of the event that says who asked. */
export function requestName(move: Move, status: MachineStatus): string {
  if (move === 'abort') return ABORTS[status] ?? 'User aborting operation'
  return REQUESTS[move] ?? move
}

const ABORTS: Partial<Record<MachineStatus, string>> = {
  [S.COMMISSIONING]: 'User aborting node commissioning',
  [S.DEPLOYING]: 'User aborting deployment',
  [S.DISK_ERASING]: 'User aborting disk erase',
  [S.TESTING]: 'User aborting node testing',
}

const REQUESTS: Partial<Record<Move, string>> = {
  commission: 'User starting node commissioning',
  test: 'User starting node testing',
  allocate: 'User acquiring node',
  deploy: 'User starting deployment',
  release: 'User releasing node',
  erase: 'User erasing disk',
  markBroken: 'User marking node broken',
  markFixed: 'User marking node fixed',
  overrideFailedTesting: 'User overriding failed testing',
  rescue: 'User starting rescue mode',
  exitRescue: 'User stopping rescue mode',
}

export function wrongStatus(move: Move, machine: Machine): Refusal {
  const explain = WRONG[move]
  if (explain !== undefined) return explain(machine, statusName(machine.status))
  const { hostname, status } = machine
  return refuse('CONFLICT', `Machine ${hostname} is in the '${statusName(status)}' state.`)
}

/** MAAS checks these two by a form. */
function unavailable(what: string): Refusal {
  const message = `${what} is not available because of the current state of the node.`
  return { ok: false, code: 'VALIDATION', message, fields: { __all__: [message] } }
}

function notReleased(_machine: Machine, name: string): Refusal {
  return refuse('CONFLICT', `Machine cannot be released in its current state ('${name}').`)
}

const WRONG: Partial<Record<Move, (machine: Machine, name: string) => Refusal>> = {
  commission: () => unavailable('Commission'),
  test: () => unavailable('Test'),
  deploy: (_, name) => refuse('CONFLICT', `Can't deploy a machine that is in the '${name}' state`),
  release: notReleased,
  erase: notReleased,
  abort: ({ systemId }, name) =>
    refuse('CONFLICT', `Cannot abort in current state: node ${systemId} is in state ${name}.`),
  markFixed: () => refuse('CONFLICT', `Can't mark a non-broken node as 'Ready'.`),
  overrideFailedTesting: ({ hostname }) =>
    refuse('CONFLICT', `Cannot override testing of ${hostname}: it has not failed.`),
  rescue: (_, name) => refuse('CONFLICT', `Cannot enter rescue mode when in state '${name}'.`),
  exitRescue: (_, name) => refuse('CONFLICT', `Cannot exit rescue mode when in state '${name}'.`),
}

// Until when a status that may not last is waited for. A sign of life moves that on, but not for ever: a machine that
// boots again and again, or a BMC that lies, must end in a status that says so.
import { lifeOf, STATUS_RULES } from '#model/life-cycle.ts'
import type { Machine, MachineStatus } from '#model/machine.ts'
import { configOf } from './config-keys.ts'
import type { RegionState } from './state.ts'

/** Log time, ms; null: it may last. */
export function deadlineOf(state: RegionState, status: MachineStatus, now: number): number | null {
  const { transient } = STATUS_RULES[status]
  return transient === null ? null : now + 60_000 * minutesOf(state, status)
}

/** Of silence, in a status that does not last. */
export function minutesOf(state: RegionState, status: MachineStatus): number {
  const minutes = STATUS_RULES[status].transient?.minutes ?? 0
  return minutes === 'timeout' ? Number(configOf(state, 'node_timeout')) : minutes
}

/** Where the power is waited for (the statuses with minutes of their own) no word of the machine helps. */
export function signOfLife(state: RegionState, machine: Machine, now: number): void {
  const life = lifeOf(machine)
  const { transient } = STATUS_RULES[machine.status]
  if (transient === null || transient.minutes !== 'timeout') return
  const last = life.enteredAt + transient.hoursMax * 3_600_000
  const deadlineAt = Math.min(now + 60_000 * minutesOf(state, machine.status), last)
  if (deadlineAt <= (life.deadlineAt ?? 0)) return
  state.machines.put(machine.systemId, { ...machine, life: { ...life, deadlineAt } })
}

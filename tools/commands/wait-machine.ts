// `--wait`: goes on asking for a machine until its status is one that lasts.
import { AppError } from '#model/errors.ts'
import { STATUS_RULES } from '#model/life-cycle.ts'
import type { MachineStatus } from '#model/machine.ts'
import type { Client } from '../client.ts'
import type { Row } from './list-noun.ts'

/** Between two looks, ms. */
const LOOK_MS = 500

export type Waiting = {
  /** Of one machine, as the API has it. */
  readonly path: string
  /** Statuses that are a success, by name. */
  readonly waitsFor: readonly string[]
  readonly timeoutSeconds: number
  readonly stopped: AbortSignal
}

/** Throws AppError TIMEOUT, and INTERNAL when the machine ended elsewhere. */
export async function waitForMachine(client: Client, waiting: Waiting): Promise<Row> {
  const { path, waitsFor, timeoutSeconds, stopped } = waiting
  const deadline = performance.now() + timeoutSeconds * 1_000
  for (;;) {
    const machine = await client.get<Row>(path)
    const name = String(machine['status_name'])
    if (STATUS_RULES[machine['status'] as MachineStatus]?.transient === null) {
      if (waitsFor.includes(name)) return machine
      const why = machine['status_message']
      const text = `the machine is in '${name}'`
      throw new AppError('INTERNAL', why === '' ? `${text}.` : `${text}: ${String(why)}`)
    }
    if (performance.now() > deadline) {
      throw new AppError('TIMEOUT', `after ${timeoutSeconds} s the machine is still in '${name}'.`)
    }
    if (stopped.aborted) throw new AppError('SHUTTING_DOWN', `stopped; it is in '${name}'.`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

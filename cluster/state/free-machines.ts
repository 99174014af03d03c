// Machines that an allocation may give, the cheapest first: kept in that order, because sorting ten thousand for
// each allocation would hold up everything else that is applied.
import { MACHINE_STATUS, type Machine } from '#model/machine.ts'
import type { SystemId } from '#model/ids.ts'
import { SortedKeys } from './sorted-keys.ts'
import type { Follower, Table } from './table.ts'

const DIGITS = 16

export class FreeMachines implements Follower<Machine, SystemId> {
  readonly #table: Table<Machine, SystemId>
  readonly #keys = new Set<string>()
  readonly #sorted = new SortedKeys<string>()

  constructor(table: Table<Machine, SystemId>) {
    this.#table = table
    table.follow(this)
  }

  /** By MAAS's cost, CPUs and GiB of memory; the smaller system id among equals. */
  *cheapestFirst(): Generator<Machine> {
    for (const key of this.#sorted.all(this.#keys)) {
      const machine = this.#table.get(key.slice(DIGITS) as SystemId)
      if (machine !== undefined) yield machine
    }
  }

  onChange(_key: SystemId, before: Machine | undefined, after: Machine | undefined): void {
    const from = before !== undefined && isFree(before) ? keyOf(before) : null
    const to = after !== undefined && isFree(after) ? keyOf(after) : null
    if (from === to) return
    if (from !== null) {
      this.#keys.delete(from)
      this.#sorted.removed(from)
    }
    if (to !== null) {
      this.#keys.add(to)
      this.#sorted.added(to)
    }
  }
}

export function isFree({ status, ownerId, locked }: Machine): boolean {
  return status === MACHINE_STATUS.READY && ownerId === null && !locked
}

function keyOf({ cpuCount, memoryMib, systemId }: Machine): string {
  // In MiB, so that no fraction decides.
  const cost = Math.min(cpuCount * 1_024 + memoryMib, 10 ** DIGITS - 1)
  return `${String(Math.max(Math.trunc(cost), 0)).padStart(DIGITS, '0')}${systemId}`
}

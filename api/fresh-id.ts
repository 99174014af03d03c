// System ids for new nodes: drawn here, refused by the state when somebody else was faster.
import { makeSystemId, type SystemId } from '#model/ids.ts'
import type { Call } from './call.ts'

/** Draws before giving up; one in 190 million is taken by each node. */
export const ID_DRAWS_MAX = 8

export function freshSystemId(call: Call): SystemId {
  const { machines, controllers, devices } = call.after()
  for (;;) {
    const id = makeSystemId((below) => call.random.integer(below))
    if (!machines.has(id) && !controllers.has(id) && !devices.has(id)) return id
  }
}

// The event list that operators read: bounded, the oldest event goes with each new one.
import { DONE, nextId, type Context, type Handler } from './context.ts'
import type { SystemId } from '#model/ids.ts'
import { EVENTS_MAX } from './limits.ts'
import { signOfLife } from './status-deadline.ts'
import type { Event } from './tables.ts'

export const recordEvent: Handler<'event.record'> = (context, command) => {
  const { state, actor, now } = context
  const { systemId, username, level, eventType, description } = command
  addEvent(context, { systemId, username, level, type: eventType, description })
  // What a rack saw a machine load says that it lives; what users write into the list says nothing.
  const machine = state.machines.get(systemId as SystemId)
  if (actor.kind === 'system' && machine !== undefined) signOfLife(state, machine, now)
  return DONE
}

/** Ids are contiguous, so the one that must go is known without looking. */
export function addEvent(
  { state, wall }: Context,
  event: Omit<Event, 'id' | 'createdWall' | 'hostname'>,
): void {
  const id = nextId<number>(state, 'events')
  const hostname = hostnameOf(state, event.systemId)
  const { description, level, systemId, type, username } = event
  // In the order of `canonical`, which has nothing to sort then.
  state.events.put(id, {
    ...{ createdWall: wall, description, hostname, id, level, systemId, type, username },
  })
  state.events.delete(id - EVENTS_MAX)
}

export function hostnameOf(state: Context['state'], systemId: string | null): string {
  if (systemId === null) return ''
  const id = systemId as SystemId
  return state.machines.get(id)?.hostname ?? state.controllers.get(id)?.hostname ?? ''
}

// spaces/: VLANs whose subnets may talk to one another.
import type { SpaceId } from '#model/ids.ts'
import type { Space } from '#model/network.ts'
import type { RegionState } from '#state/state.ts'
import { json, NO_CONTENT, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { text, type Values } from '../params.ts'
import { NO_SPACE, renderNoSpace, renderSpace } from '../render/network.ts'
import { create, read, remove, taking, update, type Resource } from '../resource.ts'
import { findSpace } from '../specifiers.ts'
import { present } from './fabrics.ts'

function spaceOf(state: RegionState, call: Call): Space {
  const space = findSpace(state, call.param('id'))
  if (space === null) throw notFound('Space')
  return space
}

/** `undefined` or -1: MAAS's stand-in for what is in no space. */
function isNoSpace(call: Call): boolean {
  return ['-1', NO_SPACE].includes(call.param('id'))
}

function expectSpace(call: Call): void {
  if (!isNoSpace(call)) return
  throw new Rejection('BAD_REQUEST', 'The space that stands for none cannot be changed.')
}

function renderSpaceOf(state: RegionState, id: SpaceId) {
  const space = state.spaces.get(id)
  return space === undefined ? { id } : renderSpace(state, space)
}

const SPACE = {
  name: text('Name, unique; space-ID when empty.'),
  description: text('What it is for.', { max: 4_096 }),
}

async function createSpace(call: Call, { name = '', description = '' }: Values<typeof SPACE>) {
  const { id } = await call.propose({ type: 'space.create', name, description })
  return json(renderSpaceOf(call.after(), id))
}

async function updateSpace(call: Call, { name, description }: Values<typeof SPACE>) {
  expectSpace(call)
  const { id } = spaceOf(await call.state(), call)
  await call.propose({ type: 'space.update', id, set: present({ name, description }) })
  return json(renderSpaceOf(call.after(), id))
}

export const SPACES: readonly Resource[] = [
  {
    name: 'SpacesHandler',
    path: 'spaces/',
    doc: 'Manage spaces.',
    actions: [
      read('user', 'List spaces.', async (call) => {
        const state = await call.state()
        const spaces = [...state.spaces.values()].map((space) => renderSpace(state, space))
        return json([...spaces, renderNoSpace(state)])
      }),
      taking(SPACE, (run) => create('admin', 'Create a space.', run), createSpace),
    ],
  },
  {
    name: 'SpaceHandler',
    path: 'spaces/{id}/',
    doc: 'Manage one space.',
    actions: [
      read('user', 'Show a space.', async (call) => {
        const state = await call.state()
        if (isNoSpace(call)) return json(renderNoSpace(state))
        return json(renderSpace(state, spaceOf(state, call)))
      }),
      taking(SPACE, (run) => update('admin', 'Change a space.', run), updateSpace),
      remove('admin', 'Delete a space.', async (call) => {
        expectSpace(call)
        const { id } = spaceOf(await call.state(), call)
        await call.propose({ type: 'space.delete', id })
        return NO_CONTENT
      }),
    ],
  },
]

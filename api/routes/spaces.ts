// spaces/: VLANs whose subnets may talk to one another.
import type { SpaceId } from '#model/ids.ts'
import type { Space } from '#model/network.ts'
import type { RegionState } from '#state/state.ts'
import { json, NO_CONTENT, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { Form } from '../input.ts'
import { NO_SPACE, renderNoSpace, renderSpace } from '../render/network.ts'
import { create, read, remove, update, type Resource } from '../resource.ts'
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
  throw new Rejection('BAD_REQUEST', `The space ${NO_SPACE} stands for none: it cannot be changed.`)
}

function renderSpaceOf(state: RegionState, id: SpaceId) {
  const space = state.spaces.get(id)
  return space === undefined ? { id } : renderSpace(state, space)
}

async function createSpace(call: Call) {
  const form = new Form(call.input)
  const name = form.text('name') ?? ''
  const description = form.text('description', { max: 4_096 }) ?? ''
  form.check()
  const { id } = await call.propose({ type: 'space.create', name, description })
  return json(renderSpaceOf(call.after(), id))
}

async function updateSpace(call: Call) {
  expectSpace(call)
  const { id } = spaceOf(await call.state(), call)
  const form = new Form(call.input)
  const name = form.text('name')
  const description = form.text('description', { max: 4_096 })
  form.check()
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
      create('admin', 'Create a space.', createSpace),
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
      update('admin', 'Change a space.', updateSpace),
      remove('admin', 'Delete a space.', async (call) => {
        expectSpace(call)
        const { id } = spaceOf(await call.state(), call)
        await call.propose({ type: 'space.delete', id })
        return NO_CONTENT
      }),
    ],
  },
]

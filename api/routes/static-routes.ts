// static-routes/: how one subnet reaches another (maas-api §9, MAAS 2.1+).
import type { StaticRouteId, SubnetId } from '#model/ids.ts'
import type { StaticRoute } from '#model/network.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { Form } from '../input.ts'
import { integer, text } from '../params.ts'
import { renderStaticRoute } from '../render/network.ts'
import { create, read, remove, taking, update, type Resource } from '../resource.ts'
import { findSubnet, parseId } from '../specifiers.ts'
import { present } from './fabrics.ts'

function routeOf(state: RegionState, call: Call): StaticRoute {
  const id = parseId(call.param('id'))
  const route = id === null ? undefined : state.staticRoutes.get(id as StaticRouteId)
  if (route === undefined) throw notFound('StaticRoute')
  return route
}

function renderRouteOf(state: RegionState, id: StaticRouteId) {
  const route = state.staticRoutes.get(id)
  return route === undefined ? { id } : renderStaticRoute(state, route)
}

function routeSet(form: Form, state: RegionState): Partial<Omit<StaticRoute, 'id'>> {
  return present({
    source: subnetField(form, state, 'source'),
    destination: subnetField(form, state, 'destination'),
    gatewayIp: form.ip('gateway_ip') ?? undefined,
    metric: form.integer('metric', { min: 0, max: 2 ** 31 - 1 }),
  })
}

const REQUIRED = { required: true }
const ADDRESS = { required: true, max: 64 }
const ROUTE = {
  source: text('Subnet whose machines use it: id, CIDR, name or another specifier.', REQUIRED),
  destination: text('Subnet it leads to.', REQUIRED),
  gateway_ip: text('Next hop, an address inside the source.', ADDRESS),
  metric: integer('Smaller ones are preferred; 0 by default.', { min: 0, max: 2 ** 31 - 1 }),
}

function subnetField(form: Form, state: RegionState, name: string): SubnetId | undefined {
  const text = form.text(name) ?? ''
  if (text === '') return undefined
  return findSubnet(state, text)?.id ?? form.report(name, `There is no subnet ${text}.`)
}

async function createRoute(call: Call) {
  const form = new Form(call.input)
  for (const name of ['source', 'destination', 'gateway_ip']) form.require(name)
  const { source, destination, gatewayIp, metric = 0 } = routeSet(form, await call.state())
  form.check()
  // `require` or the field reported it otherwise.
  if (source === undefined || destination === undefined || gatewayIp === undefined) {
    throw notFound('Subnet')
  }
  const fields = { source, destination, gatewayIp, metric }
  const { id } = await call.propose({ type: 'staticRoute.create', ...fields })
  return json(renderRouteOf(call.after(), id))
}

async function updateRoute(call: Call) {
  const state = await call.state()
  const { id } = routeOf(state, call)
  const form = new Form(call.input)
  const set = routeSet(form, state)
  form.check()
  await call.propose({ type: 'staticRoute.update', id, set })
  return json(renderRouteOf(call.after(), id))
}

export const STATIC_ROUTES: readonly Resource[] = [
  {
    name: 'StaticRoutesHandler',
    path: 'static-routes/',
    doc: 'Manage static routes between subnets.',
    actions: [
      read('user', 'List static routes.', async (call) => {
        const state = await call.state()
        return jsonList([...state.staticRoutes.values()], (row) => renderStaticRoute(state, row))
      }),
      taking(ROUTE, (run) => create('admin', 'Create a static route.', run), createRoute),
    ],
  },
  {
    name: 'StaticRouteHandler',
    path: 'static-routes/{id}/',
    doc: 'Manage one static route.',
    actions: [
      read('user', 'Show a static route.', async (call) => {
        const state = await call.state()
        return json(renderStaticRoute(state, routeOf(state, call)))
      }),
      taking(ROUTE, (run) => update('admin', 'Change a static route.', run), updateRoute),
      remove('admin', 'Delete a static route.', async (call) => {
        const { id } = routeOf(await call.state(), call)
        await call.propose({ type: 'staticRoute.delete', id })
        return NO_CONTENT
      }),
    ],
  },
]

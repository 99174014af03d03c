// Static routes: how machines of one subnet reach another one through a gateway that is a host of the first. The
// gateway's address is kept: nobody else gets it, no dynamic range holds it.
import type { StaticRouteId } from '#model/ids.ts'
import { formatIp, formatIpCidr, isIn, isIpv4Cidr } from '#model/ip.ts'
import type { StaticRoute } from '#model/network.ts'
import { created, DONE, invalid, nextId, notFound, type Handler } from './context.ts'
import type { Refusal } from './outcome.ts'
import { hostRange } from './query.ts'
import type { RegionState } from './state.ts'

/** Positive whole numbers of 32 bits, as MAAS has them. */
const METRIC_MAX = 2 ** 31 - 1

export const createStaticRoute: Handler<'staticRoute.create'> = ({ state }, command) => {
  const { source, destination, gatewayIp, metric } = command
  const id = nextId<StaticRouteId>(state, 'staticRoutes')
  const route: StaticRoute = { id, source, destination, gatewayIp, metric }
  state.staticRoutes.put(id, route)
  return checkRoute(state, route) ?? created(id)
}

export const updateStaticRoute: Handler<'staticRoute.update'> = ({ state }, { id, set }) => {
  const route = state.staticRoutes.get(id)
  if (route === undefined) return notFound('StaticRoute')
  const next: StaticRoute = { ...route, ...set, id }
  state.staticRoutes.put(id, next)
  return checkRoute(state, next) ?? DONE
}

export const deleteStaticRoute: Handler<'staticRoute.delete'> = ({ state }, { id }) => {
  if (!state.staticRoutes.has(id)) return notFound('StaticRoute')
  state.staticRoutes.delete(id)
  return DONE
}

/** For the sentence of somebody in whose way the route is. */
export function nameOfRoute(state: RegionState, { id, source, destination }: StaticRoute): string {
  const [from, to] = [source, destination].map((subnetId) => {
    const subnet = state.subnets.get(subnetId)
    return subnet === undefined ? String(subnetId) : formatIpCidr(subnet.cidr)
  })
  return `static route ${id} from ${from} to ${to}`
}

/** Asked after the row was written; a refusal takes it back. */
function checkRoute(state: RegionState, route: StaticRoute): Refusal | null {
  const { id, source, destination, gatewayIp, metric } = route
  const from = state.subnets.get(source)
  if (from === undefined) return invalid('source', `There is no subnet ${source}.`)
  const to = state.subnets.get(destination)
  if (to === undefined) return invalid('destination', `There is no subnet ${destination}.`)
  if (isIpv4Cidr(from.cidr) !== isIpv4Cidr(to.cidr)) {
    return invalid('destination', 'source and destination must be of the same IP version.')
  }
  if (source === destination) {
    return invalid('__all__', 'source and destination cannot be the same subnet.')
  }
  if (!(Number.isInteger(metric) && metric >= 0 && metric <= METRIC_MAX)) {
    return invalid('metric', `The metric must be between 0 and ${METRIC_MAX}.`)
  }
  const same = state.staticRoutesBySource
    .rows(source)
    .find((row) => row.id !== id && row.destination === destination && row.gatewayIp === gatewayIp)
  if (same !== undefined) {
    return invalid('__all__', `This is ${nameOfRoute(state, same)} with the same gateway.`)
  }
  return checkGateway(state, route)
}

function checkGateway(state: RegionState, { source, gatewayIp }: StaticRoute): Refusal | null {
  const subnet = state.subnets.get(source)
  if (subnet === undefined) return notFound('Subnet')
  const text = formatIp(gatewayIp)
  if (!isIn(hostRange(subnet), gatewayIp)) {
    const cidr = formatIpCidr(subnet.cidr)
    return invalid('gateway_ip', `The gateway ${text} must be a host address of ${cidr}.`)
  }
  const range = state.pools.at(gatewayIp)?.range
  if (range?.type === 'dynamic') {
    const name = `${formatIp(range.start)}-${formatIp(range.end)}`
    return invalid(
      'gateway_ip',
      `The gateway ${text} would be inside of the dynamic range ${name}.`,
    )
  }
  return null
}

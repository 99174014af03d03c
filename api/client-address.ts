// Where a client speaks from. Machines speak through a rack, and so may people, which says so in `X-Forwarded-For` and
// hands on no client's own word (`rack/http/proxy.ts`); from anybody but racks and this host that header counts for nothing.
import type { Context } from 'koa'
import { formatIp, isIpv4, parseIp, type Ip } from '#model/ip.ts'
import type { RegionState } from '#state/state.ts'

/** Undefined: it cannot be told. */
export function clientAddressOf(state: RegionState, ctx: Context): Ip | undefined {
  const connection = connectionAddress(ctx)
  const hops = ctx.get('x-forwarded-for')
  if (hops === '' || !isRelay(state, connection)) return connection
  // The last hop is the word of the one that is connected; what stands before is hearsay.
  return parseIp(hops.slice(hops.lastIndexOf(',') + 1).trim())
}

/** For records and limits; as the connection has it, or as a rack or this host says. */
export function clientAddressText(state: RegionState, ctx: Context): string {
  const connection = ctx.req.socket.remoteAddress ?? ''
  if (ctx.get('x-forwarded-for') === '') return connection
  const client = clientAddressOf(state, ctx)
  return client === undefined ? connection : formatIp(client)
}

/** Racks say which host was asked for. */
export function forwardedHostOf(state: RegionState, ctx: Context): string {
  return isRelay(state, connectionAddress(ctx)) ? ctx.get('x-forwarded-host') : ''
}

function connectionAddress(ctx: Context): Ip | undefined {
  return parseIp((ctx.req.socket.remoteAddress ?? '').replace(/^::ffff:/, ''))
}

function isRelay(state: RegionState, ip: Ip | undefined): boolean {
  if (ip === undefined) return false
  return state.controllerAddresses.has(ip) || isLoopback(ip)
}

function isLoopback(ip: Ip): boolean {
  return isIpv4(ip) ? ip >>> 24 === 127 : formatIp(ip) === '::1'
}

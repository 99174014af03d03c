// Where a machine speaks from. Most speak through a rack, which says so in `X-Forwarded-For` and hands on no client's own
// word (`rack/http/proxy.ts`); from anybody but racks and this host that header counts for nothing.
import type { Context } from 'koa'
import { formatIp, isIpv4, parseIp, type Ip } from '#model/ip.ts'
import type { RegionState } from '#state/state.ts'
import { Rejection } from '../errors.ts'

const ORIGIN = /^https?:\/\/(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

/** Undefined: it cannot be told. */
export function clientAddressOf(state: RegionState, ctx: Context): Ip | undefined {
  const connection = connectionAddress(ctx)
  const hops = ctx.get('x-forwarded-for')
  if (hops === '' || !isRelay(state, connection)) return connection
  // The last hop is the word of the one that is connected; what stands before is hearsay.
  return parseIp(hops.slice(hops.lastIndexOf(',') + 1).trim())
}

/** The metadata service as the machine reached it, `http://192.0.2.2:5248/MAAS/metadata/`. Throws BAD_REQUEST. */
export function metadataUrlOf(state: RegionState, ctx: Context): string {
  const forwarded = forwardedHost(state, ctx)
  return metadataUrlAt(`${ctx.protocol}://${forwarded === '' ? ctx.host : forwarded}`)
}

/** `origin`: scheme and host as a client wrote them. Throws BAD_REQUEST. */
export function metadataUrlAt(origin: string): string {
  // It goes into scripts: nothing but the name of a host.
  if (ORIGIN.test(origin)) return `${origin}/MAAS/metadata/`
  throw new Rejection('BAD_REQUEST', 'The Host header is malformed.')
}

/** Racks say which host was asked for. */
export function isThroughRack(state: RegionState, ctx: Context): boolean {
  return forwardedHost(state, ctx) !== ''
}

function forwardedHost(state: RegionState, ctx: Context): string {
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

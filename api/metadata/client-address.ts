// Where a machine speaks from. Most speak through a rack, which says so in `X-Forwarded-For` and hands on no client's own
// word (`rack/http/proxy.ts`); from anybody but racks and this host that header counts for nothing.
import assert from 'node:assert/strict'
import type { Context } from 'koa'
import { bootOriginsOf, type BootOrigin } from '#model/boot-origins.ts'
import { formatIp, isIpv4, parseIp, type Ip } from '#model/ip.ts'
import { rackPlacesBeside, regionApisOf } from '#state/rack-places.ts'
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

/** Where the machine reached this service, and where else it will when that dies. Throws BAD_REQUEST. */
export function originsOf(state: RegionState, ctx: Context): readonly BootOrigin[] {
  const forwarded = forwardedHost(state, ctx)
  const isRack = forwarded !== ''
  const [reached] = originsAt(`${ctx.protocol}://${isRack ? forwarded : ctx.host}`)
  const host = forwarded.replace(/:\d+$/, '')
  const places = isRack ? rackPlacesBeside(state, parseIp(host)) : []
  return bootOriginsOf({ url: reached.url, isRack, places, regionApis: regionApisOf(state) })
}

/** Of a region, as a client wrote its scheme and host, and nothing else. Throws BAD_REQUEST. */
export function originsAt(url: string): readonly [BootOrigin] {
  // It goes into scripts: nothing but the name of a host.
  if (ORIGIN.test(url)) return [{ url, isRack: false }]
  throw new Rejection('BAD_REQUEST', 'The Host header is malformed.')
}

/** `http://192.0.2.2:5248/MAAS`, below which an origin has both services. */
export function baseOf({ url }: BootOrigin): string {
  return `${url}/MAAS`
}

/** Of the first. */
export function metadataUrlOf([first]: readonly BootOrigin[]): string {
  assert(first !== undefined, 'a request came from somewhere')
  return `${baseOf(first)}/metadata/`
}

/** Racks say which host was asked for. */
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

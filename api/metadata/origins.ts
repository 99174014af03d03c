// Where a machine reached the metadata service, and where else it will when that dies.
import assert from 'node:assert/strict'
import type { Context } from 'koa'
import { bootOriginsOf, type BootOrigin } from '#model/boot-origins.ts'
import { parseIp } from '#model/ip.ts'
import { rackPlacesBeside, regionApisOf } from '#state/rack-places.ts'
import type { RegionState } from '#state/state.ts'
import { forwardedHostOf } from '../client-address.ts'
import { Rejection } from '../errors.ts'

const ORIGIN = /^https?:\/\/(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

/** Throws BAD_REQUEST. */
export function originsOf(state: RegionState, ctx: Context): readonly BootOrigin[] {
  const forwarded = forwardedHostOf(state, ctx)
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

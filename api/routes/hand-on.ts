// A request that only one region can do is handed on to it as it came, with the client's own signature: that region
// checks it by itself, so no region has to be believed by another one.
import type { SystemId } from '#model/ids.ts'
import { text, type Answer, type Call } from '../call.ts'
import { Rejection } from '../errors.ts'

/** Says that it was handed on once: it is not handed on again. */
const MARK = 'x-ironraft-handed-on'
const HANDED_ON_MS = 60_000
/** What the client is known by, and what the body is. */
const HEADERS = ['authorization', 'cookie', 'x-csrftoken', 'content-type', 'content-range']
const AGAIN_SECONDS = 5

/** Throws CONFLICT in a circle, and 503 with Retry-After when the region cannot be reached. */
export async function handOn(call: Call, regionId: SystemId): Promise<Answer> {
  const url = call.after().members.get(regionId)?.apiUrl ?? apiUrlOf(call, regionId)
  if (call.header(MARK) !== '' || url === '') {
    throw new Rejection('CONFLICT', `The upload is at region ${regionId}.`)
  }
  const headers: Record<string, string> = { [MARK]: '1' }
  for (const name of HEADERS) {
    const value = call.header(name)
    if (value !== '') headers[name] = value
  }
  // HMAC signatures are over the address that the client knows.
  headers['x-forwarded-host'] = call.header('x-forwarded-host') || call.header('host')
  headers['x-forwarded-proto'] = call.header('x-forwarded-proto') || 'http'
  const response = await fetch(`${url.replace(/\/+$/, '')}${call.url}`, {
    ...{ method: 'PUT', headers, body: new Uint8Array(call.bytes), redirect: 'error' },
    signal: AbortSignal.timeout(HANDED_ON_MS),
  }).catch((cause: unknown) => {
    const message = `Region ${regionId}, which has the upload, is not reached; begin it anew.`
    const more = { status: 503, retryAfterSeconds: AGAIN_SECONDS, cause }
    throw new Rejection('CONFLICT', message, more)
  })
  return text(await response.text(), response.status)
}

/** As it registered, where it is no member by row yet. */
function apiUrlOf(call: Call, regionId: SystemId): string {
  const { members } = call.region.status()
  return members.find(({ id }) => id === regionId)?.apiUrl ?? ''
}

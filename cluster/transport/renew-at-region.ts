// A region node without the CA's key gets its next certificate from one that has it.
import { withTls } from '#platform/tls-client.ts'
import { renewOver } from '#protocol/region-door.ts'
import type { HostPort } from '#protocol/token.ts'
import type { Credentials } from './links.ts'
import { makeRequest } from './pki.ts'
import { clientTls } from './tls.ts'

const TIMEOUT_MS = 3_000

/** A new key and its certificate. Rejects as `renewOver` and `withTls` do. */
export async function renewAtRegion(
  region: HostPort,
  credentials: Credentials,
): Promise<Credentials> {
  const request = await makeRequest()
  const tls = { host: region.host, port: region.port, ...clientTls(credentials) }
  return withTls(tls, TIMEOUT_MS, async (socket) => {
    const renewed = await renewOver(socket, { kind: 'region', credentials, ...request })
    socket.destroy()
    return renewed
  })
}

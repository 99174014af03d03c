// The rack's next certificate, from any region: shown with its present one, for a new key that never leaves the
// rack.
import { withTls } from '#platform/tls-client.ts'
import type { Credentials } from '#protocol/enroll.ts'
import { renewOver } from '#protocol/region-door.ts'
import type { HostPort } from '#protocol/token.ts'
import { makeCertificateRequest } from './certificate-request.ts'

const TIMEOUT_MS = 3_000

/** Rejects as `renewOver` and `withTls` do. */
export async function renewAt(region: HostPort, credentials: Credentials): Promise<Credentials> {
  const request = await makeCertificateRequest(credentials.nodeId)
  const { host, port } = region
  const { certificatePem: cert, keyPem: key, caPem: ca } = credentials
  return withTls({ host, port, cert, key, ca }, TIMEOUT_MS, async (socket) => {
    const renewed = await renewOver(socket, { kind: 'rack', credentials, ...request })
    socket.destroy()
    return renewed
  })
}

// The joining node's side: shows a region its token's secret and gets a certificate for its own key, the
// CA, and who the others are. The region is checked first, by the CA's fingerprint in the token: the
// secret is shown to nobody else.
import { AppError } from '#model/errors.ts'
import { withTls } from '#platform/tls-client.ts'
import type { JoinReply, JoinRequest } from '#protocol/join.ts'
import { askOnce, checkIssued, verifyRegion } from '#protocol/region-door.ts'
import type { HostPort } from '#protocol/token.ts'

export type AskToJoinOptions = {
  readonly region: HostPort
  /** Hex SHA-256 of the cluster's CA, from the token. */
  readonly caFingerprint: string
  readonly request: JoinRequest
  /** The key that the request was made with. */
  readonly keyPem: string
  /** Unix ms, for the validity of the region's certificate. */
  readonly wallMs: number
  readonly timeoutMs: number
}

export type Welcomed = Extract<JoinReply, { ok: true }>

/**
 * Rejects with CERTIFICATE_INVALID (not the cluster of the token; the secret was not sent), FORBIDDEN (the
 * token is not good, or the node may not join), OVERLOADED, NO_QUORUM (ask again), TIMEOUT or PROTOCOL, or
 * with the socket's own error.
 */
export async function askToJoin(options: AskToJoinOptions): Promise<Welcomed> {
  const { region, request, keyPem, timeoutMs } = options
  return withTls({ ...region }, timeoutMs, async (socket) => {
    const ca = verifyRegion(socket, options)
    const { reply } = await askOnce(socket, { type: 'join', request }, 'joined')
    if (!reply.ok) throw new AppError(reply.retry ? 'NO_QUORUM' : 'FORBIDDEN', reply.message)
    checkIssued(reply, { ca, keyPem, kind: 'region', id: request.nodeId })
    socket.destroy()
    return reply
  })
}

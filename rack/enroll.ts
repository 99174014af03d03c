// How a rack joins: it shows its token's secret to a region and gets a certificate for its own key. The
// region is checked first, by the CA's fingerprint in the token: the secret is shown to nobody else.
import { AppError } from '#model/errors.ts'
import { systemClock } from '#platform/system.ts'
import { withTls } from '#platform/tls-client.ts'
import type { Credentials, EnrollRequest } from '#protocol/enroll.ts'
import { askOnce, checkIssued, verifyRegion } from '#protocol/region-door.ts'
import { makeCertificateRequest } from './certificate-request.ts'

export type EnrollOptions = {
  readonly host: string
  readonly port: number
  readonly secret: string
  /**
   * Hex SHA-256 of the cluster's CA, from the token. Null trusts whoever answers: only for a network
   * that the operator vouches for (`--region` with `--secret`).
   */
  readonly caFingerprint: string | null
  readonly rackId: string
  readonly hostname: string
  /** Of an earlier enrolment, perhaps expired: proves that the id is this rack's. */
  readonly present?: Credentials | null
  readonly timeoutMs: number
}

/**
 * Rejects with CERTIFICATE_INVALID (not the cluster of the token; the secret was not sent), UNAUTHENTICATED
 * (the region refused it), TIMEOUT, OVERLOADED or PROTOCOL, or with the socket's own error.
 */
export async function enroll(options: EnrollOptions): Promise<Credentials> {
  const { host, port, secret, caFingerprint, rackId, hostname } = options
  const { requestPem, keyPem } = await makeCertificateRequest(rackId)
  const request: EnrollRequest = { secret, certificateRequestPem: requestPem, rackId, hostname }
  const { certificatePem: cert, keyPem: key } = options.present ?? {}
  const shown = cert === undefined ? {} : { cert, key }
  return withTls({ host, port, ...shown }, options.timeoutMs, async (socket) => {
    const ca = verifyRegion(socket, { caFingerprint, wallMs: systemClock.wallMs() })
    const { reply } = await askOnce(socket, { type: 'enroll', request }, 'enrolled')
    if (!reply.ok) throw new AppError('UNAUTHENTICATED', reply.message)
    checkIssued(reply, { ca, keyPem, kind: 'rack', id: rackId })
    socket.destroy()
    const { certificatePem, caPem, clusterId } = reply
    return { clusterId, nodeId: rackId, incarnation: 0, caPem, certificatePem, keyPem }
  })
}

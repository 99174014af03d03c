// A rack without a certificate asks to join with the secret of a token. The secret's digest is in the
// replicated state, the CA's key on the regions' disks; the rack's own key never leaves the rack.
import { createHash } from 'node:crypto'
import { lifetimeMs } from '#model/certificate-lifetime.ts'
import { parseSystemId } from '#model/ids.ts'
import type { Clock, Logger } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import { validityOf } from '#protocol/certificate-renewal.ts'
import { tokenFault } from '#state/tokens.ts'
import type { EnrollReply, EnrollRequest } from '#transport/links.ts'
import { signRequest } from '#transport/pki.ts'
import type { NodeCredentialsData } from './own-certificate.ts'
import { SYSTEM_ACTOR } from './region-node.ts'
import type { Region } from './region.ts'

export type EnrollerOptions = {
  readonly region: Region
  /** The newest. */
  readonly credentials: () => NodeCredentialsData
  readonly clock: Clock
  readonly logger: Logger
}

export function secretDigest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

export function makeEnroller(options: EnrollerOptions) {
  const { logger } = options
  return async (request: EnrollRequest, provenId: string | null = null): Promise<EnrollReply> => {
    const reply = await enroll(options, request, provenId)
    const event = reply.ok ? 'rack.enrolled' : 'rack.enrolment_refused'
    logger.info(event, { rack_id: request.rackId, why: reply.ok ? '' : reply.message })
    return reply
  }
}

/** `provenId`: the rack whose earlier certificate was shown; it may have its id again. */
async function enroll(
  options: EnrollerOptions,
  request: EnrollRequest,
  provenId: string | null,
): Promise<EnrollReply> {
  const { region, clock } = options
  const credentials = options.credentials()
  const refuse = (message: string): EnrollReply => ({ ok: false, message })
  const id = parseSystemId(request.rackId)
  if (id === undefined) return refuse('A rack id is six letters and digits.')
  if (credentials.caKeyPem === null) return refuse('This region cannot sign; ask another one.')
  try {
    // Linearizable: a token revoked a moment ago is not accepted by a region that is behind.
    const { state } = await region.read('linearizable')
    // Compared as digests of high-entropy secrets: timing tells nothing.
    const digest = secretDigest(request.secret)
    const fault = tokenFault({ state, now: state.stamp }, digest, { kind: 'rack', usedBy: id })
    if (fault !== null) return refuse(fault)
    const isTaken = state.controllers.has(id) || state.machines.has(id)
    if (isTaken && !(provenId === id && state.controllers.get(id)?.kind === 'rack')) {
      return refuse('The rack id is taken; start the rack with an empty directory.')
    }
    if (state.joinTokens.get(digest)?.once !== undefined) {
      // In the log before the certificate leaves: two racks with one token meet there.
      const spend = { type: 'token.use' as const, digest, usedBy: id }
      const { outcome } = await region.propose(spend, { actor: SYSTEM_ACTOR })
      if (!outcome.ok) return refuse(outcome.message)
    }
    const ca = { certificatePem: credentials.caPem, keyPem: credentials.caKeyPem }
    const requestPem = request.certificateRequestPem
    const { clusterId, caPem } = credentials
    const lifetime = lifetimeMs(validityOf(credentials.certificatePem))
    const member = { kind: 'rack' as const, id, clusterId, hosts: [], requestPem }
    const certificatePem = await signRequest(
      ca,
      { ...member, lifetimeMs: lifetime },
      clock.wallMs(),
    )
    return { ok: true, certificatePem, caPem, clusterId }
  } catch (error) {
    return refuse(`The region could not answer: ${describeError(error)}`)
  }
}

// A region node without a certificate asks to join with the secret of a token. Its wish goes through the
// log, which also consumes the token; then it gets what every region has: certificate, CA and the CA's key.
import { lifetimeMs } from '#model/certificate-lifetime.ts'
import { parseSystemId } from '#model/ids.ts'
import type { Clock, Logger } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import { validityOf } from '#protocol/certificate-renewal.ts'
import { parseHostPort } from '#protocol/token.ts'
import { presentMembers } from '#state/members.ts'
import type { JoinReply, JoinRequest } from '#transport/links.ts'
import { requestFingerprint, signRequest } from '#transport/pki.ts'
import { secretDigest } from './enroll.ts'
import type { NodeCredentialsData } from './own-certificate.ts'
import { SYSTEM_ACTOR } from './region-node.ts'
import type { Region } from './region.ts'

export type JoinRequestsOptions = {
  readonly region: Region
  readonly credentials: () => NodeCredentialsData
  readonly clock: Clock
  readonly logger: Logger
}

export function makeJoiner(options: JoinRequestsOptions) {
  return async (request: JoinRequest): Promise<JoinReply> => {
    try {
      return await answer(options, request)
    } catch (error) {
      const why = describeError(error)
      options.logger.warn('region.join_failed', { peer: request.nodeId, error: why })
      return { ok: false, retry: true, message: `The region could not answer: ${why}` }
    }
  }
}

async function answer(options: JoinRequestsOptions, request: JoinRequest): Promise<JoinReply> {
  const { region, clock } = options
  const refuse = (message: string): JoinReply => ({ ok: false, retry: false, message })
  const { caPem, caKeyPem, clusterId, certificatePem: own } = options.credentials()
  const id = parseSystemId(request.nodeId)
  const { host, port, apiUrl, certificateRequestPem: requestPem } = request
  if (id === undefined) return refuse('A node id is six letters and digits.')
  const shown = host.includes(':') ? `[${host}]` : host
  if (parseHostPort(`${shown}:${port}`) === undefined) return refuse('The address is not one.')
  if (!URL.canParse(apiUrl)) return refuse('The API URL is not one.')
  if (caKeyPem === null) {
    return { ok: false, retry: true, message: 'This region cannot sign; ask another one.' }
  }
  const keyFingerprint = await requestFingerprint(requestPem).catch(() => null)
  if (keyFingerprint === null) return refuse('The certificate request is malformed.')
  const tokenDigest = secretDigest(request.secret)
  const address = { id, host, port, apiUrl }
  const command = { type: 'member.join' as const, ...address, tokenDigest, keyFingerprint }
  const { outcome } = await region.propose(command, { actor: SYSTEM_ACTOR })
  if (!outcome.ok) return refuse(outcome.message)
  const ca = { certificatePem: caPem, keyPem: caKeyPem }
  const lifetime = lifetimeMs(validityOf(own))
  const member = { kind: 'region' as const, id, clusterId, hosts: [host], lifetimeMs: lifetime }
  const certificatePem = await signRequest(ca, { ...member, requestPem }, clock.wallMs())
  const members = presentMembers(region.local().state).map((row) => ({
    ...{ id: row.id, host: row.host, port: row.port, apiUrl: row.apiUrl },
  }))
  const voters = region.status().members.flatMap((each) => (each.voter ? [each.id] : []))
  return { ok: true, certificatePem, caPem, caKeyPem, clusterId, members, voters }
}

// A member asks this region for its next certificate. Its present one has proved who it is; that it still belongs
// to the cluster is looked up, confirmed by the leader, so that one that was deleted gets no other.
import { parseSystemId } from '#model/ids.ts'
import type { Clock } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import { presentMembers } from '#state/members.ts'
import type { RegionState } from '#state/state.ts'
import type { EnrollReply, MemberRenewal } from '#transport/links.ts'
import { signRequest } from '#transport/pki.ts'
import type { NodeCredentialsData } from './own-certificate.ts'
import type { Region } from './region.ts'

export type RenewerOptions = {
  readonly region: Region
  readonly credentials: () => NodeCredentialsData
  readonly clock: Clock
}

/** Never rejects. */
export function makeRenewer(options: RenewerOptions) {
  return async (renewal: MemberRenewal): Promise<EnrollReply> => {
    try {
      return await renew(options, renewal)
    } catch (error) {
      return { ok: false, message: `The region could not answer: ${describeError(error)}` }
    }
  }
}

async function renew(options: RenewerOptions, renewal: MemberRenewal): Promise<EnrollReply> {
  const { region, clock } = options
  const { kind, id, lifetimeMs, certificateRequestPem: requestPem } = renewal
  const { caPem, caKeyPem, clusterId } = options.credentials()
  if (caKeyPem === null) return { ok: false, message: 'This region cannot sign; ask another one.' }
  const { state } = await region.read('linearizable')
  if (!isMember(state, renewal)) {
    return { ok: false, message: `${kind} ${id} is not known to this cluster (any more).` }
  }
  const ca = { certificatePem: caPem, keyPem: caKeyPem }
  const member = { kind, id, clusterId, hosts: hostsOf(state, renewal), lifetimeMs, requestPem }
  const certificatePem = await signRequest(ca, member, clock.wallMs())
  return { ok: true, certificatePem, caPem, clusterId }
}

function isMember(state: RegionState, { kind, id }: MemberRenewal): boolean {
  if (kind === 'region') return presentMembers(state).some((row) => row.id === id)
  const known = parseSystemId(id)
  return known !== undefined && state.controllers.get(known)?.kind === 'rack'
}

function hostsOf(state: RegionState, { kind, id }: MemberRenewal): readonly string[] {
  if (kind === 'rack') return []
  return presentMembers(state).flatMap((row) => (row.id === id ? [row.host] : []))
}

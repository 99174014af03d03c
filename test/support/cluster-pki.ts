// Certificates of a test cluster, made once per test file.
import type { Credentials } from '#protocol/enroll.ts'
import type { MemberKind } from '#protocol/hello.ts'
import { issueMember, makeClusterCa, type KeyAndCertificate } from '#transport/pki.ts'

export type TestPki = {
  readonly ca: KeyAndCertificate
  readonly clusterId: string
  readonly member: (
    kind: MemberKind,
    id: string,
    options?: {
      readonly incarnation?: number
      readonly wallMs?: number
      readonly clusterId?: string
    },
  ) => Promise<Credentials>
}

export async function makeTestPki(clusterId = 'test-cluster'): Promise<TestPki> {
  const ca = await makeClusterCa(clusterId, Date.now())
  return {
    ca,
    clusterId,
    member: async (kind, id, options = {}) => {
      const named = options.clusterId ?? clusterId
      const wallMs = options.wallMs ?? Date.now()
      const hosts = ['localhost', '127.0.0.1']
      const issued = await issueMember(ca, { kind, id, clusterId: named, hosts }, wallMs)
      const incarnation = options.incarnation ?? 1
      return { clusterId, nodeId: id, incarnation, caPem: ca.certificatePem, ...issued }
    },
  }
}

// What a region node proves itself with, now and after each renewal. A node that has the CA's key signs its own
// next certificate; one without asks its peers with the present one.
import { lifetimeMs } from '#model/certificate-lifetime.ts'
import { AppError } from '#model/errors.ts'
import { CertificateRenewal, type RenewalPorts, validityOf } from '#protocol/certificate-renewal.ts'
import { describeError } from '#platform/system.ts'
import type { HostPort } from '#protocol/token.ts'
import type { Credentials } from '#transport/links.ts'
import { issueMember, type KeyAndCertificate } from '#transport/pki.ts'
import { renewAtRegion } from '#transport/renew-at-region.ts'
import type { NodeFile } from './node-file.ts'
import { type NodeCredentialsData, writeOwnCertificate } from './own-certificate.ts'

export type NodeCredentialsOptions = {
  /** Of the node. */
  readonly directory: string
  readonly node: NodeFile
  /** As read at the start. */
  readonly first: NodeCredentialsData
  /** Peer listeners of the other regions, for a node without the CA's key. */
  readonly regions: () => readonly HostPort[]
  readonly platform: RenewalPorts
}

const REMEDY =
  'put pki/ca.key of another region into pki/ of this node and start it again, or remove the node and join anew'

export class NodeCredentials {
  /** The newest; on disk already. */
  current: NodeCredentialsData
  readonly #options: NodeCredentialsOptions
  readonly #duty: CertificateRenewal
  #told: (credentials: Credentials) => void = () => {}
  #expiry: { readonly certificatePem: string; readonly ms: number } | null = null

  constructor(options: NodeCredentialsOptions) {
    this.#options = options
    this.current = options.first
    this.#duty = new CertificateRenewal({
      ...options.platform,
      remedy: REMEDY,
      current: () => this.current,
      renew: () => this.#renew(),
    })
  }

  /** A node that was off for too long signs its own before anybody is shown the old one. Never rejects. */
  async beforeListening(): Promise<void> {
    if (this.current.caKeyPem !== null) await this.#duty.check()
  }

  /** From now on; `told` is given each renewed one, which is on disk then. */
  start(told: (credentials: Credentials) => void): void {
    this.#told = told
    this.#duty.start()
  }

  close(): Promise<void> {
    return this.#duty.close()
  }

  /** Asked for every second: reading the certificate each time was a twentieth of an idle region's CPU. */
  expiresMs(): number {
    const { certificatePem } = this.current
    if (this.#expiry?.certificatePem !== certificatePem) {
      this.#expiry = { certificatePem, ms: validityOf(certificatePem).expiresMs }
    }
    return this.#expiry.ms
  }

  async #renew(): Promise<void> {
    const { directory } = this.#options
    const { certificatePem, keyPem } = await this.#obtain()
    await writeOwnCertificate(directory, { certificatePem, keyPem })
    this.current = { ...this.current, certificatePem, keyPem }
    this.#told(this.current)
  }

  #obtain(): Promise<KeyAndCertificate> {
    const { node, platform } = this.#options
    const { caKeyPem } = this.current
    if (caKeyPem === null) return this.#askPeers()
    const lifetime = lifetimeMs(validityOf(this.current.certificatePem))
    return issueOwn(
      node,
      { ...this.current, caKeyPem },
      { wallMs: platform.clock.wallMs(), lifetime },
    )
  }

  async #askPeers(): Promise<KeyAndCertificate> {
    let failure: unknown = null
    for (const region of this.#options.regions()) {
      try {
        return await renewAtRegion(region, this.current)
      } catch (error) {
        failure = error
        const at = `${region.host}:${region.port}`
        this.#options.platform.logger.debug('certificate.not_renewed_at', {
          at,
          error: describeError(error),
        })
      }
    }
    const message = 'No region renewed the certificate of this node, which has no CA key'
    throw new AppError('CERTIFICATE_INVALID', message, { cause: failure ?? undefined })
  }
}

/** A new key and certificate for the node of `node`, by the CA's key. */
export function issueOwn(
  node: NodeFile,
  by: { readonly caPem: string; readonly caKeyPem: string },
  how: { readonly wallMs: number; readonly lifetime: number },
): Promise<KeyAndCertificate> {
  const { nodeId: id, clusterId } = node
  const advertised = node.peers.find((peer) => peer.id === id)?.host
  const hosts = [...new Set([node.host, advertised ?? node.host])]
  const member = { kind: 'region' as const, id, clusterId, hosts, lifetimeMs: how.lifetime }
  return issueMember({ certificatePem: by.caPem, keyPem: by.caKeyPem }, member, how.wallMs)
}

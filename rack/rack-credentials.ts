// What the rack proves itself with, now and after each renewal. The link that stands goes on; the next one is made
// with the newest.
import { AppError } from '#model/errors.ts'
import { CertificateRenewal, type RenewalPorts, validityOf } from '#protocol/certificate-renewal.ts'
import { describeError } from '#platform/system.ts'
import type { Credentials } from '#protocol/enroll.ts'
import { parseHostPort } from '#protocol/token.ts'
import type { RackDirectory } from './rack-directory.ts'
import { renewAt } from './renew.ts'

export type RackCredentialsOptions = {
  readonly first: Credentials
  readonly directory: Pick<RackDirectory, 'setCredentials'>
  /** `host:port`; the one that is followed first. */
  readonly regions: () => readonly string[]
  readonly platform: RenewalPorts
}

const REMEDY =
  'make a token with `ironraft region token --rack` and start the rack with --token, in the directory it has'

export class RackCredentials {
  /** The newest; on disk already. */
  current: Credentials
  readonly #options: RackCredentialsOptions

  constructor(options: RackCredentialsOptions) {
    this.#options = options
    this.current = options.first
  }

  /** ISO date. */
  expires(): string {
    return new Date(validityOf(this.current.certificatePem).expiresMs).toISOString()
  }

  duty(): CertificateRenewal {
    return new CertificateRenewal({
      ...this.#options.platform,
      remedy: REMEDY,
      current: () => this.current,
      renew: () => this.#renew(),
    })
  }

  async #renew(): Promise<void> {
    const next = await this.#askRegions()
    await this.#options.directory.setCredentials(next)
    this.current = next
  }

  async #askRegions(): Promise<Credentials> {
    const { regions, platform } = this.#options
    let failure: unknown = null
    for (const region of regions()) {
      const address = parseHostPort(region)
      if (address === undefined) continue
      try {
        return await renewAt(address, this.current)
      } catch (error) {
        failure = error
        const fields = { at: region, error: describeError(error) }
        platform.logger.debug('certificate.not_renewed_at', fields)
      }
    }
    const cause = failure ?? undefined
    throw new AppError('CERTIFICATE_INVALID', 'No region renewed the certificate of this rack', {
      cause,
    })
  }
}

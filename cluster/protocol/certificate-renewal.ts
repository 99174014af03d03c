// The duty of every member, region or rack, to renew its certificate at two thirds of its lifetime. It looks
// at the wall clock from time to time, asks for a new one when it is due, says so when it could not, and says
// what to do once it is too late. How a new one is got and put in place is the owner's.
import { X509Certificate } from 'node:crypto'
import { checkDelayMs, isExpired, renewAtMs, type Validity } from '#model/certificate-lifetime.ts'
import type { Clock, Logger, Metrics, Scheduler } from '#model/ports.ts'

export type RenewalPorts = {
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly metrics: Metrics
}

type CertificateRenewalOptions = RenewalPorts & {
  /** The ones in use now, PEM. */
  readonly current: () => { readonly certificatePem: string; readonly caPem: string }
  /** Gets the next one, makes it durable, then puts it in use. Rejects when any of it failed. */
  readonly renew: () => Promise<void>
  /** What an operator does when it has expired; one sentence. */
  readonly remedy: string
}

export class CertificateRenewal {
  readonly #options: CertificateRenewalOptions
  #cancel: () => void = () => {}
  #checking: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: CertificateRenewalOptions) {
    this.#options = options
  }

  /** Looks now and from then on. */
  start(): void {
    this.#checking = this.check().finally(() => this.#later())
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    await this.#checking
  }

  /** Renews when it is due. Never rejects: a member goes on with what it has. */
  async check(): Promise<void> {
    const { clock, logger, metrics, current } = this.#options
    this.#measure()
    const before = validityOf(current().certificatePem)
    if (clock.wallMs() < renewAtMs(before)) return
    let failure: unknown = null
    try {
      await this.#options.renew()
    } catch (error) {
      failure = error
    }
    metrics.count('ironraft_certificate_renewals_total', { ok: String(failure === null) })
    const fields = { expires: new Date(before.expiresMs).toISOString() }
    if (failure === null) {
      const { expiresMs } = validityOf(current().certificatePem)
      logger.info('certificate.renewed', { expires: new Date(expiresMs).toISOString() })
      this.#measure()
      return
    }
    const error = messageOf(failure)
    if (isExpired(before, clock.wallMs())) {
      logger.error('certificate.expired', { ...fields, error, remedy: this.#options.remedy })
    } else logger.warn('certificate.renewal_failed', { ...fields, error })
  }

  #later(): void {
    if (this.#closed) return
    const { scheduler, current } = this.#options
    const delayMs = checkDelayMs(validityOf(current().certificatePem))
    this.#cancel = scheduler.after(delayMs, () => this.start())
  }

  #measure(): void {
    const { metrics, current } = this.#options
    const { certificatePem, caPem } = current()
    for (const [certificate, pem] of [
      ['own', certificatePem],
      ['ca', caPem],
    ] as const) {
      const seconds = validityOf(pem).expiresMs / 1_000
      metrics.gauge('ironraft_certificate_expiry_timestamp_seconds', seconds, { certificate })
    }
  }
}

export function validityOf(certificatePem: string): Validity {
  const { validFromDate, validToDate } = new X509Certificate(certificatePem)
  return { notBeforeMs: validFromDate.getTime(), expiresMs: validToDate.getTime() }
}

/** With its cause: "no region renewed it" alone helps nobody. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`
}

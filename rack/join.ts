// The rack's credentials: kept from an earlier start, or got from the first region that answers.
import { isExpired } from '#model/certificate-lifetime.ts'
import { AppError } from '#model/errors.ts'
import type { Clock, Logger } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import { validityOf } from '#protocol/certificate-renewal.ts'
import type { Credentials } from '#protocol/enroll.ts'
import { parseHostPort } from '#protocol/token.ts'
import { enroll } from './enroll.ts'
import type { RackDirectory } from './rack-directory.ts'

export type RackJoin = {
  /** `host:port` of regions' peer listeners. */
  readonly regions: readonly string[]
  readonly secret: string
  /** Hex SHA-256 of the cluster's CA; null trusts whoever answers. */
  readonly caFingerprint: string | null
}

const TRY_MS = 3_000
const PAUSE_MS = 500
const GIVE_UP_MS = 60_000

/**
 * Those kept, also when they have expired and there is nothing to join by: such a rack serves what it may without
 * a region. Throws BAD_REQUEST without anything to join by, UNAUTHENTICATED or CERTIFICATE_INVALID when a region
 * refused, TIMEOUT when none answered for a minute.
 */
export async function obtainCredentials(options: {
  readonly directory: RackDirectory
  readonly join: RackJoin | null
  readonly hostname: string
  readonly clock: Clock
  readonly logger: Logger
}): Promise<Credentials> {
  const { directory, join, clock, logger } = options
  const kept = await directory.credentials()
  // One that has expired is shown beside the token: it proves that the id is this rack's.
  const isOver = kept !== undefined && isExpired(validityOf(kept.certificatePem), clock.wallMs())
  if (kept !== undefined && !(isOver && join !== null)) return kept
  if (join === null) {
    throw new AppError('BAD_REQUEST', 'This rack has not joined a cluster yet: it needs --token.')
  }
  const untilMs = clock.monotonicMs() + GIVE_UP_MS
  let failure: unknown
  while (clock.monotonicMs() < untilMs) {
    for (const region of join.regions) {
      try {
        const credentials = await enrollAt(region, join, { ...options, present: kept ?? null })
        await directory.setCredentials(credentials)
        await directory.setRegions(join.regions)
        logger.info('rack.enrolled', { region, rack_id: directory.rackId })
        return { ...credentials, incarnation: directory.incarnation }
      } catch (error) {
        if (isFinal(error)) throw error
        failure = error
        logger.warn('rack.enrolment_failed', { region, error: describeError(error) })
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  const message = 'No region answered this rack; it cannot join.'
  throw new AppError('TIMEOUT', message, { cause: failure })
}

function enrollAt(
  region: string,
  join: RackJoin,
  options: {
    readonly directory: RackDirectory
    readonly hostname: string
    readonly present: Credentials | null
  },
): Promise<Credentials> {
  const address = parseHostPort(region)
  if (address === undefined) {
    throw new AppError('BAD_REQUEST', `'${region}' is not an address of a region.`)
  }
  const { secret, caFingerprint } = join
  const { hostname, present } = options
  const rackId = options.directory.rackId
  return enroll({ ...address, secret, caFingerprint, rackId, hostname, present, timeoutMs: TRY_MS })
}

/** Asking again would get the same answer. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof AppError)) return false
  return ['UNAUTHENTICATED', 'CERTIFICATE_INVALID', 'BAD_REQUEST'].includes(error.code)
}

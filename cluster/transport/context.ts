// What every part of one transport shares.
import type { Clock, Logger, Metrics, Random } from '#model/ports.ts'
import type { Incarnations } from './incarnations.ts'
import type { TransportLimits } from './limits.ts'
import type { Credentials, PeerHandlers } from './links.ts'

export type TransportContext = {
  /** The newest ones: read it where a connection begins, do not keep it. */
  readonly credentials: Credentials
  /** A region that was removed from the cluster: its certificate is still good, it is not (D10). */
  readonly isRemoved: (nodeId: string) => boolean
  readonly handlers: PeerHandlers
  readonly incarnations: Incarnations
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: Random
  readonly limits: TransportLimits
  /** Of the cluster, as far as this node knows: a region that cannot work at it is refused. */
  readonly featureLevel: () => number
}

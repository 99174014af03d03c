// What admits racks and region nodes to a cluster.

/** Secret with which a rack or a region node may join; only its SHA-256 (hex) is kept. Keyed by `digest`. */
export type JoinToken = {
  readonly digest: string
  readonly kind: 'rack' | 'region'
  readonly createdWall: number
  /** Absent: admits as often as it is shown, for ever (the rack token of the bootstrap). */
  readonly once?: {
    /** Log time, ms. */
    readonly expiresAt: number
    /** Id of the one that came with it. */
    readonly usedBy: string | null
  }
}

// What real BMCs do to their clients (users.md, protocols-and-conventions §6), each to be switched on by itself.

export type Quirks = {
  /** No SessionService: passwords only. */
  readonly noSessions: boolean
  /** PATCH without the current ETag in If-Match is 428, with another 412. */
  readonly needsIfMatch: boolean
  /** The ETag changes on its own for so many readings. */
  readonly restlessTags: number
  /** Actions answer 202 with a task that is done after so many looks; 0: 204 at once. */
  readonly taskLooks: number
  /** Tasks end as this. */
  readonly taskEnds: 'Completed' | 'Exception'
  /** So many requests are answered 503 first. */
  readonly busyTimes: number
  /** `PowerState` says PoweringOn or PoweringOff for so many readings after a reset. */
  readonly slowReadings: number
  /** Actions are accepted and nothing happens. */
  readonly liesAboutPower: boolean
  /** Paths without a slash at their end are redirected to those with one. */
  readonly redirectsToSlash: boolean
  /** Ids of systems; the machine is the first. */
  readonly systems: readonly string[]
  readonly resetTypes: readonly string[]
  readonly sessionsMax: number
  /** Answers with bytes that are no JSON. */
  readonly talksNonsense: boolean
}

export const NO_QUIRKS: Quirks = {
  noSessions: false,
  needsIfMatch: false,
  restlessTags: 0,
  taskLooks: 0,
  taskEnds: 'Completed',
  busyTimes: 0,
  slowReadings: 0,
  liesAboutPower: false,
  redirectsToSlash: false,
  systems: ['1'],
  resetTypes: ['On', 'ForceOff', 'GracefulShutdown', 'ForceRestart'],
  sessionsMax: 4,
  talksNonsense: false,
}

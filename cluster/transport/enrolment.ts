// The one thing a stranger may ask for: a certificate, for a secret, as a rack or as a region node. Few at a time and few a second,
// because every try costs the leader a look at its tokens and guessing must not pay.
import { AppError } from '#model/errors.ts'
import type { Clock } from '#model/ports.ts'
import type { FramedConnection } from '#protocol/framed-connection.ts'
import { encodeGreeting } from '#protocol/hello.ts'
import type { TransportContext } from './context.ts'
import type { EnrollReply, EnrollRequest, JoinReply, JoinRequest } from './links.ts'

/** Tokens that come back with time; `take` is false when there is none. */
export class RateLimit {
  readonly #clock: Clock
  readonly #perSecond: number
  #tokens: number
  #filledMs: number

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#tokens = perSecond
    this.#filledMs = clock.monotonicMs()
  }

  take(): boolean {
    const nowMs = this.#clock.monotonicMs()
    const gained = ((nowMs - this.#filledMs) / 1000) * this.#perSecond
    this.#tokens = Math.min(this.#perSecond, this.#tokens + gained)
    this.#filledMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}

/** Answers and closes. Never rejects. */
export async function answerEnrolment(
  context: TransportContext,
  connection: FramedConnection,
  request: EnrollRequest,
): Promise<void> {
  const { metrics, logger, handlers } = context
  const refuse = (message: string): EnrollReply => ({ ok: false, message })
  const reply = await answerInTime(context, handlers.onEnroll(request), refuse)
  metrics.count('ironraft_rack_enrolments_total', { ok: String(reply.ok) })
  const fields = { rack_id: request.rackId, hostname: request.hostname }
  if (reply.ok) logger.info('rack.enrolled', fields)
  else logger.warn('rack.enrolment_refused', { ...fields, error: reply.message })
  connection.sendFrame(encodeGreeting({ type: 'enrolled', reply }))
  connection.close()
}

/** The same for a region node. */
export async function answerJoin(
  context: TransportContext,
  connection: FramedConnection,
  request: JoinRequest,
): Promise<void> {
  const { metrics, logger, handlers } = context
  const refuse = (message: string): JoinReply => ({ ok: false, retry: true, message })
  const reply = await answerInTime(context, handlers.onJoin(request), refuse)
  metrics.count('ironraft_region_joins_total', { ok: String(reply.ok) })
  const fields = { peer: request.nodeId, host: request.host, port: request.port }
  if (reply.ok) logger.info('region.join_accepted', fields)
  else logger.warn('region.join_refused', { ...fields, error: reply.message })
  connection.sendFrame(encodeGreeting({ type: 'joined', reply }))
  connection.close()
}

async function answerInTime<Reply>(
  context: TransportContext,
  deciding: Promise<Reply>,
  refuse: (message: string) => Reply,
): Promise<Reply> {
  const { limits, logger } = context
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Reply>((resolve) => {
    const message = 'The region could not decide in time; try again.'
    timer = setTimeout(() => resolve(refuse(message)), limits.enrolmentTimeoutMs)
  })
  try {
    return await Promise.race([deciding, late])
  } catch (error) {
    const message = error instanceof AppError ? error.message : 'The region failed to enrol it.'
    logger.warn('rack.enrolment_failed', { error: String(error) })
    return refuse(message)
  } finally {
    clearTimeout(timer)
  }
}

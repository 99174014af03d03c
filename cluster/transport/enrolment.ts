// The one thing a stranger may ask for: a certificate, for a secret, as a rack or as a region node. Few at a time and few a second,
// because every try costs the leader a look at its tokens and guessing must not pay. A member may ask for its next one.
import type { TLSSocket } from 'node:tls'
import { lifetimeMs } from '#model/certificate-lifetime.ts'
import { AppError } from '#model/errors.ts'
import type { Clock } from '#model/ports.ts'
import { validityOf } from '#protocol/certificate-renewal.ts'
import type { FramedConnection } from '#protocol/framed-connection.ts'
import {
  encodeGreeting,
  type Enroll,
  type Join,
  type Refused,
  type Renew,
} from '#protocol/hello.ts'
import type { Judgement } from '#protocol/identity.ts'
import type { TransportContext } from './context.ts'
import type { EnrollReply, EnrollRequest, JoinReply, JoinRequest, MemberRenewal } from './links.ts'
import { provenRackId } from './tls.ts'

const NO_CERTIFICATE = {
  code: 'CERTIFICATE_INVALID' as const,
  message: 'No certificate was shown.',
}

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

type Asked = {
  readonly greeting: Enroll | Join | Renew
  readonly judgement: Judgement
  readonly socket: TLSSocket
}

export class CertificateDesk {
  readonly #context: TransportContext
  readonly #enrolments: RateLimit
  /** Of members; strangers cannot use it up. */
  readonly #renewals: RateLimit

  constructor(context: TransportContext) {
    const { clock, limits } = context
    this.#context = context
    this.#enrolments = new RateLimit(clock, limits.enrolmentsPerSecond)
    this.#renewals = new RateLimit(clock, limits.enrolmentsPerSecond)
  }

  /** Answers now or later, and closes then; or returns the refusal for the caller to send. */
  serve(connection: FramedConnection, asked: Asked): Refused | null {
    const { greeting, socket } = asked
    const context = this.#context
    if (greeting.type === 'renew') return this.#renew(connection, { ...asked, greeting })
    if (!this.#may(connection, this.#enrolments)) return null
    if (greeting.type === 'join') void answerJoin(context, connection, greeting.request)
    else {
      const provenId = provenRackId(socket, context.credentials)
      void answerEnrolment(context, connection, { request: greeting.request, provenId })
    }
    return null
  }

  #renew(
    connection: FramedConnection,
    asked: Asked & { readonly greeting: Renew },
  ): Refused | null {
    const { judgement, socket, greeting } = asked
    const certificate = socket.getPeerX509Certificate()
    if (!judgement.ok || certificate === undefined) {
      const { code, message } = judgement.ok ? NO_CERTIFICATE : judgement
      return { type: 'refused', code, message }
    }
    const { kind, id } = judgement.identity
    if (kind === 'region' && this.#context.isRemoved(id)) return removedRefusal(id)
    if (!this.#may(connection, this.#renewals)) return null
    const lifetime = lifetimeMs(validityOf(certificate.toString()))
    const { certificateRequestPem } = greeting.request
    const renewal = { kind, id, lifetimeMs: lifetime, certificateRequestPem }
    void answerRenewal(this.#context, connection, renewal)
    return null
  }

  #may(connection: FramedConnection, rate: RateLimit): boolean {
    if (rate.take()) return true
    const message = 'Too many enrolments at once; try again in a second.'
    connection.sendFrame(encodeGreeting({ type: 'refused', code: 'OVERLOADED', message }))
    connection.close()
    this.#context.metrics.count('ironraft_peer_handshake_failures_total', { reason: 'rate' })
    return false
  }
}

export function removedRefusal(nodeId: string): Refused {
  const message = `${nodeId} was removed from the cluster.`
  return { type: 'refused', code: 'MEMBER_REMOVED', message }
}

/** Answers and closes. Never rejects. */
async function answerEnrolment(
  context: TransportContext,
  connection: FramedConnection,
  asked: { readonly request: EnrollRequest; readonly provenId: string | null },
): Promise<void> {
  const { request, provenId } = asked
  const { metrics, logger, handlers } = context
  const refuse = (message: string): EnrollReply => ({ ok: false, message })
  const reply = await answerInTime(context, handlers.onEnroll(request, provenId), refuse)
  metrics.count('ironraft_rack_enrolments_total', { ok: String(reply.ok) })
  const fields = { rack_id: request.rackId, hostname: request.hostname }
  if (reply.ok) logger.info('rack.enrolled', fields)
  else logger.warn('rack.enrolment_refused', { ...fields, error: reply.message })
  connection.sendFrame(encodeGreeting({ type: 'enrolled', reply }))
  connection.close()
}

/** The next certificate of a member that has shown its present one. */
async function answerRenewal(
  context: TransportContext,
  connection: FramedConnection,
  renewal: MemberRenewal,
): Promise<void> {
  const { metrics, logger, handlers } = context
  const refuse = (message: string): EnrollReply => ({ ok: false, message })
  const reply = await answerInTime(context, handlers.onRenew(renewal), refuse)
  metrics.count('ironraft_certificates_issued_total', { kind: renewal.kind, ok: String(reply.ok) })
  const fields = { member: `${renewal.kind}:${renewal.id}` }
  if (reply.ok) logger.info('certificate.issued', fields)
  else logger.warn('certificate.renewal_refused', { ...fields, error: reply.message })
  connection.sendFrame(encodeGreeting({ type: 'renewed', reply }))
  connection.close()
}

/** The same for a region node. */
async function answerJoin(
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

// The dialer's half of the handshake, over a connection whose other end has proved its name by
// certificate: hello out, welcome or refusal in. Used by regions and by racks.
import { AppError } from '#model/errors.ts'
import { SUPPORTED_LEVELS } from '#model/feature-level.ts'
import type { FramedConnection } from './framed-connection.ts'
import {
  checkMember,
  decodeGreeting,
  encodeGreeting,
  PROTOCOL_VERSION,
  type Greeting,
  type MemberKind,
  type Purpose,
  type Welcome,
} from './hello.ts'
import type { Credentials } from './enroll.ts'
import type { Identity } from './identity.ts'

export type GreetOptions = {
  readonly credentials: Credentials
  readonly kind: MemberKind
  readonly purpose: Purpose
  /** From the certificate of the other end. */
  readonly identity: Identity
  /** Highest incarnation seen of it; 0 when none. */
  readonly incarnationSeen: number
  /** Runs inside the frame that holds the welcome: set `onFrame` here, or the next frame is lost. */
  readonly onWelcome: (welcome: Welcome) => void
}

/**
 * Resolves when welcome. Rejects with CLUSTER_MISMATCH, CERTIFICATE_INVALID or PROTOCOL when one side
 * refuses the other, with the socket's error when it breaks. The caller bounds the time.
 */
export function greet(connection: FramedConnection, options: GreetOptions): Promise<void> {
  const { credentials, kind, purpose } = options
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(error)
      connection.fail(error)
    }
    connection.onClose = (error) => {
      reject(error ?? new AppError('PROTOCOL', 'The region closed the connection.'))
    }
    connection.onFrame = (body) => {
      const answer = connection.decode(decodeGreeting, body)
      if (answer === null) return
      const refusal = judge(answer, options)
      if (refusal !== null || answer.type !== 'welcome') {
        fail(refusal ?? new AppError('PROTOCOL', 'The region answered out of turn.'))
        return
      }
      connection.onFrame = () => {}
      options.onWelcome(answer)
      resolve()
    }
    connection.sendFrame(
      encodeGreeting({
        type: 'hello',
        protocolVersion: PROTOCOL_VERSION,
        clusterId: credentials.clusterId,
        nodeId: credentials.nodeId,
        kind,
        purpose,
        incarnation: credentials.incarnation,
        featureLevels: SUPPORTED_LEVELS,
      }),
    )
  })
}

function judge(answer: Greeting, options: GreetOptions): AppError | null {
  if (answer.type === 'refused') {
    return new AppError(answer.code, `Refused by the region: ${answer.message}`)
  }
  if (answer.type !== 'welcome') return null
  const refusal = checkMember(answer, {
    clusterId: options.credentials.clusterId,
    certificate: options.identity,
    incarnation: options.incarnationSeen,
  })
  return refusal === null ? null : new AppError(refusal.code, refusal.message)
}

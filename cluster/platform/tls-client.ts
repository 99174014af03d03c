// The dialer's half of TLS 1.3, for everyone who asks a region for something: joins, enrolments, renewals,
// the rack's link. The TLS library ends no handshake over a certificate: whom the socket belongs to is the
// caller's to check, so that a refusal can be said in one clear sentence.
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { AppError } from '#model/errors.ts'

/**
 * Connects and hands the socket over when it is encrypted. Destroys it when `use` fails or `timeoutMs` is
 * over before `use` is done. Rejects with what `use` rejects with, TIMEOUT or PROTOCOL, or with the socket's
 * own error (`code: 'ECONNREFUSED'` when nobody listens).
 */
export async function withTls<T>(
  tls: ConnectionOptions,
  timeoutMs: number,
  use: (socket: TLSSocket) => Promise<T>,
): Promise<T> {
  const socket = connect({
    ...tls,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
  })
  socket.setNoDelay(true)
  const timer = setTimeout(() => {
    socket.destroy(new AppError('TIMEOUT', 'The region did not answer in time.'))
  }, timeoutMs)
  try {
    await new Promise<void>((resolve, reject) => {
      // Stays for the life of the socket: an error without a listener would end the process.
      socket.on('error', reject)
      socket.once('secureConnect', resolve)
      socket.once('close', () => reject(new AppError('PROTOCOL', 'The region closed the link.')))
    })
    return await use(socket)
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

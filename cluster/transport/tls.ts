// Mutual TLS 1.3 with the cluster's CA and nothing else. Neither side lets the TLS library end a
// handshake over a certificate: both look at its verdict themselves, so that the refusal can be said in
// one clear sentence instead of an alert number.
import { type ConnectionOptions, type TLSSocket, type TlsOptions } from 'node:tls'
import { authorizationErrorOf, judgeCertificate, type Judgement } from '#protocol/identity.ts'
import type { Credentials } from '#protocol/enroll.ts'

export function serverTls(credentials: Credentials): TlsOptions {
  return {
    // The CA goes along: a rack that joins knows only its fingerprint.
    cert: `${credentials.certificatePem.trim()}\n${credentials.caPem}`,
    key: credentials.keyPem,
    ca: credentials.caPem,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
  }
}

export function clientTls(credentials: Credentials): ConnectionOptions {
  return {
    cert: credentials.certificatePem,
    key: credentials.keyPem,
    ca: credentials.caPem,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
  }
}

/** After the TLS handshake: who the other end is, or why it is not believed. */
export function judgePeer(socket: TLSSocket, clusterId: string): Judgement {
  return judgeCertificate({
    certificate: socket.getPeerX509Certificate(),
    authorizationError: authorizationErrorOf(socket),
    clusterId,
  })
}

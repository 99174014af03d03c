// Whom a certificate names. Subject: CN `region:<id>` or `rack:<id>`, O `<cluster id>`. The TLS library
// has checked the chain against the cluster's CA (or says why not); hostnames are not looked at, because
// a member is known by its name in the cluster and may move to another address.
import { createHash, type X509Certificate } from 'node:crypto'
import type { MemberKind } from './hello.ts'

export type Identity = {
  readonly kind: MemberKind
  readonly id: string
  readonly clusterId: string
}

export type Judgement =
  | { readonly ok: true; readonly identity: Identity }
  | {
      readonly ok: false
      readonly code: 'CLUSTER_MISMATCH' | 'CERTIFICATE_INVALID'
      /** One sentence, for logs and for the refusal sent back. */
      readonly message: string
    }

/** Undefined when the subject is not one of ours. */
export function parseIdentity(certificate: X509Certificate): Identity | undefined {
  const fields = new Map<string, string>()
  for (const line of certificate.subject.split('\n')) {
    const at = line.indexOf('=')
    const name = line.slice(0, at)
    // A name given twice is not one we issued.
    if (fields.has(name)) return undefined
    fields.set(name, line.slice(at + 1))
  }
  const match = /^(region|rack):([A-Za-z0-9._-]{1,56})$/.exec(fields.get('CN') ?? '')
  const clusterId = fields.get('O')
  if (match === null || clusterId === undefined || clusterId === '') return undefined
  return { kind: match[1] as MemberKind, id: match[2] ?? '', clusterId }
}

/** The TLS library's verdict on the other end: null, or the name of what is wrong. */
export function authorizationErrorOf(socket: {
  readonly authorized: boolean
  readonly authorizationError: unknown
}): string | null {
  if (socket.authorized) return null
  // Typed as an Error, in practice the code's name.
  const { authorizationError: error } = socket
  return typeof error === 'string' ? error : 'no verdict'
}

/** `authorizationError`: what the TLS library found wrong with the chain, null for nothing. */
export function judgeCertificate(options: {
  readonly certificate: X509Certificate | undefined
  readonly authorizationError: string | null
  readonly clusterId: string
}): Judgement {
  const { certificate, authorizationError, clusterId } = options
  if (certificate === undefined) {
    return { ok: false, code: 'CERTIFICATE_INVALID', message: 'No certificate was shown.' }
  }
  const identity = parseIdentity(certificate)
  if (identity !== undefined && identity.clusterId !== clusterId) {
    const message = `The certificate is of cluster ${identity.clusterId}, not of ${clusterId}.`
    return { ok: false, code: 'CLUSTER_MISMATCH', message }
  }
  if (authorizationError !== null) {
    return {
      ok: false,
      code: 'CERTIFICATE_INVALID',
      message: explain(authorizationError, certificate),
    }
  }
  if (identity === undefined) {
    const message = 'The certificate names neither a region nor a rack.'
    return { ok: false, code: 'CERTIFICATE_INVALID', message }
  }
  return { ok: true, identity }
}

/**
 * A region that a token speaks of, before we have any certificate: null when `ca` is the token's, issued
 * the region's certificate, and that is valid at `wallMs`; else one sentence. A null fingerprint trusts
 * whoever answers, for a network that the operator vouches for.
 */
export function judgeByFingerprint(options: {
  readonly region: X509Certificate
  readonly ca: X509Certificate
  readonly caFingerprint: string | null
  readonly wallMs: number
}): string | null {
  const { region, ca, caFingerprint, wallMs } = options
  if (caFingerprint !== null && certificateFingerprint(ca) !== caFingerprint) {
    return 'The region is not of the cluster that the token was made for.'
  }
  const isCurrent = Date.parse(region.validFrom) <= wallMs && wallMs <= Date.parse(region.validTo)
  const isIssued = ca.ca && region.checkIssued(ca) && region.verify(ca.publicKey)
  if (!isIssued || !isCurrent) return "The region's certificate is not valid."
  return parseIdentity(region)?.kind === 'region' ? null : 'The other end is not a region.'
}

/** Hex SHA-256 of the certificate's DER bytes. */
export function certificateFingerprint(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest('hex')
}

function explain(authorizationError: string, certificate: X509Certificate): string {
  switch (authorizationError) {
    case 'CERT_HAS_EXPIRED':
      return `The certificate expired on ${certificate.validTo}.`
    case 'CERT_NOT_YET_VALID':
      return `The certificate is not valid before ${certificate.validFrom}; are the clocks right?`
    default:
      return `The certificate was not issued by this cluster's CA (${authorizationError}).`
  }
}

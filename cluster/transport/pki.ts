// The cluster's own certificate authority, and the only importer of @peculiar/x509 on the region's side.
// ECDSA P-256 throughout. A member's certificate names its kind, id and cluster; hosts in it are a
// courtesy to tools, identity is checked by name (`protocol/identity.ts`).
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { createHash, randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { BACKDATED_MS, DEFAULT_LIFETIME_MS } from '#model/certificate-lifetime.ts'
import { AppError } from '#model/errors.ts'
import type { MemberKind } from '#protocol/hello.ts'
import { certificateFingerprint } from '#protocol/identity.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
/** It is not rotated: longer than the hardware. docs/certificates.md. */
const CA_LIFETIME_MS = 20 * 365 * 86_400_000

export type KeyAndCertificate = { readonly certificatePem: string; readonly keyPem: string }

export type Member = {
  readonly kind: MemberKind
  readonly id: string
  readonly clusterId: string
  /** Names and addresses; may be empty. */
  readonly hosts: readonly string[]
  /** Default a year; never beyond the end of the CA's own certificate. */
  readonly lifetimeMs?: number | undefined
}

/** `wallMs` is the time from which it counts. */
export async function makeClusterCa(clusterId: string, wallMs: number): Promise<KeyAndCertificate> {
  const keys = await generateKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: ['Ironraft cluster CA'] }, { O: [clusterId] }],
    ...validity(wallMs, CA_LIFETIME_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificatePem: certificate.toString('pem'), keyPem: await exportKey(keys.privateKey) }
}

/** A new key and its certificate, for a member made where the CA's key is. */
export async function issueMember(
  ca: KeyAndCertificate,
  member: Member,
  wallMs: number,
): Promise<KeyAndCertificate> {
  const keys = await generateKeys()
  const certificatePem = await sign(ca, { member, wallMs, publicKey: keys.publicKey })
  return { certificatePem, keyPem: await exportKey(keys.privateKey) }
}

/**
 * Certificate for the key of a PKCS#10 request. Nothing else of the request is used: who the member is
 * says the caller. Throws BAD_REQUEST when it is malformed or not signed by its own key.
 */
export async function signRequest(
  ca: KeyAndCertificate,
  request: Member & { readonly requestPem: string },
  wallMs: number,
): Promise<string> {
  const publicKey = await verifiedKey(request.requestPem)
  return sign(ca, { member: request, wallMs, publicKey })
}

/** A new key and the PKCS#10 request for its certificate; who it is for is said beside it. */
export async function makeRequest(): Promise<{
  readonly requestPem: string
  readonly keyPem: string
}> {
  const keys = await generateKeys()
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: ['region'] }],
    keys,
    signingAlgorithm: ALGORITHM,
  })
  return { requestPem: request.toString('pem'), keyPem: await exportKey(keys.privateKey) }
}

/** Hex SHA-256 of the key that a request is for. Throws BAD_REQUEST. */
export async function requestFingerprint(requestPem: string): Promise<string> {
  const spki = await webcrypto.subtle.exportKey('spki', await verifiedKey(requestPem))
  return createHash('sha256').update(new Uint8Array(spki)).digest('hex')
}

/** Hex SHA-256 of the CA certificate, as tokens carry it. */
export function fingerprint(caPem: string): string {
  return certificateFingerprint(new X509Certificate(caPem))
}

async function sign(
  ca: KeyAndCertificate,
  subject: { readonly member: Member; readonly wallMs: number; readonly publicKey: CryptoKey },
): Promise<string> {
  const { member, wallMs, publicKey } = subject
  const authority = new x509.X509Certificate(ca.certificatePem)
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage
  // A rack never listens on mutual TLS: its certificate cannot be used to pose as a region.
  const usages = member.kind === 'region' ? [clientAuth, serverAuth] : [clientAuth]
  const extensions: x509.Extension[] = [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(usages),
    await x509.AuthorityKeyIdentifierExtension.create(authority),
  ]
  if (member.hosts.length > 0) {
    const names = member.hosts.map((host) => {
      return isIP(host) === 0
        ? { type: 'dns' as const, value: host }
        : { type: 'ip' as const, value: host }
    })
    extensions.push(new x509.SubjectAlternativeNameExtension(names))
  }
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [`${member.kind}:${member.id}`] }, { O: [member.clusterId] }],
    issuer: authority.subjectName.toJSON(),
    ...validity(wallMs, member.lifetimeMs ?? DEFAULT_LIFETIME_MS, authority.notAfter),
    signingAlgorithm: ALGORITHM,
    publicKey,
    signingKey: await importKey(ca.keyPem),
    extensions,
  })
  return certificate.toString('pem')
}

async function verifiedKey(requestPem: string): Promise<CryptoKey> {
  let request: x509.Pkcs10CertificateRequest
  try {
    request = new x509.Pkcs10CertificateRequest(requestPem)
    if (await request.verify()) return await request.publicKey.export(ALGORITHM, ['verify'])
  } catch (cause) {
    throw new AppError('BAD_REQUEST', 'The certificate request is malformed.', { cause })
  }
  throw new AppError('BAD_REQUEST', 'The certificate request is not signed by its own key.')
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

async function exportKey(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

function importKey(pem: string): Promise<CryptoKey> {
  const [der] = x509.PemConverter.decode(pem)
  if (der === undefined) throw new AppError('CERTIFICATE_INVALID', 'The CA key file is damaged.')
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign'])
}

/** 20 bytes at most, positive (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01
  return bytes.toString('hex')
}

/** Whole seconds, as certificates count, so that the lifetime of one can be read out of it again. */
function validity(
  wallMs: number,
  lifetimeMs: number,
  noLongerThan?: Date,
): { notBefore: Date; notAfter: Date } {
  const nowMs = Math.floor(wallMs / 1_000) * 1_000
  const endMs = Math.min(nowMs + lifetimeMs, noLongerThan?.getTime() ?? Infinity)
  return { notBefore: new Date(nowMs - BACKDATED_MS), notAfter: new Date(endMs) }
}

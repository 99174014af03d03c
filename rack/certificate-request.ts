// A key of the rack's own and the PKCS#10 request for its certificate; the only importer of
// @peculiar/x509 on the rack's side. The key never leaves the rack.
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { webcrypto } from 'node:crypto'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export type CertificateRequest = { readonly requestPem: string; readonly keyPem: string }

export async function makeCertificateRequest(rackId: string): Promise<CertificateRequest> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [`rack:${rackId}`] }],
    keys,
    signingAlgorithm: ALGORITHM,
  })
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    requestPem: request.toString('pem'),
    keyPem: x509.PemConverter.encode(key, 'PRIVATE KEY'),
  }
}

// The node's own key and certificate on disk: one file, `pki/node.pem`, so that a crash leaves the old pair or
// the new one and never half of each. Nodes made before that have two files, `node.pem` and `node.key`, which
// the first renewal replaces.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { Credentials } from '#transport/links.ts'
import type { KeyAndCertificate } from '#transport/pki.ts'
import { type NodeFile, writeDurably } from './node-file.ts'

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g

/** What a node proves itself with; the CA's key is null where somebody took it away. */
export type NodeCredentialsData = Credentials & { readonly caKeyPem: string | null }

/** Throws as `readOwnCertificate`. */
export async function readCredentials(
  directory: string,
  node: NodeFile,
  incarnation: number,
): Promise<NodeCredentialsData> {
  const { clusterId, nodeId } = node
  const read = (name: string): Promise<string> => readFile(join(directory, 'pki', name), 'utf8')
  return {
    ...{ clusterId, nodeId, incarnation, caPem: await read('ca.pem') },
    ...(await readOwnCertificate(directory)),
    caKeyPem: await read('ca.key').catch(() => null),
  }
}

/** Throws CERTIFICATE_INVALID when there is no pair that fits together; `directory` is the node's. */
async function readOwnCertificate(directory: string): Promise<KeyAndCertificate> {
  const path = join(directory, 'pki', 'node.pem')
  const text = await readFile(path, 'utf8').catch(() => '')
  const [certificatePem] = blocks(text, 'CERTIFICATE')
  const kept = blocks(text, 'PRIVATE KEY')
  const [keyPem] = kept.length > 0 ? kept : blocks(await readOldKey(directory), 'PRIVATE KEY')
  if (certificatePem !== undefined && keyPem !== undefined && isPair(certificatePem, keyPem)) {
    return { certificatePem, keyPem }
  }
  const remedy = 'stop the node and run `ironraft region renew`'
  const fault = `${path} does not hold a certificate with its key: ${remedy}.`
  throw new AppError('CERTIFICATE_INVALID', fault)
}

/** Durable when it resolves, and readable at every moment before. */
export async function writeOwnCertificate(
  directory: string,
  { certificatePem, keyPem }: KeyAndCertificate,
): Promise<void> {
  const text = `${keyPem.trim()}\n${certificatePem.trim()}\n`
  await writeDurably(join(directory, 'pki', 'node.pem'), text)
  // Of the file's key nothing is read any more; a crash before this line leaves a file that is of no use.
  await rm(join(directory, 'pki', 'node.key'), { force: true })
}

function readOldKey(directory: string): Promise<string> {
  return readFile(join(directory, 'pki', 'node.key'), 'utf8').catch(() => '')
}

function blocks(text: string, label: string): readonly string[] {
  return [...text.matchAll(BLOCK)].filter(([, found]) => found === label).map(([whole]) => whole)
}

function isPair(certificatePem: string, keyPem: string): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem))
  } catch {
    return false
  }
}

// `ironraft region renew`: a new key and certificate for a node that does not run, by the CA's key in
// its directory: when its own file is lost or damaged, or to give it another lifetime. A running node, and one that
// starts again after its certificate has expired, does it by itself.
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DEFAULT_LIFETIME_MS, lifetimeMs } from '#model/certificate-lifetime.ts'
import { AppError } from '#model/errors.ts'
import { issueOwn } from '#node/node-credentials.ts'
import { readNodeFile } from '#node/node-file.ts'
import { readCredentials, writeOwnCertificate } from '#node/own-certificate.ts'
import { systemClock } from '#platform/system.ts'
import { validityOf } from '#protocol/certificate-renewal.ts'
import { chooseNode, expectCluster } from '../cluster-directory.ts'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'
import { pidFile, readPid } from '../node-process.ts'
import { lifetimeOf } from './layout-options.ts'

export async function runRenew(args: Arguments, io: Io): Promise<number> {
  const directory = resolve(io.cwd, args.text('dir') ?? '')
  const chosen = chooseNode(await expectCluster(directory), directory, args.text('node'))
  const path = join(directory, chosen.directory)
  if ((await readPid(pidFile(path))) !== null) {
    const text = `${chosen.id} runs, and renews its certificate by itself; stop it for this.`
    throw new AppError('CONFLICT', text)
  }
  const node = await readNodeFile(path)
  const lifetime = lifetimeOf(args) ?? (await lifetimeUntilNow(path))
  const by = { caPem: await readPki(path, 'ca.pem'), caKeyPem: await readPki(path, 'ca.key') }
  const made = await issueOwn(node, by, { wallMs: systemClock.wallMs(), lifetime })
  await writeOwnCertificate(path, made)
  const expires = new Date(validityOf(made.certificatePem).expiresMs).toISOString()
  const text = `${node.nodeId} has a new certificate, good until ${expires}.`
  io.out(args.flag('json') ? JSON.stringify({ id: node.nodeId, expires }) : text)
  return EXIT.ok
}

/** A year when the file that would say so is lost or damaged. */
async function lifetimeUntilNow(path: string): Promise<number> {
  try {
    const { certificatePem } = await readCredentials(path, await readNodeFile(path), 0)
    return lifetimeMs(validityOf(certificatePem))
  } catch {
    return DEFAULT_LIFETIME_MS
  }
}

function readPki(path: string, name: string): Promise<string> {
  return readFile(join(path, 'pki', name), 'utf8').catch((cause: unknown) => {
    const text = `${path}/pki has no ${name}: copy it from another region of the cluster.`
    throw new AppError('NOT_FOUND', text, { cause })
  })
}

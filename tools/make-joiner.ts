// Makes the directory of a node that joins: asks a region of the token for its certificate, then writes what
// a bootstrap would have written. What it must not lose before that, its id and key, is in `joining.json`:
// run again after a broken-off try it is the same node, and the token is good for it.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import { makeSystemId } from '#model/ids.ts'
import { JOINED_MARK, writeDurably, type NodeFile } from '#node/node-file.ts'
import { writeOwnCertificate } from '#node/own-certificate.ts'
import { systemClock, systemRandom } from '#platform/system.ts'
import type { PeerAddress } from '#protocol/join.ts'
import { parseHostPort, type RackToken } from '#protocol/token.ts'
import { askToJoin, type Welcomed } from '#transport/join-region.ts'
import { makeRequest } from '#transport/pki.ts'
import { writeCluster, type ClusterFile } from './cluster-directory.ts'
import type { Layout } from './make-cluster.ts'

const FILE = 'joining.json'
const NODE = 'node-1'
const TRY_MS = 12_000
const GIVE_UP_MS = 60_000
const PAUSE_MS = 500

type Joining = { readonly nodeId: string; readonly requestPem: string; readonly keyPem: string }

/**
 * Into an empty directory, or one of a broken-off try. Throws FORBIDDEN when the token is not good,
 * CERTIFICATE_INVALID when the cluster is another, TIMEOUT when no region answered for a minute.
 */
export async function makeJoiner(
  layout: Layout,
  token: RackToken,
  say: (line: string) => void,
): Promise<ClusterFile> {
  const joining = await readOrMake(layout.directory)
  const { host, apiPort, peerPort, advertise = null } = layout
  const apiUrl = `http://${host.includes(':') ? `[${host}]` : host}:${apiPort}`
  const reached = advertise ?? { host, port: peerPort }
  const own: PeerAddress = { id: joining.nodeId, ...reached, apiUrl }
  const welcomed = await askAll({ token, joining, own, say })
  await writeNode(layout, { own, joining, welcomed })
  const { clusterId } = welcomed
  const listen = advertise === null ? {} : { listen: { host, port: peerPort } }
  const node = { ...own, directory: NODE, apiPort, ...listen }
  const cluster: ClusterFile = {
    version: 1,
    clusterId,
    nodes: [node],
    admin: null,
    rackToken: null,
  }
  await writeCluster(layout.directory, cluster)
  await rm(join(layout.directory, FILE), { force: true })
  return cluster
}

async function readOrMake(directory: string): Promise<Joining> {
  const path = join(directory, FILE)
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text !== null) return JSON.parse(text) as Joining
  const made = { nodeId: makeSystemId(systemRandom.integer), ...(await makeRequest()) }
  await writeDurably(path, JSON.stringify(made))
  return made
}

async function askAll(parts: {
  readonly token: RackToken
  readonly joining: Joining
  readonly own: PeerAddress
  readonly say: (line: string) => void
}): Promise<Welcomed> {
  const { token, joining, own, say } = parts
  const { requestPem: certificateRequestPem, keyPem } = joining
  const { id: nodeId, host, port, apiUrl } = own
  const { secret, caFingerprint } = token
  const request = { secret, certificateRequestPem, nodeId, host, port, apiUrl }
  const deadline = performance.now() + GIVE_UP_MS
  let failure: unknown
  while (performance.now() < deadline) {
    for (const peer of token.peers) {
      const region = parseHostPort(peer)
      if (region === undefined) continue
      try {
        const wallMs = systemClock.wallMs()
        const who = { region, caFingerprint, request, keyPem, wallMs, timeoutMs: TRY_MS }
        return await askToJoin(who)
      } catch (error) {
        if (isFinal(error)) throw error
        if (failure === undefined) say(`${peer} does not let us in yet; trying on`)
        failure = error
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  throw new AppError('TIMEOUT', 'No region of the token answered.', { cause: failure })
}

/** Asking again would get the same answer. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof AppError)) return false
  return ['FORBIDDEN', 'CERTIFICATE_INVALID', 'BAD_REQUEST'].includes(error.code)
}

async function writeNode(
  layout: Layout,
  made: { readonly own: PeerAddress; readonly joining: Joining; readonly welcomed: Welcomed },
): Promise<void> {
  const { own, joining, welcomed } = made
  const directory = join(layout.directory, NODE)
  const file: NodeFile = {
    version: 1,
    clusterId: welcomed.clusterId,
    nodeId: own.id,
    host: layout.host,
    apiPort: layout.apiPort,
    peerPort: layout.peerPort,
    peers: [...welcomed.members.filter(({ id }) => id !== own.id), own],
    firstVoters: welcomed.voters,
  }
  await writeDurably(join(directory, 'pki', 'ca.pem'), welcomed.caPem)
  await writeDurably(join(directory, 'pki', 'ca.key'), welcomed.caKeyPem)
  const { certificatePem } = welcomed
  await writeOwnCertificate(directory, { certificatePem, keyPem: joining.keyPem })
  await writeDurably(join(directory, JOINED_MARK), '')
  await writeDurably(join(directory, 'node.json'), `${JSON.stringify(file, null, 2)}\n`)
}

// Makes a cluster on disk: ids, CA, certificates, the first command. Nothing runs before the last file is
// durable (`cluster-directory.ts`).
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { formatApiKey, mintApiKey, type MintedKey } from '#api/api-keys.ts'
import { hashPassword } from '#api/passwords.ts'
import { makeSystemId } from '#model/ids.ts'
import { secretDigest } from '#node/enroll.ts'
import { writeDurably, type NodeFile, type PeerAddress } from '#node/node-file.ts'
import { systemClock, systemRandom } from '#platform/system.ts'
import { formatToken } from '#protocol/token.ts'
import { fingerprint, issueMember, makeClusterCa, type KeyAndCertificate } from '#transport/pki.ts'
import type { CommandOf } from '#state/command.ts'
import { writeCluster, type ClusterFile } from './cluster-directory.ts'

export type Layout = {
  readonly directory: string
  readonly nodeCount: number
  /** Address that every node listens on and is reached at. */
  readonly host: string
  /** Of the first node; the others count up from it. */
  readonly apiPort: number
  readonly peerPort: number
}

/** Into an empty directory; returns what was written as `bootstrap.json`. */
export async function makeCluster(layout: Layout): Promise<ClusterFile> {
  const clusterId = randomUUID()
  const nodes = placeNodes(layout)
  const ca = await makeClusterCa(clusterId, systemClock.wallMs())
  const secret = randomBytes(24).toString('base64url')
  const apiKey = mintApiKey(systemRandom)
  const admin = {
    username: 'admin',
    password: randomBytes(15).toString('base64url'),
    apiKey: formatApiKey(apiKey),
  }
  const initialise = await firstCommand({ clusterId, password: admin.password, apiKey, secret })
  await Promise.all(
    nodes.map((node) => writeNode({ layout, clusterId, node, nodes, ca, initialise })),
  )
  const regions = nodes.map((node) => `${node.host}:${node.port}`)
  const caFingerprint = fingerprint(ca.certificatePem)
  const rackToken = formatToken({ clusterId, caFingerprint, secret, peers: regions })
  const cluster: ClusterFile = { version: 1, clusterId, nodes, admin, rackToken }
  await writeCluster(layout.directory, cluster)
  return cluster
}

type PlacedNode = ClusterFile['nodes'][number]

function placeNodes({ nodeCount, host, apiPort, peerPort }: Layout): readonly PlacedNode[] {
  const ids = new Set<string>()
  while (ids.size < nodeCount) ids.add(makeSystemId(systemRandom.integer))
  return [...ids].toSorted().map((id, at) => ({
    id,
    host,
    port: peerPort + at,
    apiPort: apiPort + at,
    apiUrl: `http://${host.includes(':') ? `[${host}]` : host}:${apiPort + at}`,
    directory: `node-${at + 1}`,
  }))
}

async function firstCommand(parts: {
  readonly clusterId: string
  readonly password: string
  readonly apiKey: MintedKey
  readonly secret: string
}): Promise<CommandOf<'cluster.initialise'>> {
  return {
    type: 'cluster.initialise',
    clusterId: parts.clusterId,
    admin: {
      username: 'admin',
      email: 'admin@example.org',
      isSuperuser: true,
      passwordHash: await hashPassword(parts.password),
    },
    apiKey: { ...parts.apiKey, name: 'bootstrap' },
    joinTokenDigest: secretDigest(parts.secret),
  }
}

async function writeNode(parts: {
  readonly layout: Layout
  readonly clusterId: string
  readonly node: PlacedNode
  readonly nodes: readonly PlacedNode[]
  readonly ca: KeyAndCertificate
  readonly initialise: CommandOf<'cluster.initialise'>
}): Promise<void> {
  const { clusterId, node, nodes, ca } = parts
  const directory = join(parts.layout.directory, node.directory)
  const member = { kind: 'region' as const, id: node.id, clusterId, hosts: [node.host] }
  const own = await issueMember(ca, member, systemClock.wallMs())
  const file: NodeFile = {
    version: 1,
    clusterId,
    nodeId: node.id,
    host: node.host,
    apiPort: node.apiPort,
    peerPort: node.port,
    peers: nodes.map(({ id, host, port, apiUrl }): PeerAddress => ({ id, host, port, apiUrl })),
    firstVoters: nodes.map(({ id }) => id),
  }
  await writeDurably(join(directory, 'pki', 'ca.pem'), ca.certificatePem)
  await writeDurably(join(directory, 'pki', 'ca.key'), ca.keyPem)
  await writeDurably(join(directory, 'pki', 'node.pem'), own.certificatePem)
  await writeDurably(join(directory, 'pki', 'node.key'), own.keyPem)
  await writeDurably(join(directory, 'initialise.json'), JSON.stringify(parts.initialise))
  await writeDurably(join(directory, 'node.json'), `${JSON.stringify(file, null, 2)}\n`)
}

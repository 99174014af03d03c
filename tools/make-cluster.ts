// Makes a cluster on disk: ids, CA, certificates, the first command. Nothing runs before the last file is
// durable (`cluster-directory.ts`).
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { formatApiKey, mintApiKey, type MintedKey } from '#api/api-keys.ts'
import { hashPassword } from '#api/passwords.ts'
import { makeSystemId } from '#model/ids.ts'
import { SUPPORTED_LEVELS } from '#model/feature-level.ts'
import { secretDigest } from '#node/enroll.ts'
import { writeDurably, type NodeFile } from '#node/node-file.ts'
import { writeOwnCertificate } from '#node/own-certificate.ts'
import type { PeerAddress } from '#protocol/join.ts'
import { systemClock, systemRandom } from '#platform/system.ts'
import { formatToken, type HostPort } from '#protocol/token.ts'
import { fingerprint, issueMember, makeClusterCa, type KeyAndCertificate } from '#transport/pki.ts'
import type { CommandOf, FirstCommand } from '#state/command.ts'
import { listenOf, writeCluster, type ClusterFile } from './cluster-directory.ts'
import type { DnsAddress } from './dns-address.ts'

export type Layout = {
  readonly directory: string
  readonly nodeCount: number
  /** Address that every node listens on. */
  readonly host: string
  /** Of the first node; the others count up from it. */
  readonly apiPort: number
  readonly peerPort: number
  /**
   * Where regions and racks reach the peer port of the first node, when that is not where it listens: behind
   * NAT or a forwarder. The ports of the others count up from it. Default: where it listens.
   */
  readonly advertise?: HostPort | null
  /** Of the certificates that are made, and of all that follow them; default a year. */
  readonly certificateLifetimeMs?: number | undefined
  /** Where the first node that is started answers DNS, the others on the ports after it; default: nowhere. */
  readonly dns?: DnsAddress | null
}

/** What a cluster begins with. */
export type Origin = {
  readonly username: string
  readonly firstCommand: (minted: Minted) => FirstCommand
  /** Directory of the (then only) node, below that of the layout; default `node-1`. */
  readonly nodeDirectory?: string
  /** Fills the directory of the node, before anything names it. */
  readonly seed?: (directory: string, nodeId: string) => Promise<void>
}

/** The identity and the access of a cluster that is being made. */
export type Minted = Pick<CommandOf<'cluster.initialise'>, 'clusterId' | 'admin' | 'apiKey'> & {
  readonly joinTokenDigest: string
}

const FROM_NOTHING: Origin = {
  username: 'admin',
  firstCommand: (minted) => {
    return { type: 'cluster.initialise', ...minted, featureLevel: SUPPORTED_LEVELS.max }
  },
}

/**
 * Into a directory prepared for it; returns what was written as `bootstrap.json`, which is the last to be
 * written and makes the cluster exist.
 */
export async function makeCluster(
  layout: Layout,
  origin: Origin = FROM_NOTHING,
): Promise<ClusterFile> {
  const clusterId = randomUUID()
  const nodes = placeNodes(layout, origin)
  const ca = await makeClusterCa(clusterId, systemClock.wallMs())
  const secret = randomBytes(24).toString('base64url')
  const apiKey = mintApiKey(systemRandom)
  const admin = {
    username: origin.username,
    password: randomBytes(15).toString('base64url'),
    apiKey: formatApiKey(apiKey),
  }
  const minted = await mint({ clusterId, ...admin, key: apiKey, secret })
  const initialise = origin.firstCommand(minted)
  for (const { id, directory } of nodes) {
    await origin.seed?.(join(layout.directory, directory), id)
  }
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

function placeNodes(layout: Layout, { nodeDirectory }: Origin): readonly PlacedNode[] {
  const { nodeCount, host, apiPort, peerPort, advertise = null } = layout
  const ids = new Set<string>()
  while (ids.size < nodeCount) ids.add(makeSystemId(systemRandom.integer))
  return [...ids].toSorted().map((id, at) => ({
    id,
    host: advertise?.host ?? host,
    port: (advertise?.port ?? peerPort) + at,
    ...(advertise === null ? {} : { listen: { host, port: peerPort + at } }),
    apiPort: apiPort + at,
    apiUrl: `http://${host.includes(':') ? `[${host}]` : host}:${apiPort + at}`,
    directory: nodeDirectory ?? `node-${at + 1}`,
  }))
}

async function mint(parts: {
  readonly clusterId: string
  readonly username: string
  readonly password: string
  readonly key: MintedKey
  readonly secret: string
}): Promise<Minted> {
  return {
    clusterId: parts.clusterId,
    admin: {
      username: parts.username,
      email: 'admin@example.org',
      isSuperuser: true,
      passwordHash: await hashPassword(parts.password),
    },
    apiKey: { ...parts.key, name: 'bootstrap' },
    joinTokenDigest: secretDigest(parts.secret),
  }
}

async function writeNode(parts: {
  readonly layout: Layout
  readonly clusterId: string
  readonly node: PlacedNode
  readonly nodes: readonly PlacedNode[]
  readonly ca: KeyAndCertificate
  readonly initialise: FirstCommand
}): Promise<void> {
  const { clusterId, node, nodes, ca } = parts
  const directory = join(parts.layout.directory, node.directory)
  const listen = listenOf(node)
  const hosts = [...new Set([listen.host, node.host])]
  const { certificateLifetimeMs: lifetimeMs } = parts.layout
  const member = { kind: 'region' as const, id: node.id, clusterId, hosts, lifetimeMs }
  const own = await issueMember(ca, member, systemClock.wallMs())
  const file: NodeFile = {
    version: 1,
    clusterId,
    nodeId: node.id,
    host: listen.host,
    apiPort: node.apiPort,
    peerPort: listen.port,
    peers: nodes.map(({ id, host, port, apiUrl }): PeerAddress => ({ id, host, port, apiUrl })),
    firstVoters: nodes.map(({ id }) => id),
  }
  await writeDurably(join(directory, 'pki', 'ca.pem'), ca.certificatePem)
  await writeDurably(join(directory, 'pki', 'ca.key'), ca.keyPem)
  await writeOwnCertificate(directory, own)
  await writeDurably(join(directory, 'initialise.json'), JSON.stringify(parts.initialise))
  await writeDurably(join(directory, 'node.json'), `${JSON.stringify(file, null, 2)}\n`)
}

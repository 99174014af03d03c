// A cluster that does not come back after healing has failed, but has it lost anything? All nodes are ended, the one
// whose disk has most is made a cluster of its own by `region recover` (docs/recovery.md), and clients find that one
// wherever they ask. Of all disks the one with the highest term, then the highest revision, has every write that a
// quorum had: what was acknowledged and is not there now is lost.
import { dirname } from 'node:path'
import { type ChaosCluster, type ChaosNode, isServing } from './cluster.ts'
import { eventually } from './waiting.ts'

const SERVING_MS = 30_000
const SAID = /has revision (\d+) \(term (\d+)\)/

export type OnDisk = { readonly node: ChaosNode; readonly term: number; readonly revision: number }

/** One sentence about what was read. Rejects when no disk gave anything back. */
export async function salvage(cluster: ChaosCluster, stopped: AbortSignal): Promise<string> {
  await Promise.all(cluster.daemons.map((daemon) => daemon.kill()))
  const found: OnDisk[] = []
  for (const node of cluster.nodes) {
    const seen = parseOnDisk(await recover(cluster, node))
    if (seen !== null) found.push({ node, ...seen })
  }
  const most = mostOf(found)
  if (most === null) throw new Error('`region recover` found nothing on any disk')
  await recover(cluster, most.node, '--accept-data-loss', '--detach')
  const serves = await eventually(SERVING_MS, stopped, async () =>
    (await isServing(most.node)) ? true : undefined,
  )
  if (serves !== true) throw new Error('what `region recover` made does not serve')
  cluster.moveAllClients(most.node)
  const { node, term, revision } = most
  return `read once more from what \`region recover\` made of ${node.name} (term ${term}, revision ${revision})`
}

/** What it says: with its flag about what it did, without about what it would do. */
function recover(
  cluster: ChaosCluster,
  { id, directory }: ChaosNode,
  ...flags: readonly string[]
): Promise<string> {
  const words = ['region', 'recover', '--dir', dirname(directory), '--node', id]
  return cluster.command(...words, ...flags).catch((error: unknown) => {
    const { code, stderr = '' } = error as { readonly code?: number; readonly stderr?: string }
    // Exit code 2: nothing was changed, for want of the flag.
    if (code === 2 || flags.length === 0) return stderr
    throw error
  })
}

export function parseOnDisk(said: string): Omit<OnDisk, 'node'> | null {
  const [, revision, term] = SAID.exec(said) ?? []
  if (revision === undefined || term === undefined) return null
  return { term: Number(term), revision: Number(revision) }
}

export function mostOf(found: readonly OnDisk[]): OnDisk | null {
  const sorted = found.toSorted((a, b) => b.term - a.term || b.revision - a.revision)
  return sorted[0] ?? null
}

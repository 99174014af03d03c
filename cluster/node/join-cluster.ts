// What a started node says through the log before it serves: that the cluster exists (once, at the
// bootstrap), that this process opened its session, and where it can be reached.
import { readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join as joinPath } from 'node:path'
import type { SystemId } from '#model/ids.ts'
import type { Logger } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import type { FirstCommand } from '#state/command.ts'
import { JOINED_MARK, type NodeFile } from './node-file.ts'
import { type RegionNode, SYSTEM_ACTOR } from './region-node.ts'

export type JoinOptions = {
  readonly dir: string
  readonly node: NodeFile
  readonly incarnation: number
  readonly region: RegionNode
  readonly version: string
  readonly logger: Logger
  /** The log says that this node was removed: it has no part in the cluster any more. */
  readonly onRemoved: () => void
}

/** Repeats until done or aborted; every step is harmless when it was done before. */
export async function join(options: JoinOptions, signal: AbortSignal): Promise<void> {
  for (const step of [initialise, openSession, register, registerMember]) {
    while (!signal.aborted) {
      try {
        await step(options)
        break
      } catch (error) {
        options.logger.warn('cluster.join_retried', { error: describeError(error) })
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  }
  if (signal.aborted) return
  options.logger.info('region.joined', { incarnation: options.incarnation })
}

/** `initialise.json` holds the first command; it goes once the state is seen to exist. */
async function initialise({ dir, region }: JoinOptions): Promise<void> {
  const path = joinPath(dir, 'initialise.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text !== undefined) {
    const command = JSON.parse(text) as FirstCommand
    const outcome = await region.initialise(command)
    // Another node's copy of the same command came first: as good.
    const exists = region.local().state.clusterId === command.clusterId
    if (!outcome.ok && !exists) throw new Error(outcome.message)
    await rm(path, { force: true })
  }
}

/** What is applied here is on this disk: the node is none that has nothing to lose any more. */
async function openSession({ dir, region, incarnation }: JoinOptions): Promise<void> {
  await region.openSession(incarnation)
  await rm(joinPath(dir, JOINED_MARK), { force: true })
}

/** Where its peers reach it; a node that moved to another address is found again by this. */
async function registerMember({ node, region, onRemoved }: JoinOptions): Promise<void> {
  const own = node.peers.find((peer) => peer.id === node.nodeId)
  const { outcome } = await region.propose(
    {
      type: 'member.register',
      id: node.nodeId as SystemId,
      host: own?.host ?? node.host,
      port: own?.port ?? node.peerPort,
      apiUrl: own?.apiUrl ?? '',
    },
    { actor: SYSTEM_ACTOR },
  )
  if (outcome.ok) return
  if (outcome.code === 'MEMBER_REMOVED') onRemoved()
  else throw new Error(outcome.message)
}

async function register({ node, region, incarnation, version }: JoinOptions): Promise<void> {
  const own = node.peers.find((peer) => peer.id === node.nodeId)
  const { outcome } = await region.propose(
    {
      type: 'region.register',
      systemId: node.nodeId as SystemId,
      hostname: hostname(),
      version,
      apiUrl: own?.apiUrl ?? '',
      peerAddress: `${own?.host ?? node.host}:${own?.port ?? node.peerPort}`,
      incarnation,
    },
    { actor: SYSTEM_ACTOR },
  )
  if (!outcome.ok) throw new Error(outcome.message)
}

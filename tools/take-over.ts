// Makes the cluster of a restore or a recovery: one node over rows that another cluster had. Identity, keys and
// access are new; what it was made from is never started again by it.
import { randomBytes } from 'node:crypto'
import { type RowSource, seedNode } from '#node/seed.ts'
import type { Origin } from './make-cluster.ts'

export type TakeOver = {
  readonly fromClusterId: string
  readonly rows: RowSource
  /** False: addresses are given at once, though old leases may still run (lease-protocol §5). */
  readonly quarantine: boolean
  readonly nodeDirectory?: string
  /** After the rows, into the same directory. */
  readonly more?: (directory: string) => Promise<void>
}

/** A user of its own gets access: passwords and keys of the users in the rows stay theirs. */
export function takeOver(options: TakeOver): Origin {
  const { fromClusterId, rows, quarantine, nodeDirectory, more } = options
  return {
    username: `restored-${randomBytes(3).toString('hex')}`,
    firstCommand: (minted) => ({ type: 'cluster.restore', ...minted, fromClusterId, quarantine }),
    ...(nodeDirectory === undefined ? {} : { nodeDirectory }),
    seed: async (directory, nodeId) => {
      await seedNode(directory, nodeId, rows)
      await more?.(directory)
    },
  }
}

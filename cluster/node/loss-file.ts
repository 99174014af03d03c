// `loss.json`: that this node's disk lost something it had promised, written before the node takes part in
// anything, and what is left of that when it has been re-seeded: the epoch, which tells the others that an
// older disk is not this one (raft-features C10).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurably } from './node-file.ts'

const FILE = 'loss.json'

export type Loss = {
  readonly version: 1
  /** The life in which the last loss was found; 0 for never. */
  readonly epoch: number
  /** What was lost, while the node is without a vote; null when it has all again. */
  readonly why: string | null
  /** The data are whole and wrong: the next start sets them aside. */
  readonly isWrong: boolean
}

const NEVER: Loss = { version: 1, epoch: 0, why: null, isWrong: false }

/** A file that cannot be read was written for a reason. */
export async function readLoss(dir: string): Promise<Loss> {
  const text = await readFile(join(dir, FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return NEVER
  const loss = parse(text)
  return loss ?? { version: 1, epoch: 1, why: `${FILE} cannot be read`, isWrong: false }
}

export async function writeLoss(dir: string, loss: Loss): Promise<void> {
  await writeDurably(join(dir, FILE), `${JSON.stringify(loss)}\n`)
}

function parse(text: string): Loss | null {
  try {
    const value = JSON.parse(text) as Partial<Loss> | null
    if (value?.version !== 1 || !Number.isSafeInteger(value.epoch)) return null
    if (value.why !== null && typeof value.why !== 'string') return null
    return { ...(value as Loss), isWrong: value.isWrong === true }
  } catch {
    return null
  }
}

// A node that was removed ends, and does not come back: `removed.json` in its directory says so even when
// nobody is there to tell it. What it holds is of no use to anybody; ids are not given again (D10).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { Logger } from '#model/ports.ts'
import { describeError } from '#platform/system.ts'
import { writeDurably } from './node-file.ts'

const FILE = 'removed.json'

/** Throws MEMBER_REMOVED. */
export async function expectNotRemoved(directory: string): Promise<void> {
  const text = await readFile(join(directory, FILE), 'utf8').catch(() => null)
  if (text === null) return
  const message = `The node of ${directory} was removed from its cluster; delete the directory.`
  throw new AppError('MEMBER_REMOVED', message)
}

export type Removal = {
  /** May be called more than once; never throws. */
  readonly onRemoved: () => void
  /** Resolves when the mark is on disk. */
  readonly removed: Promise<void>
}

export function watchRemoval(directory: string, logger: Logger): Removal {
  let resolve: () => void = () => {}
  const removed = new Promise<void>((done) => {
    resolve = done
  })
  let noted = false
  const note = async (): Promise<void> => {
    try {
      await writeDurably(join(directory, FILE), '{"version":1}\n')
    } catch (error) {
      // It ends all the same; started again it will be told again.
      logger.error('region.removal_not_noted', { error: describeError(error) })
    }
    resolve()
  }
  const onRemoved = (): void => {
    if (noted) return
    noted = true
    logger.warn('region.removed')
    void note()
  }
  return { onRemoved, removed }
}

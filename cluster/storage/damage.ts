// The one way this folder says that what is on disk is not what was written. The sentence names the
// file, what is wrong and what to do: nobody may "repair" a replica by hand and let it vote (pitfall C10).
import { AppError } from '#model/errors.ts'

/** `what` is a clause: "entry 7 fails its checksum". */
export function damaged(path: string, what: string, cause?: unknown): AppError {
  return new AppError(
    'STORAGE_DAMAGED',
    `${path}: ${what}. This node does not vote on damaged data; ` +
      'keep them as evidence and let the other nodes seed it anew.',
    { details: { path, what }, ...(cause === undefined ? {} : { cause }) },
  )
}

export function isDamage(error: unknown): boolean {
  return error instanceof AppError && error.code === 'STORAGE_DAMAGED'
}

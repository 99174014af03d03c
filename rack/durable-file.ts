// Files that are either the old bytes or the new ones, whatever happens in between: temporary file,
// fsync, rename, fsync of the directory.
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** One writer per path at a time: the temporary name is fixed, so that a crash leaves one at most. */
export async function writeDurably(
  path: string,
  bytes: string | Uint8Array,
  mode = 0o600,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.part`
  const file = await open(temporary, 'w', mode)
  try {
    await file.writeFile(bytes)
    await file.chmod(mode)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

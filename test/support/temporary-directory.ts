// A directory of its own for one test, gone when the test is.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

export async function temporaryDirectory(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ironraft-test-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { systemRandom } from '#platform/system.ts'
import type { Credentials } from '#protocol/enroll.ts'
import { RackDirectory } from '#rack/rack-directory.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const CREDENTIALS: Credentials = {
  clusterId: 'c',
  nodeId: 'x',
  incarnation: 0,
  caPem: 'ca',
  certificatePem: 'certificate',
  keyPem: 'key',
}

t.test('a rack is the same one at every start, and each start counts', async (t) => {
  const dir = join(await temporaryDirectory(t), 'below', 'rack')
  const first = await RackDirectory.open(dir, systemRandom)
  await first.setRegions(['a:1', 'b:1'])
  const second = await RackDirectory.open(dir, systemRandom)
  t.equal(second.rackId, first.rackId)
  t.strictSame([first.incarnation, second.incarnation], [1, 2])
  t.strictSame(second.regions, ['a:1', 'b:1'])
})

t.test('credentials are for the owner’s eyes only, and of this start', async (t) => {
  const dir = await temporaryDirectory(t)
  const directory = await RackDirectory.open(dir, systemRandom)
  t.equal(await directory.credentials(), undefined)
  await directory.setCredentials(CREDENTIALS)
  for (const name of ['credentials.json', 'rack.json']) {
    const { mode } = await stat(join(dir, name))
    t.equal(mode & 0o777, 0o600, name)
  }
  const again = await RackDirectory.open(dir, systemRandom)
  t.match(await again.credentials(), { keyPem: 'key', nodeId: again.rackId, incarnation: 2 })
})

t.test('a damaged file is said, not replaced', async (t) => {
  const dir = await temporaryDirectory(t)
  const directory = await RackDirectory.open(dir, systemRandom)
  await writeFile(join(dir, 'credentials.json'), '{"clusterId":')
  await t.rejects(directory.credentials(), { code: 'STORAGE_DAMAGED' })
  await writeFile(join(dir, 'credentials.json'), '{"clusterId":"c"}')
  await t.rejects(directory.credentials(), { code: 'STORAGE_DAMAGED' })
  for (const text of ['', '{"version":1,"rackId":"../../x","incarnation":1,"regions":[]}', '[]']) {
    await writeFile(join(dir, 'rack.json'), text)
    await t.rejects(RackDirectory.open(dir, systemRandom), { code: 'STORAGE_DAMAGED' })
    t.equal(await readFile(join(dir, 'rack.json'), 'utf8'), text)
  }
})

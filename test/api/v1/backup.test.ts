// GET /api/v1/backup.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { describeBackup, readBackup } from '#storage/backup-file.ts'
import { ADMIN, PLAIN, startTestApi } from '#test/api/support/api.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

t.test('an administrator gets a whole backup with its revision', async (t) => {
  const api = await startTestApi(t)
  const response = await fetch(`${api.url}/api/v1/backup`, {
    headers: { authorization: api.sign(ADMIN) },
  })
  t.equal(response.status, 200)
  t.equal(response.headers.get('content-type'), 'application/vnd.ironraft.backup')
  const path = join(await temporaryDirectory(t), 'x.backup')
  await writeFile(path, Buffer.from(await response.arrayBuffer()))
  const { header } = await describeBackup(path)
  t.equal(String(header.revision), response.headers.get('x-revision'))
  let bytes = 0
  for await (const chunk of readBackup(path)) bytes += chunk.length
  t.ok(bytes > 100)
})

t.test('nobody else gets one, and no unknown parameter is passed over', async (t) => {
  const api = await startTestApi(t)
  t.equal((await api.ask('GET', '/api/v1/backup', { key: null })).status, 401)
  t.equal((await api.ask('GET', '/api/v1/backup', { key: PLAIN })).status, 403)
  t.equal((await api.ask('GET', '/api/v1/backup?from=3')).status, 400)
})

t.test('the next backup is served when the one before is read', async (t) => {
  const api = await startTestApi(t)
  for (let i = 0; i < 3; i++) {
    t.equal((await api.ask('GET', '/api/v1/backup')).status, 200)
  }
})

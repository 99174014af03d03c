// Pieces of uploads on the disk: after a restart, by two at once, and when pieces are lost.
import { createHash, randomBytes } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { BootUploads } from '#node/boot-uploads.ts'
import type { CommandOf } from '#state/command.ts'
import { makeImageRegion } from '#test/support/image-region.ts'

const CONTENT = randomBytes(100_000)
const SHA256 = createHash('sha256').update(CONTENT).digest('hex')
const BEGIN: CommandOf<'bootUpload.begin'> = {
  ...{ type: 'bootUpload.begin', name: 'custom/mine', architecture: 'amd64/generic' },
  ...{ title: '', kind: 'root-tgz', sha256: SHA256, sizeBytes: CONTENT.length },
  ...{ baseImage: '', version: '1' },
}

t.test('an upload goes on where it was after a restart', async (t) => {
  const { region, files, uploads, ok, state } = await makeImageRegion(t)
  const { id, uploadId } = await ok(BEGIN)
  await uploads.take(uploadId, CONTENT.subarray(0, 30_000), null)
  const again = new BootUploads(region, files)
  t.equal(await again.received(uploadId), 30_000)
  const taken = await again.take(uploadId, CONTENT.subarray(30_000), null)
  t.strictSame(taken, { receivedBytes: CONTENT.length, isComplete: true })
  t.equal(state().bootResources.get(id)?.files[0]?.sha256, SHA256)
  t.ok(await files.has(SHA256))
})

t.test('pieces sent side by side come one after the other', async (t) => {
  const { uploads, ok, files } = await makeImageRegion(t)
  const { uploadId } = await ok(BEGIN)
  const cuts = [0, 10_000, 40_000, 41_000, 100_000]
  await Promise.all(
    cuts.slice(1).map((end, at) => uploads.take(uploadId, CONTENT.subarray(cuts[at], end), null)),
  )
  t.ok(await files.has(SHA256))
})

t.test('a half upload is never served', async (t) => {
  const { uploads, ok, files, state } = await makeImageRegion(t)
  const { id, uploadId } = await ok(BEGIN)
  await uploads.take(uploadId, CONTENT.subarray(0, 99_999), null)
  t.equal(await files.open(SHA256), undefined)
  t.strictSame(state().bootResources.get(id)?.files, [])
  t.strictSame(await files.list(), [])
})

t.test('what ended between the name and the word to the cluster is said by the next', async (t) => {
  const { uploads, ok, files, directory, state } = await makeImageRegion(t)
  const { uploadId } = await ok(BEGIN)
  await uploads.take(uploadId, CONTENT.subarray(0, 50_000), null)
  const path = join(directory, 'uploads', String(uploadId))
  await writeFile(path, CONTENT)
  t.ok(await files.adopt(SHA256, path))
  const taken = await uploads.take(uploadId, CONTENT.subarray(50_000), null)
  t.ok(taken.isComplete)
  t.equal(state().bootUploads.size, 0)
})

t.test('pieces that the disk lost end the upload, clearly', async (t) => {
  const { uploads, ok, directory, state } = await makeImageRegion(t)
  const { uploadId } = await ok(BEGIN)
  await uploads.take(uploadId, CONTENT.subarray(0, 50_000), null)
  await rm(join(directory, 'uploads', String(uploadId)))
  const next = uploads.take(uploadId, CONTENT.subarray(50_000), null)
  await t.rejects(next, { code: 'CONFLICT', message: /begin it anew/ })
  t.equal(state().bootUploads.size, 0)
})

t.test('what no upload is about goes from the disk, at this region and at others', async (t) => {
  const { uploads, ok, directory } = await makeImageRegion(t)
  const { uploadId } = await ok(BEGIN)
  await uploads.take(uploadId, CONTENT.subarray(0, 50_000), null)
  await writeFile(join(directory, 'uploads', '77'), 'x')
  await uploads.sweep()
  t.strictSame(await readdir(join(directory, 'uploads')), [String(uploadId)])
  await ok({ type: 'bootUpload.drop', id: uploadId })
  await uploads.sweep()
  t.strictSame(await readdir(join(directory, 'uploads')), [])
})

t.test('a piece of another region’s upload is not taken', async (t) => {
  const { uploads, ok, directory } = await makeImageRegion(t)
  const { uploadId: id } = await ok(BEGIN)
  const regionId = 'region-2' as SystemId
  await ok({ type: 'bootUpload.report', id, regionId, receivedBytes: 0 })
  await t.rejects(uploads.take(id, CONTENT, null), { code: 'CONFLICT', message: /region-2/ })
  t.strictSame(await readdir(directory).catch(() => []), [])
})

t.test('bytes that are here already may be sent again, to the last piece', async (t) => {
  const { uploads, ok, files, state } = await makeImageRegion(t)
  await files.put(SHA256, Readable.from([CONTENT]))
  const { id, uploadId } = await ok(BEGIN)
  t.notOk((await uploads.take(uploadId, CONTENT.subarray(0, 50_000), null)).isComplete)
  t.ok((await uploads.take(uploadId, CONTENT.subarray(50_000), null)).isComplete)
  t.equal(state().bootResources.get(id)?.files[0]?.sha256, SHA256)
})

t.test('uploads leave the room that the log and the state keep', async (t) => {
  const { uploads, ok, withRoom } = await makeImageRegion(t)
  const { uploadId } = await ok(BEGIN)
  await uploads.take(uploadId, CONTENT.subarray(0, 50_000), null)
  withRoom(2 ** 30)
  const rest = () => uploads.take(uploadId, CONTENT.subarray(50_000), null)
  await t.rejects(rest(), { code: 'DISK_FULL' })
  t.equal(await uploads.received(uploadId), 50_000, 'it goes on when there is room')
  withRoom(2 ** 31)
  t.ok((await rest()).isComplete)
})

// Uploads in pieces, and what is kept of images that were replaced.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import type { CommandOf } from '#state/command.ts'
import { imageFor } from '#state/boot-image.ts'
import {
  BOOT_FILES_RETIRED_MAX,
  BOOT_FILES_RETIRED_MS,
  BOOT_UPLOAD_IDLE_MS,
  BOOT_UPLOADS_MAX,
} from '#state/limits.ts'
import { makeRoom, newImage } from '#test/support/life-cycle.ts'
import { contentOf, type Lab } from '#test/support/region-state.ts'

const A = 'aaaaaa' as SystemId
const B = 'bbbbbb' as SystemId
const C = 'cccccc' as SystemId

function begin(change: Partial<CommandOf<'bootUpload.begin'>> = {}): CommandOf<'bootUpload.begin'> {
  return {
    ...{ type: 'bootUpload.begin', name: 'custom/mine', architecture: 'amd64/generic' },
    ...{ title: 'Mine', kind: 'root-tgz', sha256: 'c'.repeat(64), sizeBytes: 100 },
    ...{ baseImage: 'ubuntu/jammy', version: '20261127.120000', ...change },
  }
}

const mine = (lab: Lab) => imageFor(lab.state, 'custom', 'mine', 'amd64/generic')

t.test('an upload is an image when it is whole, and only then', async (t) => {
  const lab = makeRoom()
  const { id, uploadId } = lab.ok(begin())
  t.strictSame(lab.state.bootResources.get(id)?.files, [])
  t.equal(mine(lab), undefined)
  lab.ok({ type: 'bootUpload.report', id: uploadId, regionId: A, receivedBytes: 50 })
  t.equal(mine(lab), undefined)
  lab.ok({ type: 'bootUpload.finish', id: uploadId, regionId: A })
  t.match(mine(lab), {
    resource: { title: 'Mine', version: '20261127.120000', baseImage: 'ubuntu/jammy' },
    root: { kind: 'root-tgz', sha256: 'c'.repeat(64), sizeBytes: 100 },
  })
  t.equal(lab.state.bootUploads.size, 0)
})

t.test('the region that took the first piece takes all of them', async (t) => {
  const lab = makeRoom()
  const { uploadId: id } = lab.ok(begin())
  lab.ok({ type: 'bootUpload.report', id, regionId: A, receivedBytes: 50 })
  const other = { type: 'bootUpload.report', id, regionId: B, receivedBytes: 60 } as const
  t.equal(lab.refused(other).code, 'CONFLICT')
  t.equal(lab.refused({ type: 'bootUpload.finish', id, regionId: B }).code, 'CONFLICT')
})

t.test('an upload that is given up goes, and a resource that had nothing else', async (t) => {
  const lab = makeRoom()
  const before = contentOf(lab.state, [...['sessions', 'sessionOutcomes', 'idempotency'], ...LATER])
  lab.ok(begin())
  lab.ok({ type: 'time.advance' }, BOOT_UPLOAD_IDLE_MS - 1)
  t.equal(lab.state.bootUploads.size, 1)
  lab.ok({ type: 'time.advance' }, 1)
  const after = contentOf(lab.state, [...['sessions', 'sessionOutcomes', 'idempotency'], ...LATER])
  t.equal(after, before)
})
/** What any command leaves. */
const LATER = ['events', 'auditEvents', 'counters']

t.test('wrong bytes leave the file that was there', async (t) => {
  const lab = makeRoom()
  lab.ok(newImage('custom/mine'))
  const { id, uploadId } = lab.ok(begin())
  lab.ok({ type: 'bootUpload.drop', id: uploadId })
  t.equal(lab.state.bootResources.get(id)?.files.length, 3)
})

t.test('a new upload takes the place of the one before', async (t) => {
  const lab = makeRoom()
  const first = lab.ok(begin())
  const second = lab.ok(begin({ sha256: 'd'.repeat(64) }))
  t.equal(second.id, first.id)
  t.strictSame([...lab.state.bootUploads.keys()], [second.uploadId])
})

t.test('bytes that the regions have need not be sent again', async (t) => {
  const lab = makeRoom()
  const [file] = newImage().files
  const known = { sha256: file?.sha256 ?? '', sizeBytes: file?.sizeBytes ?? 0 }
  lab.ok(begin(known))
  t.equal(lab.state.bootUploads.size, 1, 'a name in a row is no file')
  lab.ok({ type: 'bootFiles.report', nodeId: A, sha256s: [known.sha256] })
  lab.ok(begin({ sha256: file?.sha256 ?? '', sizeBytes: file?.sizeBytes ?? 0 }))
  t.equal(lab.state.bootUploads.size, 0)
  t.equal(mine(lab)?.root.sha256, file?.sha256)
})

const joined = (lab: Lab, id: SystemId): void => {
  const address = { host: '192.0.2.1', port: id.charCodeAt(0), apiUrl: `http://192.0.2.1/${id}` }
  lab.ok({ type: 'member.register', id, ...address })
}

t.test('what fewer than a quorum has is sent again: their disks may be lost', async (t) => {
  const lab = makeRoom()
  const [file] = newImage().files
  const known = { sha256: file?.sha256 ?? '', sizeBytes: file?.sizeBytes ?? 0 }
  for (const id of [A, B, C]) joined(lab, id)
  lab.ok({ type: 'bootFiles.report', nodeId: A, sha256s: [known.sha256] })
  lab.ok(begin(known))
  t.equal(lab.state.bootUploads.size, 1)
  lab.ok({ type: 'bootFiles.report', nodeId: C, sha256s: [known.sha256] })
  lab.ok(begin(known))
  t.equal(lab.state.bootUploads.size, 0)
})

t.test('a region that was removed has no files', async (t) => {
  const lab = makeRoom()
  for (const id of [A, B]) joined(lab, id)
  lab.ok({ type: 'bootFiles.report', nodeId: A, sha256s: ['a'] })
  lab.ok({ type: 'member.remove', id: A })
  const statusRevision = lab.state.members.get(A)?.statusRevision ?? 0
  lab.ok({ type: 'member.report', id: A, statusRevision, result: 'removed', note: '' })
  t.equal(lab.state.bootFileHolders.size, 0)
})

const WRONG = [
  { name: 'a name without a slash', change: { name: 'mine' } },
  { name: 'a path', change: { name: 'custom/../x' } },
  { name: 'no digest', change: { sha256: 'C'.repeat(64) } },
  { name: 'a negative size', change: { sizeBytes: -1 } },
  { name: 'an unknown kind', change: { kind: 'iso' as never } },
  { name: 'an architecture without a kernel', change: { architecture: 'amd64' } },
]
for (const { name, change } of WRONG) {
  t.test(`${name} is refused`, async (t) => {
    const lab = makeRoom()
    t.equal(lab.refused(begin(change)).code, 'VALIDATION')
  })
}

t.test('files of a replaced image are kept as long as a boot may take', async (t) => {
  const lab = makeRoom()
  const { id } = lab.ok(newImage('custom/mine'))
  const { uploadId } = lab.ok(begin())
  lab.ok({ type: 'bootUpload.finish', id: uploadId, regionId: A })
  t.equal(lab.state.bootResources.get(id)?.retired?.files.length, 3)
  lab.ok({ type: 'time.advance' }, BOOT_FILES_RETIRED_MS - 1)
  t.equal(lab.state.bootResources.get(id)?.retired?.files.length, 3)
  lab.ok({ type: 'time.advance' }, 1)
  t.equal(lab.state.bootResources.get(id)?.retired, undefined)
  t.equal(lab.state.bootResources.get(id)?.files.length, 1)
})

t.test('an upload lives as long as pieces come', async (t) => {
  const lab = makeRoom()
  const { uploadId: id } = lab.ok(begin())
  const piece = { type: 'bootUpload.report', id, regionId: A, receivedBytes: 1 } as const
  lab.ok(piece, BOOT_UPLOAD_IDLE_MS - 1)
  lab.ok({ type: 'time.advance' }, BOOT_UPLOAD_IDLE_MS - 1)
  t.equal(lab.state.bootUploads.size, 1)
  lab.ok({ type: 'time.advance' }, 1)
  t.equal(lab.state.bootUploads.size, 0)
})

t.test('uploads under way are bounded, and so are files of replaced images', async (t) => {
  const lab = makeRoom()
  for (let n = 0; n < BOOT_UPLOADS_MAX; n++) lab.ok(begin({ name: `custom/n${n}` }))
  t.equal(lab.refused(begin({ name: 'custom/more' })).code, 'OVERLOADED')
  const image = { name: 'custom/old', architecture: 'amd64/generic', title: '' }
  const files = (round: number) =>
    Array.from({ length: 64 }, (_, at) => {
      const sha256 = (round * 64 + at).toString(16).padStart(64, '0')
      return { kind: 'squashfs', filename: 'f', sha256, sizeBytes: 1 } as const
    })
  for (let round = 0; round < 4; round++) {
    lab.ok({ type: 'bootResource.put', ...image, files: files(round) })
  }
  const row = [...lab.state.bootResources.values()].find(({ name }) => name === 'custom/old')
  t.equal(row?.retired?.files.length, BOOT_FILES_RETIRED_MAX)
  t.equal(row?.retired?.files[0]?.sha256, files(2)[0]?.sha256, 'the newest stay')
})

t.test('a resource that is deleted takes its upload along', async (t) => {
  const lab = makeRoom()
  const { id } = lab.ok(begin())
  lab.ok({ type: 'bootResource.delete', id })
  t.equal(lab.state.bootUploads.size, 0)
})

t.test('what a region says after it was removed is not kept', async (t) => {
  const lab = makeRoom()
  for (const id of [A, B]) joined(lab, id)
  lab.ok({ type: 'member.remove', id: A })
  const statusRevision = lab.state.members.get(A)?.statusRevision ?? 0
  lab.ok({ type: 'member.report', id: A, statusRevision, result: 'removed', note: '' })
  lab.ok({ type: 'bootFiles.report', nodeId: A, sha256s: ['a'] })
  t.equal(lab.state.bootFileHolders.size, 0)
})

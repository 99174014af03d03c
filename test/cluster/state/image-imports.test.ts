// The import's row: wanted, claimed by one region, reported on by that one alone.
import t from 'tap'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { CommandOf } from '#state/command.ts'
import { IMPORT_SILENT_MS } from '#state/limits.ts'
import { dump, restore } from '#state/snapshot.ts'
import { addMachine, bring, makeRoom, newImage } from '#test/support/life-cycle.ts'
import type { Lab } from '#test/support/region-state.ts'

const A = 'aaaaaa' as SystemId
const B = 'bbbbbb' as SystemId
const PROGRESS = { message: 'x', doneBytes: 1, totalBytes: 2 }

const row = (lab: Lab) => lab.state.imageImports.get('import')

function claimed(lab: Lab, regionId = A): number {
  lab.ok({ type: 'imageImport.start' })
  return lab.ok({ type: 'imageImport.claim', regionId }).fence
}

function sync(
  fence: number,
  change: Partial<CommandOf<'bootResource.sync'>> = {},
): CommandOf<'bootResource.sync'> {
  return {
    ...{ type: 'bootResource.sync', fence, name: 'ubuntu/noble', architecture: 'amd64/generic' },
    ...{ title: 'Noble', subarches: ['ga-24.04'], version: '1', label: 'stable', sourceId: 1 },
    ...{ files: newImage().files, ...change },
  }
}

t.test('an import that is under way is not begun twice', async (t) => {
  const lab = makeRoom()
  claimed(lab)
  lab.ok({ type: 'imageImport.start' })
  t.match(row(lab), { number: 1, status: 'running' })
})

t.test('one region has it, until it falls silent; then what it says is refused', async (t) => {
  const lab = makeRoom()
  const fence = claimed(lab)
  t.equal(lab.refused({ type: 'imageImport.claim', regionId: B }).code, 'CONFLICT')
  lab.ok({ type: 'imageImport.report', fence, ...PROGRESS }, IMPORT_SILENT_MS)
  t.equal(
    lab.refused({ type: 'imageImport.claim', regionId: B }, IMPORT_SILENT_MS - 1).code,
    'CONFLICT',
  )
  const next = lab.ok({ type: 'imageImport.claim', regionId: B }, 1).fence
  t.not(next, fence)
  t.equal(lab.refused({ type: 'imageImport.report', fence, ...PROGRESS }).code, 'CONFLICT')
  t.equal(lab.refused(sync(fence)).code, 'CONFLICT')
  t.equal(lab.refused({ type: 'bootResource.prune', fence, keep: [] }).code, 'CONFLICT')
  const end = { type: 'imageImport.end', fence, result: 'done', message: '' } as const
  t.equal(lab.refused(end).code, 'CONFLICT')
  t.equal(row(lab)?.regionId, B)
})

t.test('a region that began anew may go on at once, with another fence', async (t) => {
  const lab = makeRoom()
  const fence = claimed(lab)
  const again = lab.ok({ type: 'imageImport.claim', regionId: A }).fence
  t.equal(lab.refused(sync(fence)).code, 'CONFLICT')
  lab.ok(sync(again))
})

t.test('its end is an event, and it may be begun again', async (t) => {
  const lab = makeRoom()
  const fence = claimed(lab)
  lab.ok({ type: 'imageImport.end', fence, result: 'failed', message: 'The disk is full.' })
  t.match(row(lab), { status: 'failed', message: 'The disk is full.' })
  const last = [...lab.state.events.values()].at(-1)
  t.match(last, { level: 'ERROR', type: 'Region import error', description: 'The disk is full.' })
  t.not(claimed(lab), fence)
  t.equal(row(lab)?.number, 2)
})

t.test('what nobody works on is stopped at once, else the region is asked to', async (t) => {
  const lab = makeRoom()
  lab.ok({ type: 'imageImport.stop' })
  t.equal(row(lab), undefined)
  lab.ok({ type: 'imageImport.start' })
  lab.ok({ type: 'imageImport.stop' })
  t.equal(row(lab)?.status, 'stopped')
  claimed(lab)
  lab.ok({ type: 'imageImport.stop' })
  t.match(row(lab), { status: 'running', isStopping: true })
})

t.test('an unchanged version writes nothing; an uploaded image is not replaced', async (t) => {
  const lab = makeRoom()
  const fence = claimed(lab)
  const { id } = lab.ok(sync(fence))
  const before = lab.state.bootResources.get(id)
  lab.ok(sync(fence))
  t.equal(lab.state.bootResources.get(id), before)
  lab.ok(sync(fence, { version: '2' }))
  t.equal(lab.state.bootResources.get(id)?.version, '2')
  t.equal(lab.refused(sync(fence, { name: 'debian/bookworm' })).code, 'CONFLICT')
  t.equal(lab.refused(sync(fence, { name: 'a/../b' })).code, 'VALIDATION')
})

t.test('what no source offers goes, unless it is uploaded or being installed', async (t) => {
  const lab = makeRoom()
  lab.ok({ type: 'config.put', name: 'default_osystem', value: 'debian' })
  const debian = lab.state.bootResourcesByName.first('debian/bookworm amd64/generic')
  lab.ok({ type: 'bootResource.delete', id: debian?.id as never })
  const fence = claimed(lab)
  const used = lab.ok(sync(fence, { name: 'debian/bookworm' })).id
  const unused = lab.ok(sync(fence)).id
  const own = lab.ok(newImage('custom/mine')).id
  bring(lab, addMachine(lab, 1), S.DEPLOYING)
  lab.ok({ type: 'bootResource.prune', fence, keep: [] }, 0)
  t.strictSame(
    [used, unused, own].map((id) => lab.state.bootResources.has(id)),
    [true, false, true],
  )
})

t.test('who has which file is told by each region; who is removed is forgotten', async (t) => {
  const lab = makeRoom()
  const address = { host: '192.0.2.1', port: 1, apiUrl: 'http://192.0.2.1:2' }
  lab.ok({ type: 'member.register', id: A, ...address })
  lab.ok({ type: 'bootFiles.report', nodeId: A, sha256s: ['a'] })
  lab.ok({ type: 'bootFiles.report', nodeId: B, sha256s: ['b'] })
  t.strictSame([...lab.state.bootFileHolders.keys()], [A, B])
  const removed = { ...lab.state.members.get(A), status: 'removed' } as never
  lab.state.load('members', A, removed)
  lab.ok({ type: 'bootFiles.report', nodeId: B, sha256s: [] })
  t.strictSame([...lab.state.bootFileHolders.keys()], [B])
})

t.test(
  'what is there already is not written again, also on a replica that was restored',
  async (t) => {
    const lab = makeRoom()
    const fence = claimed(lab)
    const { id } = lab.ok(sync(fence))
    const before = lab.state.bootResources.get(id)
    lab.ok(sync(fence))
    t.equal(lab.state.bootResources.get(id), before)
    lab.state = restore(dump(lab.state))
    const restored = lab.state.bootResources.get(id)
    lab.ok(sync(fence))
    t.equal(lab.state.bootResources.get(id), restored)
  },
)

// images-sync-progress/: which region has which file of which image, in MAAS's shape (3.x). There regions tell it by
// this call; here each says so by a command of its own, so that writing changes nothing.
import type { BootFile, BootResource } from '#model/boot.ts'
import type { SystemId } from '#model/ids.ts'
import type { RegionState } from '#state/state.ts'
import { json, text } from '../call.ts'
import { notFound } from '../errors.ts'
import { flag } from '../params.ts'
import { create, read, taking, takingNothing, update, type Resource } from '../resource.ts'
import { parseId } from '../specifiers.ts'

/** Files of a resource, at most: what its id is multiplied with. */
const FILES = 64

type Numbered = { readonly id: number; readonly file: BootFile }

function numbered(rows: Iterable<BootResource>): readonly Numbered[] {
  return [...rows].flatMap(({ id, files }) =>
    files.map((file, at) => ({ id: id * FILES + at, file })),
  )
}

function holdersOf(state: RegionState, { sha256 }: BootFile): readonly SystemId[] {
  const holders = [...state.bootFileHolders.values()]
  return holders.filter(({ sha256s }) => sha256s.includes(sha256)).map(({ nodeId }) => nodeId)
}

const IGNORED = 'Regions tell by themselves which files they have.'

export const IMAGES_SYNC_PROGRESS: readonly Resource[] = [
  {
    ...{ name: 'ImagesSyncProgressHandler', path: 'images-sync-progress/' },
    doc: 'Show which region has which file.',
    actions: [
      taking(
        { sources: flag('With the regions that have each file.') },
        (run) => read('admin', 'List the files of images.', run),
        async (call, { sources }) => {
          const state = await call.state()
          const shown = numbered(state.bootResources.values()).map(({ id, file }) => {
            const { sha256, sizeBytes: size } = file
            const more = sources === true ? { sources: holdersOf(state, file) } : {}
            return [id, { sha256, size, ...more }]
          })
          return json(Object.fromEntries(shown))
        },
      ),
      takingNothing(create('admin', IGNORED, () => text('OK'))),
    ],
  },
  {
    ...{ name: 'ImageSyncProgressHandler', path: 'images-sync-progress/{file_id}/{system_id}/' },
    doc: 'Show how much of a file a region has.',
    actions: [
      read('admin', 'Show how much of the file the region has.', async (call) => {
        const state = await call.state()
        const id = parseId(call.param('file_id'))
        const found = numbered(state.bootResources.values()).find((each) => each.id === id)
        if (found === undefined) throw notFound('BootResourceFile')
        const systemId = call.param('system_id') as SystemId
        const isThere = holdersOf(state, found.file).includes(systemId)
        return json({ ...{ file: id, region: systemId }, size: isThere ? found.file.sizeBytes : 0 })
      }),
      takingNothing(update('admin', IGNORED, () => text('OK'))),
    ],
  },
]

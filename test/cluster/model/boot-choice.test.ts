// The choice of an image does not hang on the order of the rows, and every root kind has a way to be installed.
import fc from 'fast-check'
import t from 'tap'
import { BOOT_FILE_KINDS, isRootKind, ROOT_KINDS, type BootResource } from '#model/boot.ts'
import { chooseDeployImage, chooseEphemeral } from '#model/boot-choice.ts'

const row = fc.record({
  name: fc.constantFrom('debian/bookworm', 'ubuntu/jammy', 'custom/a'),
  architecture: fc.constantFrom('amd64/generic', 'amd64/ga', 'arm64/generic'),
  kinds: fc.subarray([...BOOT_FILE_KINDS]),
  subarches: fc.subarray(['generic', 'ga', 'hwe']),
})

const rows = fc.array(row, { maxLength: 8 }).map((all) =>
  all.map(({ kinds, ...rest }, at): BootResource => {
    const files = kinds.map((kind) => ({ kind, filename: kind, sha256: '', sizeBytes: 1 }))
    const id = (at + 1) as BootResource['id']
    return { ...rest, id, title: '', type: 'Uploaded', files, updatedWall: 0 }
  }),
)

t.test('regions and racks choose the same, however their rows came', async (t) => {
  const property = fc.property(
    rows.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    ),
    ([some, shuffled]) => {
      for (const choose of [chooseDeployImage, chooseEphemeral]) {
        const [one, other] = [some, shuffled].map((each) =>
          choose(each, 'ubuntu/jammy', 'amd64/generic'),
        )
        if (one?.resource.id !== other?.resource.id) return false
        if (one !== undefined && !one.resource.architecture.startsWith('amd64/')) return false
      }
      return true
    },
  )
  fc.assert(property)
  t.pass()
})

t.test('root images are told from the rest', async (t) => {
  const roots = BOOT_FILE_KINDS.filter(isRootKind)
  t.strictSame(roots, Object.keys(ROOT_KINDS))
  t.equal(ROOT_KINDS['root-dd'], 'ddtgz')
  t.notOk(isRootKind('bootloader'))
})

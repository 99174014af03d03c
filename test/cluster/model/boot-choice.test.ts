// The choice of an image does not hang on the order of the rows, and every root kind has a way to be installed.
import fc from 'fast-check'
import t from 'tap'
import {
  BOOT_FILE_KINDS,
  isRootKind,
  ROOT_KINDS,
  type BootFile,
  type BootResource,
} from '#model/boot.ts'
import { chooseDeployImage, chooseEphemeral, chooseMemoryImage } from '#model/boot-choice.ts'

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

t.test(
  'from memory runs the very release that was asked for, whole, with an initrd of ours',
  (t) => {
    const resource = (
      id: number,
      name: string,
      kinds: readonly BootFile['kind'][],
    ): BootResource => ({
      ...{ id: id as BootResource['id'], name, architecture: 'amd64/generic', title: '' },
      ...{ type: 'Uploaded', updatedWall: 0 },
      files: kinds.map((kind) => ({ kind, filename: kind, sha256: '', sizeBytes: 1 })),
    })
    const whole = ['boot-kernel', 'boot-initrd', 'squashfs'] as const
    const all = [
      resource(1, 'debian/bookworm', whole),
      resource(2, 'custom/mine', whole),
      resource(3, 'ubuntu/jammy', whole),
      ...whole.map((left, at) =>
        resource(
          4 + at,
          `debian/no-${left}`,
          whole.filter((kind) => kind !== left),
        ),
      ),
      resource(7, 'debian/archive', ['boot-kernel', 'boot-initrd', 'root-tgz']),
    ]
    const chosen = (name: string, architecture = 'amd64/ga') =>
      chooseMemoryImage(all, name, architecture)?.resource.name
    t.equal(chosen('debian/bookworm'), 'debian/bookworm')
    t.equal(chosen('custom/mine'), 'custom/mine')
    t.equal(chosen('debian/bookworm', 'arm64/generic'), undefined)
    t.equal(chosen('debian/trixie'), undefined, 'no other one in its place')
    t.equal(chosen('ubuntu/jammy'), undefined, 'its initrd knows nothing of ours')
    for (const { name } of all.slice(3)) t.equal(chosen(name), undefined, name)
    t.end()
  },
)

t.test('root images are told from the rest', async (t) => {
  const roots = BOOT_FILE_KINDS.filter(isRootKind)
  t.strictSame(roots, Object.keys(ROOT_KINDS))
  t.equal(ROOT_KINDS['root-dd'], 'ddtgz')
  t.notOk(isRootKind('bootloader'))
})

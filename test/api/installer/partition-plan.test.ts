// Where partitions lie: arithmetic, and sfdisk's own word on it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import {
  addedEsp,
  fitsDisk,
  formatSfdisk,
  isEsp,
  planTable,
} from '#api/installer/partition-plan.ts'
import { testFilesystem, testPartition } from '../../support/install-inputs.ts'

// Starts programs: on a busy host each takes a while.
t.setTimeout(120_000)

const MIB = 2 ** 20
const root = testPartition(2, 1000, testFilesystem(2, 'ext4', '/'))
const esp = testPartition(1, 64, testFilesystem(1, 'fat32', '/boot/efi'))
const five = [1, 2, 3, 4, 5].map((id) => testPartition(id, 100, null))

t.test(
  'partitions lie one after another from 4 MiB on; GRUB for BIOS lies before them',
  async (t) => {
    const plan = planTable({ type: 'GPT', partitions: [esp, root] }, true)
    t.same(
      plan.partitions.map(({ number, startMib, sizeMib, kind }) => [
        number,
        startMib,
        sizeMib,
        kind,
      ]),
      [
        [1, 4, 64, 'esp'],
        [2, 68, 1000, 'data'],
        [3, 1, 3, 'bios-boot'],
      ],
    )
    t.equal(plan.endMib, 1068)
    const other = planTable({ type: 'GPT', partitions: [esp, root] }, false)
    t.equal(other.partitions.length, 2)
    t.equal(planTable({ type: 'MBR', partitions: [root] }, true).partitions.length, 1)
  },
)

t.test('a fifth partition of an MBR makes the fourth extended', async (t) => {
  const plan = planTable({ type: 'MBR', partitions: five }, true)
  t.same(
    plan.partitions.map(({ number, startMib, sizeMib, kind }) => [number, startMib, sizeMib, kind]),
    [
      [1, 4, 100, 'data'],
      [2, 104, 100, 'data'],
      [3, 204, 100, 'data'],
      [4, 304, 200, 'extended'],
      [5, 305, 99, 'data'],
      [6, 405, 99, 'data'],
    ],
  )
})

t.test('a FAT filesystem is an EFI system partition when bootable or at /boot/efi', async (t) => {
  t.ok(isEsp(esp))
  t.ok(isEsp({ ...testPartition(1, 64, testFilesystem(1, 'vfat', null)), bootable: true }))
  t.notOk(isEsp(testPartition(1, 64, testFilesystem(1, 'vfat', '/data'))))
  t.notOk(isEsp({ ...root, bootable: true }))
})

t.test('an EFI system partition is added behind the others where 64 MiB are free', async (t) => {
  const plan = planTable({ type: 'GPT', partitions: [root] }, true)
  t.match(addedEsp(plan, (1004 + 65) * MIB), { number: 3, startMib: 1004, sizeMib: 64 })
  t.equal(addedEsp(plan, (1004 + 64) * MIB), undefined)
  const full = planTable({ type: 'MBR', partitions: five.slice(0, 4) }, true)
  t.equal(addedEsp(full, 10_000 * MIB), undefined, 'MBR has no fifth')
})

t.test('the last MiB of a GPT disk is its second table', async (t) => {
  const plan = planTable({ type: 'GPT', partitions: [root] }, true)
  t.ok(fitsDisk(plan, 1005 * MIB))
  t.notOk(fitsDisk(plan, 1005 * MIB - 1))
  t.ok(fitsDisk(planTable({ type: 'MBR', partitions: [root] }, true), 1004 * MIB))
})

function hasSfdisk(): boolean {
  try {
    execFileSync('sfdisk', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

t.test('sfdisk takes them', { skip: hasSfdisk() ? false : 'no sfdisk here' }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'ironraft-sfdisk-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const cases = [
    { type: 'GPT', partitions: [esp, root], size: 1069 },
    { type: 'MBR', partitions: [{ ...five[0]!, bootable: true }, ...five.slice(1)], size: 504 },
  ] as const
  for (const { type, partitions, size } of cases) {
    const disk = join(directory, type)
    writeFileSync(disk, '')
    truncateSync(disk, size * MIB)
    const plan = planTable({ type, partitions }, true)
    t.ok(fitsDisk(plan, size * MIB))
    execFileSync('sfdisk', ['-q', disk], { input: formatSfdisk(type, plan.partitions) })
    const told = JSON.parse(execFileSync('sfdisk', ['-J', disk], { encoding: 'utf8' })) as {
      readonly partitiontable: { readonly partitions: readonly { readonly start: number }[] }
    }
    t.same(
      told.partitiontable.partitions.map(({ start }) => start / 2048),
      plan.partitions.map(({ startMib }) => startMib),
    )
  }
})

// Finding the right disk, or none: functions of the script run by sh with a machine made of words.
import t, { type Test } from 'tap'
import { DISK_FUNCTIONS } from '#api/installer/disk-functions.ts'
import { runShell } from '../../support/shell-run.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

// Starts programs: on a busy host each takes a while.
t.setTimeout(120_000)

const MACHINE = `
DISKS= FIRMWARE=bios TARGET=$PWD/target WORK=$PWD
say() { echo "$*"; }
fail() { echo "FAILED: $*"; exit 1; }
whole_disks() { printf 'sda\\nsdb\\nsdc\\n'; }
serials_of() {
  case $1 in
    sda) printf 'S-ONE\\nQEMU_S-ONE\\n' ;;
    sdb) printf '  S-TWO  \\n' ;;
    sdc) printf 'S-TWO\\n' ;;
  esac
}
readlink() { case $2 in */ata-one) echo /dev/sda ;; *) echo "$2" ;; esac; }
lsblk() { :; }
blockdev() { case $1 in --getsize64) echo 1000 ;; --getro) echo 0 ;; esac; }
`
/** The machine's block devices are words: `[ -b … ]` asks `is_block`. */
const FUNCTIONS = DISK_FUNCTIONS.replaceAll(/\[ -b ("[^"]*") \]/g, 'is_block $1')
const BLOCKS = `is_block() {
  case $1 in /dev/sd[abc] | /dev/disk/by-id/ata-one) true ;; *) false ;; esac
}
`

async function run(t: Test, line: string) {
  const cwd = await temporaryDirectory(t)
  return runShell(`${FUNCTIONS}\n${MACHINE}\n${BLOCKS}\n${line}`, { cwd })
}

const cases: readonly (readonly [string, string, RegExp])[] = [
  ['by path', 'find_disk /dev/disk/by-id/ata-one WRONG sdb 1000; echo is $FOUND', /is \/dev\/sda/],
  ['by serial', "find_disk '' S-ONE sdb 1000; echo is $FOUND", /is \/dev\/sda/],
  [
    'by serial when the path moved',
    'find_disk /gone S-ONE x 1000; echo is $FOUND',
    /is \/dev\/sda/,
  ],
  [
    'by name, when it has nothing else',
    "find_disk '' '' sdb 1000; echo is $FOUND",
    /is \/dev\/sdb/,
  ],
  ['of unknown size', "find_disk '' S-ONE x 0; echo is $FOUND", /is \/dev\/sda/],
  ['never by name when it has a serial', "find_disk '' S-NINE sdb 1000", /FAILED.*not there/],
  ['never by name when it has a path', "find_disk /gone '' sdb 1000", /FAILED.*not there/],
  ['not by a serial that two disks have', "find_disk '' S-TWO sdb 1000", /FAILED.*more than once/],
  ['not by a part of a serial', "find_disk '' S-ON sda 1000", /FAILED.*not there/],
  ['not with another size', "find_disk '' S-ONE sda 1001", /FAILED.*has 1000 bytes, not the 1001/],
  [
    'not twice',
    "DISKS=' /dev/sda'; find_disk '' S-ONE sda 1000",
    /FAILED: two disks of the layout are one/,
  ],
  [
    'not the one the system runs from',
    "lsblk() { printf '\\n/\\n'; }; find_disk '' S-ONE sda 1000",
    /FAILED.*runs from/,
  ],
  [
    'not when read-only',
    "blockdev() { [ $1 = --getro ] && echo 1 || echo 1000; }; find_disk '' S-ONE sda 1000",
    /FAILED.*read-only/,
  ],
]

for (const [name, line, expected] of cases) {
  t.test(`a disk is found ${name}`, async (t) => {
    const { stdout, stderr, status } = await run(t, line)
    t.match(stdout, expected, stderr)
    t.equal(status, stdout.includes('FAILED') ? 1 : 0)
    if (status === 1 && !line.includes('DISKS')) t.match(stdout, 'nothing was written')
  })
}

t.test('partitions of disks whose names end in a digit have a p', async (t) => {
  const line = 'is_block() { true; }; part /dev/sda 2; part /dev/nvme0n1 3; part /dev/md0 1'
  t.equal((await run(t, line)).stdout, '/dev/sda2\n/dev/nvme0n1p3\n/dev/md0p1\n')
})

t.test('UEFI without an EFI system partition stops; a missing program stops', async (t) => {
  t.equal((await run(t, 'uefi_needs_esp')).status, 0)
  t.match((await run(t, 'FIRMWARE=uefi; uefi_needs_esp')).stdout, /FAILED.*EFI system partition/)
  t.equal((await run(t, 'tools sh cat')).status, 0)
  t.match((await run(t, 'tools sh no-such-program')).stdout, /FAILED.*no no-such-program/)
})

t.test('a volume group of the same name on a disk of others stops', async (t) => {
  const line = 'lsblk() { echo /dev/sdz; }; pvs() { echo "  /dev/sdz1"; }'
  t.match((await run(t, `${line}; volume_group_is_ours vg`)).stdout, /FAILED.*vg is on \/dev\/sdz1/)
  t.equal((await run(t, `${line}; DISKS=' /dev/sdz'; volume_group_is_ours vg`)).status, 0)
})

t.test('a volume takes what is free when an extent per member is missing', async (t) => {
  const lvm = 'vgs() { echo "  $FREE"; }; lvcreate() { echo "$*"; }; settle() { :; }'
  const make = async (free: number) =>
    (await run(t, `${lvm}; FREE=${free}; make_volume vg lv 100 2`)).stdout
  t.match(await make(200), /-l 100 vg/)
  t.match(await make(98), /-l 98 vg/)
  t.match(await make(97), /-l 100 vg/, 'lvcreate itself shall refuse')
})

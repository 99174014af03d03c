// Images and disks: functions of the script run by sh on files in place of disks.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { IMAGE_FUNCTIONS } from '#api/installer/image-functions.ts'
import { runShell } from '../../support/shell-run.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

// Starts programs: on a busy host each takes a while.
t.setTimeout(120_000)

const MIB = 2 ** 20
const content = Buffer.alloc(3 * MIB + 12_345, 'what the disk shall hold; ')
const packed = gzipSync(content)
const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** `served` is what the network gives, whatever was asked for; memory as told. */
async function makeBench(t: Test, served: Buffer, hasMemory: boolean) {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'served'), served)
  await writeFile(join(directory, 'disk'), Buffer.alloc(5 * MIB))
  const stubs = `
mkdir -p work/memory target
WORK=$PWD/work TARGET=$PWD/target BOOT_DISK=$PWD/disk IMAGE=
say() { echo "$*"; }
fail() { echo "FAILED: $*"; exit 1; }
has_memory() { ${hasMemory}; }
in_memory() { IMAGE=$WORK/memory/image; }
mountpoint() { false; }
blockdev() { :; }
settle() { :; }
clear_disk() { echo "cleared $1"; }
fetch() {
  cat served
  [ "$(sha256sum <served | cut -c 1-64)" = "$1" ]
}
`
  return {
    directory,
    run: (line: string) => runShell(`${IMAGE_FUNCTIONS}\n${stubs}\n${line}`, { cwd: directory }),
    disk: () => readFile(join(directory, 'disk')),
  }
}

for (const hasMemory of [true, false]) {
  const where = hasMemory ? 'memory' : 'a stream'

  t.test(`a disk image from ${where} is on the disk, byte for byte`, async (t) => {
    const bench = await makeBench(t, packed, hasMemory)
    const { status, stdout, stderr } = await bench.run(
      `write_disk ${sha(packed)} ${packed.length} gzip -dc`,
    )
    t.equal(status, 0, stdout + stderr)
    t.ok((await bench.disk()).subarray(0, content.length).equals(content))
  })

  t.test(`a wrong disk image from ${where} never has a start on the disk`, async (t) => {
    const bench = await makeBench(t, packed, hasMemory)
    const { status, stdout } = await bench.run(
      `write_disk ${'0'.repeat(64)} ${packed.length} gzip -dc`,
    )
    t.equal(status, 1)
    t.match(stdout, /FAILED: the image was/)
    const first = (await bench.disk()).subarray(0, MIB)
    t.ok(first.equals(Buffer.alloc(MIB)), 'its first MiB was not written')
    if (!hasMemory) t.match(stdout, /cleared/)
  })
}

t.test('an image that cannot be decompressed is refused', async (t) => {
  const bench = await makeBench(t, packed.subarray(0, packed.length >> 1), false)
  const sum = sha(packed.subarray(0, packed.length >> 1))
  const { status, stdout } = await bench.run(`write_disk ${sum} 99 gzip -dc`)
  t.equal(status, 1)
  t.match(stdout, /refused.*decompressing/)
  t.ok((await bench.disk()).subarray(0, MIB).equals(Buffer.alloc(MIB)))
})

t.test('a root filesystem is fetched into memory or onto the new root', async (t) => {
  for (const hasMemory of [true, false]) {
    const bench = await makeBench(t, packed, hasMemory)
    const got = await bench.run(`get_image ${sha(packed)} 1; echo "$IMAGE"`)
    t.equal(got.status, 0)
    t.match(got.stdout, hasMemory ? /work\/memory\/image/ : /target\/\.ironraft-image/)
    const forgotten = await bench.run('IMAGE=$TARGET/.ironraft-image; forget_image; ls -A target')
    t.equal(forgotten.stdout, '')
  }
})

t.test('a wrong root filesystem stops the script before anything unpacks it', async (t) => {
  const bench = await makeBench(t, packed, true)
  const { status, stdout } = await bench.run(`get_image ${'0'.repeat(64)} 1; echo unpacking`)
  t.equal(status, 1)
  t.notMatch(stdout, /unpacking/)
})

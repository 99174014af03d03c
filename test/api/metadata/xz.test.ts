// The archives that machines fetch are what the host's own tools read.
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeTar } from '#api/metadata/tar.ts'
import { storeXz } from '#api/metadata/xz.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const has = (tool: string): boolean => spawnSync(tool, ['--version']).status === 0
const withXz = has('xz') ? {} : { skip: 'no xz here' }
const bytes = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 7) & 0xff)

for (const length of [0, 1, 3, 65_535, 65_536, 65_537, 200_000]) {
  t.test(`xz reads ${length} stored bytes`, withXz, async (t) => {
    const content = bytes(length)
    const packed = storeXz(content)
    t.equal(packed.length % 4, 0)
    const file = join(await temporaryDirectory(t), 'a.xz')
    writeFileSync(file, packed)
    execFileSync('xz', ['--test', file])
    t.same(execFileSync('xz', ['--decompress', '--stdout', file]), Buffer.from(content))
  })
}

t.test('a changed byte is found', withXz, async (t) => {
  const packed = Buffer.from(storeXz(bytes(1_000)))
  packed[100] = (packed[100] ?? 0) ^ 1
  const file = join(await temporaryDirectory(t), 'a.xz')
  writeFileSync(file, packed)
  t.not(spawnSync('xz', ['--test', file]).status, 0)
})

const FILES = [
  { path: 'index.json', content: Buffer.from('{}\n') },
  { path: 'testing/empty', content: new Uint8Array(0), mode: 0o755 },
  { path: `${'d'.repeat(90)}/${'f'.repeat(90)}`, content: bytes(513) },
]

t.test('tar reads names, sizes, permissions and contents', async (t) => {
  const file = join(await temporaryDirectory(t), 'a.tar')
  writeFileSync(file, makeTar(FILES, 1_700_000_000_000))
  const listed = execFileSync('tar', ['--list', '--verbose', '--file', file], { encoding: 'utf8' })
  t.match(listed, /-rw-r--r-- root\/root +3 .* index\.json/)
  t.match(listed, /-rwxr-xr-x root\/root +0 .* testing\/empty/)
  for (const { path, content } of FILES) {
    const read = execFileSync('tar', ['--extract', '--to-stdout', '--file', file, path])
    t.same(read, Buffer.from(content), path)
  }
})

t.test('a path that tar cannot hold is refused', async (t) => {
  const path = 'x'.repeat(101)
  t.throws(() => makeTar([{ path, content: new Uint8Array(0) }], 0), /too long a path/)
})

const python = has('python3') ? {} : { skip: 'no python3 here' }
t.test('Python’s tarfile reads tar.xz', python, async (t) => {
  const file = join(await temporaryDirectory(t), 'a.tar.xz')
  writeFileSync(file, storeXz(makeTar(FILES, 1_700_000_000_000)))
  const code =
    'import sys, tarfile\nfor m in tarfile.open(sys.argv[1], "r:xz"): print(m.name, m.size, m.mtime)'
  const run = spawnSync('python3', ['-c', code, file], { encoding: 'utf8' })
  if (/lzma|xz is not available/i.test(run.stderr)) {
    t.comment('this Python was built without lzma')
    return
  }
  t.match(run.stdout, /^index\.json 3 1700000000\ntesting\/empty 0 1700000000\n/)
})

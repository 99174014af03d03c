// What goes into the Debian image; that it boots is shown by `test/lab/ephemeral.test.ts`.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { bootstrapArguments, DEBIAN_SOURCES } from '#tools/images/debian.ts'
import { writeImage } from '#tools/images/built-image.ts'
import { longTool, tool } from '#tools/images/run-tool.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const OPTIONS = {
  out: '/out',
  mirror: 'http://192.0.2.1/debian',
  securityMirror: 'http://192.0.2.1/security',
  epochSeconds: 1,
  say: () => {},
}
const packagesOf = (variant: 'small' | 'full'): readonly string[] => {
  const args = bootstrapArguments('/root.tar', { ...OPTIONS, variant })
  return (args.find((each) => each.startsWith('--include='))?.slice(10) ?? '').split(',')
}

t.test('both variants hold what boots, installs and tells', async (t) => {
  for (const variant of ['small', 'full'] as const) {
    const packages = packagesOf(variant)
    for (const name of [
      'cloud-init',
      'python3-oauthlib',
      'openssh-server',
      'curl',
      'squashfs-tools',
    ]) {
      t.ok(packages.includes(name), `${variant}: ${name}`)
    }
    for (const name of ['mdadm', 'lvm2', 'bcache-tools', 'shim-signed', 'grub-pc-bin']) {
      t.ok(packages.includes(name), `${variant}: ${name}`)
    }
    t.equal(new Set(packages).size, packages.length, 'each once')
    t.equal(packages.filter((name) => name.startsWith('linux-image-')).length, 1, 'one kernel')
  }
  t.notOk(packagesOf('small').includes('smartmontools'))
  t.ok(packagesOf('full').includes('lldpd'))
})

t.test('everything comes from the mirrors that were named', async (t) => {
  const args = bootstrapArguments('/root.tar', { ...OPTIONS, variant: 'small' })
  t.same(args.slice(-5), [
    'bookworm',
    '/root.tar',
    'deb http://192.0.2.1/debian bookworm main',
    'deb http://192.0.2.1/debian bookworm-updates main',
    'deb http://192.0.2.1/security bookworm-security main',
  ])
})

t.test('the scripts of the image are POSIX shell that parses', async (t) => {
  // `seed` is Python, and run by a test of its own.
  for (const path of DEBIAN_SOURCES.filter((name) => !/\.ts$|\/seed$/.test(name))) {
    await tool('sh', ['-n', path])
    t.notMatch(await readFile(path, 'utf8'), /\[\[|^\s*local\b|function /m, path)
  }
})

t.test('an image is described by the digest and size of each file', async (t) => {
  const out = join(await temporaryDirectory(t), 'out')
  await mkdir(out)
  await writeFile(join(out, 'squashfs'), 'abc')
  await writeImage(out, { name: 'debian/bookworm', title: 'T', kinds: ['squashfs'] })
  t.same(JSON.parse(await readFile(join(out, 'image.json'), 'utf8')), {
    ...{ name: 'debian/bookworm', architecture: 'amd64/generic', title: 'T' },
    files: [
      {
        ...{ kind: 'squashfs', filename: 'squashfs', size_bytes: 3 },
        sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      },
    ],
  })
})

t.test('a tool that is missing or fails is said in one sentence', async (t) => {
  const quiet = { env: process.env, say: () => {} }
  const failing = ['-c', 'echo first >&2; echo E: no such mirror. >&2; exit 3']
  const missing = 'mmdebstrap-none a is not installed.'
  await t.rejects(tool('mmdebstrap-none', ['a']), { code: 'NOT_FOUND', message: missing })
  await t.rejects(longTool('mmdebstrap-none', ['a'], quiet), { message: missing })
  await t.rejects(tool('sh', failing), { message: 'sh -c failed: E: no such mirror.' })
  const lines: string[] = []
  const told = { ...quiet, say: (line: string) => lines.push(line) }
  await t.rejects(longTool('sh', failing, told), { message: 'sh -c failed: E: no such mirror.' })
  t.same(lines, ['first', 'E: no such mirror.'])
})

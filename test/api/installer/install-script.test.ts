// The rendered script: as golden texts (`UPDATE=1` rewrites them), as sh reads it, and with values that try to get out.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { DISK_FUNCTIONS } from '#api/installer/disk-functions.ts'
import { HTTP_PROGRAM } from '#api/installer/http-program.ts'
import { IMAGE_FUNCTIONS } from '#api/installer/image-functions.ts'
import type { InstallInput } from '#api/installer/install-input.ts'
import { renderInstallScript } from '#api/installer/install-script.ts'
import { REPORT_FUNCTIONS } from '#api/installer/report-functions.ts'
import { SYSTEM_FUNCTIONS } from '#api/installer/system-functions.ts'
import type { Filesystem } from '#model/storage.ts'
import {
  BCACHE,
  FLAT,
  installInput,
  LVM_ON_RAID,
  testDevice,
  testDisk,
  testFilesystem,
  testPartition,
} from '../../support/install-inputs.ts'
import { recordedCommands } from '../../support/recorded-commands.ts'

// Starts programs: on a busy host each takes a while.
t.setTimeout(120_000)

const CONSTANTS = {
  REPORT_FUNCTIONS,
  IMAGE_FUNCTIONS,
  DISK_FUNCTIONS,
  SYSTEM_FUNCTIONS,
  HTTP_PROGRAM,
}

/** The text without the parts that are the same for every machine. */
function variablePart(script: string): string {
  let text = script
  for (const [name, constant] of Object.entries(CONSTANTS)) {
    text = text.replace(constant, () => `# … ${name} …\n`)
  }
  return text
}

/** What runs after all functions are defined. */
function stepsOf(script: string): string {
  return script.slice(script.indexOf("event start cmd-install 'installing'"))
}

function checkSyntax(script: string): void {
  execFileSync('/bin/sh', ['-n'], { input: script, stdio: ['pipe', 'pipe', 'pipe'] })
}

const image = (kind: InstallInput['image']['kind']) => ({ ...installInput().image, kind })
const netplan = 'network:\n  version: 2\n'
const goldens: Readonly<Record<string, InstallInput>> = {
  flat: installInput({ netplan, kernelOptions: 'quiet maxcpus=2' }),
  'lvm-on-raid': installInput({ storage: LVM_ON_RAID, image: image('txz') }),
  bcache: installInput({ storage: BCACHE }),
  'disk-image': installInput({ image: image('ddtgz') }),
  'esp-added': installInput({
    storage: {
      ...FLAT,
      devices: [testDevice(1, [testPartition(1, 1000, testFilesystem(1, 'btrfs', '/'))])],
    },
  }),
  refused: installInput({ disks: [] }),
}

for (const [name, input] of Object.entries(goldens)) {
  t.test(`golden: ${name}`, async (t) => {
    const script = renderInstallScript(input)
    checkSyntax(script)
    const file = join(import.meta.dirname, 'golden', `${name}.sh`)
    const text = variablePart(script)
    if (process.env['UPDATE'] === '1') writeFileSync(file, text)
    t.equal(text, readFileSync(file, 'utf8'))
  })
}

t.test('a shell that is not dash reads it too', async (t) => {
  for (const shell of ['bash', 'busybox']) {
    const args = shell === 'bash' ? ['--posix', '-n'] : ['sh', '-n']
    try {
      execFileSync(shell, args, { input: renderInstallScript(goldens['flat'] as InstallInput) })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      t.comment(`no ${shell} here`)
    }
  }
  t.pass()
})

t.test('a refused layout does nothing but say so', async (t) => {
  const steps = stepsOf(renderInstallScript(installInput({ disks: [] })))
  const calls = recordedCommands(steps, ['event', 'fail'])
  t.same(
    calls.map(([name]) => name),
    ['event', 'fail'],
  )
})

const attack = fc.oneof(
  fc.constantFrom(
    "'; canary; '",
    '"; canary; "',
    '$(canary)',
    '`canary`',
    '\ncanary\n',
    '& canary',
  ),
  fc.constantFrom(
    '\\',
    "\\'; canary #",
    "'\\''canary",
    '${canary}',
    '*',
    '~',
    '-rf',
    '\0',
    '|canary',
  ),
  fc.string({ unit: 'grapheme' }),
)
const hostile = fc.array(attack, { maxLength: 3 }).map((parts) => parts.join(''))

/** Names of commands: the first word of each line of steps, and of each `$(…)`. */
function commandNames(steps: string): readonly string[] {
  return [...steps.matchAll(/(?:^\s*|\$\()([a-z_][a-z0-9_.-]*)(?=[ \n)])/gm)].map(
    ([, name]) => name ?? '',
  )
}

const BENIGN = commandNames(
  Object.values(goldens)
    .map((input) => stepsOf(renderInstallScript(input)))
    .join('\n'),
).filter((name) => !['if', 'else', 'fi'].includes(name))

t.test('no value gets out of its quotes, and each arrives whole', async (t) => {
  const values = fc.array(hostile, { minLength: 14, maxLength: 14 })
  fc.assert(
    fc.property(values, (given) => {
      const value = (index: number): string => given[index] ?? ''
      const root: Filesystem = {
        ...testFilesystem(2, 'ext4', '/', value(0).replaceAll('\0', '').slice(0, 8)),
        mountOptions: value(1),
      }
      const name = value(2).replaceAll(/[/\0]/g, '')
      const path = `/x${name}`
      const input = installInput({
        hostname: value(3),
        fqdn: value(4),
        disks: [{ ...testDisk(1, value(6)), idPath: value(7), name: value(8) }],
        storage: {
          ...FLAT,
          devices: [
            testDevice(1, [
              testPartition(1, 64, root),
              testPartition(2, 64, testFilesystem(4, 'xfs', path)),
            ]),
          ],
        },
        netplan: `x${value(9)}`,
        kernelOptions: value(10),
        keys: { consumerKey: value(12), tokenKey: value(13), tokenSecret: value(0) },
        systemId: value(11),
      })
      const script = renderInstallScript(input)
      checkSyntax(script)
      const told = (text: string): string => text.replaceAll('\0', '')
      const prelude = 'FIRMWARE=bios LOG=log TARGET=target WORK=work FOUND=disk DISKS=\n'
      const calls = recordedCommands(prelude + stepsOf(script), BENIGN)
      const find = (...start: readonly string[]) =>
        calls.find((words) => start.every((word, index) => words[index] === word))
      t.notOk(find('canary'), 'nothing of ours calls it')
      t.same(find('find_disk')?.slice(1, 4), [value(7), value(6), value(8)].map(told))
      t.equal(find('mount_at', '')?.[2], '/', 'a device of the recorder has no name')
      t.equal(calls.findLast(([word]) => word === 'mount_at')?.[2], told(path))
      t.equal(find('write_network')?.[1], told(`x${value(9)}`))
      t.equal(find('netboot_off')?.[1], told(`/metadata/latest/by-id/${value(11)}/`))
      t.match(find('write_seed')?.[3], /^\/metadata\/"\n/)
      t.equal(find('write_file', '/etc/hostname')?.[3], told(`${value(3)}\n`))
    }),
    { numRuns: 25 },
  )
})

t.test('places that are no plain URLs are refused, and do nothing in the script', async (t) => {
  fc.assert(
    fc.property(hostile, hostile, (one, other) => {
      const places = [
        ...installInput().places,
        { base: `http://x/ ${one}`, imageUrl: `http://x/\n${other}` },
      ]
      const script = renderInstallScript(installInput({ places }))
      checkSyntax(script)
      t.notMatch(stepsOf(script), 'begin')
      t.match(stepsOf(script), "fail 'the image is not at an HTTP URL'")
      const values = script.slice(0, script.indexOf('export OAUTH'))
      const read = execFileSync('/bin/sh', ['-c', `${values}\nprintf %s "$PLACES"`], {
        encoding: 'utf8',
      })
      const lines = places.map(({ base, imageUrl }) => `${base} ${imageUrl}`)
      t.equal(read, lines.join('\n').replaceAll('\0', ''))
    }),
    { numRuns: 25 },
  )
})

t.test('options of the kernel stay words in what sh and GRUB read later', async (t) => {
  const script = renderInstallScript(
    installInput({ kernelOptions: `a="b $(canary)" 'c\nd; canary` }),
  )
  const calls = recordedCommands(
    `FIRMWARE=bios LOG=log TARGET=target WORK=work FOUND=disk DISKS=\n${stepsOf(script)}`,
    BENIGN,
  )
  const defaults = calls.find(([, path]) => path === '/etc/default/grub.d/90-ironraft.cfg')?.[3]
  const read = execFileSync('/bin/sh', ['-euc', `${defaults}\nprintf %s "$GRUB_CMDLINE_LINUX"`], {
    encoding: 'utf8',
  })
  const expected = `console=tty0 console=ttyS0,115200n8 a="b $(canary)" 'c d; canary`
  t.equal(read, expected)
  const words = calls.find(([name]) => name === 'write_grub_config')?.[3] ?? ''
  const grub = execFileSync('/bin/sh', ['-euc', `printf '%s\n' ${words}`], { encoding: 'utf8' })
  t.same(grub.split('\n').slice(2, -1), expected.split(' '))
})

import t from 'tap'
import type { BootFile } from '#model/boot.ts'
import type { BootChoice } from '#rack/http/boot-choice.ts'
import { bootScript } from '#rack/http/boot-script.ts'
import { chainScript, ipxeScript } from '#rack/http/ipxe-script.ts'
import { machineRow, makeView, resourceRow, settingsRow } from '#test/support/rack-view.ts'

const BASE = 'http://192.0.2.1:5248'
const KERNEL = 'a'.repeat(64)
const INITRD = 'b'.repeat(64)
const FILES: readonly BootFile[] = [
  { kind: 'boot-kernel', filename: 'vmlinuz', sha256: KERNEL, sizeBytes: 1 },
  { kind: 'boot-initrd', filename: 'agent.cpio.gz', sha256: INITRD, sizeBytes: 1 },
]
const MAC = '52:54:00:ab:cd:ef'

const view = makeView([
  settingsRow({ regionApis: ['http://192.0.2.11:5240', 'http://192.0.2.12:5240/'] }),
  resourceRow(FILES),
  machineRow('abc346', [MAC], 'commissioning'),
  machineRow('local1', ['52:54:00:00:00:01'], 'local'),
  machineRow('power1', ['52:54:00:00:00:02'], 'poweroff'),
])
const scriptOf = (path: string, from = view) => bootScript(path, BASE, from)?.text

t.test('ipxe.cfg asks by MAC first, then for the enlistment script', (t) => {
  t.equal(
    scriptOf('ipxe.cfg'),
    [
      '#!ipxe',
      `chain --replace ${BASE}/ipxe.cfg-\${mac} ||`,
      `chain --replace ${BASE}/ipxe.cfg-default-amd64 ||`,
      'exit 1',
      '',
    ].join('\n'),
  )
  t.end()
})

t.test('a machine nobody knows gets the agent, and every address of the API', (t) => {
  const script = scriptOf('ipxe.cfg-default-amd64') ?? ''
  t.match(script, `kernel ${BASE}/images/${KERNEL}/boot-kernel initrd=boot-initrd `)
  t.match(script, `initrd ${BASE}/images/${INITRD}/boot-initrd ||`)
  t.match(
    script,
    ` ironraft.api=${BASE}/MAAS,http://192.0.2.11:5240/MAAS,http://192.0.2.12:5240/MAAS `,
  )
  t.match(script, 'BOOTIF=01-${mac:hexhyp} ')
  t.match(script, `chain --replace ${BASE}/ipxe.cfg-default-amd64`, 'and asks again on failure')
  t.end()
})

t.test('a known machine gets the script of its purpose, by any spelling of its MAC', (t) => {
  for (const mac of [MAC, '52-54-00-AB-CD-EF', '01-52-54-00-ab-cd-ef', '525400abcdef']) {
    t.match(scriptOf(`ipxe.cfg-${mac}`), 'BOOTIF=01-52-54-00-ab-cd-ef ', mac)
  }
  t.match(scriptOf('ipxe.cfg-52:54:00:00:00:01'), 'sanboot --no-describe --drive 0x80 ||')
  t.match(scriptOf('ipxe.cfg-52:54:00:00:00:02'), /^#!ipxe\npoweroff \|\|\nimgfree/)
  t.end()
})

t.test('paths without a script', (t) => {
  const none = ['', 'ipxe.cf', 'ipxe.cfg-', 'ipxe.cfg-52:54:00:00:00:99', 'ipxe.cfg-default-', 'x']
  for (const path of none) t.equal(scriptOf(path), undefined, path)
  t.equal(scriptOf('ipxe.cfg-default-AMD64;x'), undefined)
  t.end()
})

t.test('loaders’ names of architectures are understood', (t) => {
  t.equal(scriptOf('ipxe.cfg-default-x86_64')?.includes(KERNEL), true)
  t.match(scriptOf('ipxe.cfg-default-arm64'), 'echo Ironraft: no enlistment environment for arm64')
  t.end()
})

t.test('without an enlistment environment the console says so and the firmware goes on', (t) => {
  const empty = makeView([settingsRow()])
  t.match(scriptOf('ipxe.cfg-default-amd64', empty), /echo Ironraft: .*\nsleep 10\nexit 1\n$/)
  const kernelOnly = makeView([settingsRow(), resourceRow(FILES.slice(0, 1))])
  t.match(scriptOf('ipxe.cfg-default-amd64', kernelOnly), 'no enlistment environment')
  t.end()
})

const PLACE = { baseUrl: BASE, retryUrl: `${BASE}/again`, mac: undefined }
const kernel = (...options: readonly string[]): BootChoice => ({
  kind: 'kernel',
  boot: { kernelPath: 'k', initrdPath: 'i', options },
})

t.test('no value can add a line or a word to a script', (t) => {
  t.throws(() => ipxeScript(kernel('http://a/MAAS\nshell'), PLACE))
  t.throws(() => ipxeScript(kernel('http://a b'), PLACE))
  t.throws(() => chainScript('http://x y'))
  const nothing = ipxeScript({ kind: 'nothing', reason: 'a\nshell || $x' }, PLACE)
  t.equal(nothing.split('\n').length, 5)
  t.end()
})

t.test('what iPXE would expand or take for a command is not said to it', (t) => {
  const script = ipxeScript(kernel('quiet', 'a=${net0/mac}', '||', '&&', ';', 'b=$c'), PLACE)
  t.match(script, / BOOTIF=01-\$\{mac:hexhyp\} quiet b=\$c \|\| goto retry\n/)
  t.end()
})

t.test('every command of a script that may fail has its way out', (t) => {
  const { boot } = kernel('a') as Extract<BootChoice, { kind: 'kernel' }>
  const choices: readonly BootChoice[] = [
    ...[kernel('a'), { kind: 'local' } as const, { kind: 'poweroff', boot } as const],
    { kind: 'poweroff', boot: undefined },
  ]
  for (const script of [chainScript(BASE), ...choices.map((each) => ipxeScript(each, PLACE))]) {
    for (const line of script.split('\n')) {
      if (/^(?:chain|kernel|initrd|boot|sanboot|poweroff|imgfree|iseq)\b/.test(line)) {
        t.match(line, /\|\|/, line)
      }
    }
  }
  t.end()
})

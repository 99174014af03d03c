// What each loader is told for each purpose with the ephemeral system, as whole texts.
import t from 'tap'
import type { BootFile, BootFileKind } from '#model/boot.ts'
import { bootScript } from '#rack/http/boot-script.ts'
import { parseIpv4 } from '#model/ipv4.ts'
import type { RackPlace } from '#model/boot-origins.ts'
import {
  machineRow,
  makeView,
  resourceRow,
  settingsRow,
  subnetRow,
  vlanRow,
} from '#test/support/rack-view.ts'

const BASE = 'http://192.0.2.1:5248'
const file = (kind: BootFileKind, letter: string): BootFile => ({
  ...{ kind, filename: kind, sha256: letter.repeat(64), sizeBytes: 1 },
})
const AGENT = [file('boot-kernel', '1'), file('boot-initrd', '2')]
const SYSTEM = [file('boot-kernel', 'a'), file('boot-initrd', 'b'), file('squashfs', 'c')]
const SETTINGS = { regionApis: ['http://192.0.2.11:5240', 'http://192.0.2.12:5240/'] }

const MAC = '52:54:00:ab:cd:ef'
const tagged = machineRow('abc346', [MAC], 'commissioning')
const rows = [
  resourceRow(AGENT),
  resourceRow(SYSTEM, 'debian/bookworm', 'amd64/generic', 2),
  machineRow('install', ['52:54:00:00:00:03'], 'xinstall'),
  machineRow('local1', ['52:54:00:00:00:01'], 'local'),
  machineRow('power1', ['52:54:00:00:00:02'], 'poweroff'),
]
const view = makeView([settingsRow(SETTINGS), ...rows, tagged])
const textOf = (path: string, from = view) => bootScript(path, BASE, from)?.text

const BOOTIF = 'BOOTIF=01-52-54-00-ab-cd-ef'
const IMAGES = `${BASE}/images`
const [KERNEL, INITRD, ROOT] = ['a', 'b', 'c'].map((letter) => letter.repeat(64))
const ROOTS =
  `root=squash:${IMAGES}/${ROOT}/squashfs,http://192.0.2.11:5240/MAAS/boot-resources/${ROOT},` +
  `http://192.0.2.12:5240/MAAS/boot-resources/${ROOT}`
const OPTIONS =
  `nomodeset loglevel=4 boot=ironraft ${ROOTS} ` +
  `cloud-config-url=${BASE}/MAAS/metadata/latest/by-id/abc346/?op=get_preseed ` +
  `ironraft.api=${BASE}/MAAS,http://192.0.2.11:5240/MAAS,http://192.0.2.12:5240/MAAS ` +
  'cc:{datasource_list:[MAAS]}end_cc console=tty0 console=ttyS0,115200'

t.test('iPXE: the ephemeral system of a known machine', (t) => {
  t.equal(
    textOf(`ipxe.cfg-${MAC}`),
    `#!ipxe
imgfree ||
kernel ${IMAGES}/${KERNEL}/boot-kernel initrd=boot-initrd ${BOOTIF} ${OPTIONS} || goto retry
initrd ${IMAGES}/${INITRD}/boot-initrd || goto retry
boot ||
:retry
echo Ironraft: a download failed, asking again in 3 seconds
sleep 3
chain --replace ${BASE}/ipxe.cfg-${MAC} || exit 1
`,
  )
  t.end()
})

t.test('PXELINUX: the same', (t) => {
  t.equal(
    textOf('pxelinux.cfg/01-52-54-00-ab-cd-ef'),
    `DEFAULT ironraft
PROMPT 0
NOESCAPE 1
ALLOWOPTIONS 0
TIMEOUT 50
TOTALTIMEOUT 600
ONTIMEOUT otherwise
ONERROR otherwise
LABEL ironraft
  LINUX ${IMAGES}/${KERNEL}/boot-kernel
  INITRD ${IMAGES}/${INITRD}/boot-initrd
  APPEND BOOTIF=01-52-54-00-ab-cd-ef ${OPTIONS}
LABEL otherwise
  COM32 reboot.c32
`,
  )
  t.end()
})

t.test('GRUB: the same, kernel and initrd by TFTP', (t) => {
  const quoted = OPTIONS.replace(/(cloud-config-url=\S+) (\S+) (cc:\S+)/, '"$1" $2 "$3"')
  t.equal(
    textOf(`grub/grub.cfg-${MAC}`),
    `if linux /images/${KERNEL}/boot-kernel BOOTIF=01-${MAC} ${quoted}; then
  if initrd /images/${INITRD}/boot-initrd; then boot; fi
fi
echo Ironraft: a download failed, restarting in 5 seconds
sleep 5
reboot
`,
  )
  t.end()
})

t.test('what runs from memory boots its own release, with the preseed of all', (t) => {
  const own = [file('boot-kernel', 'd'), file('boot-initrd', 'e'), file('squashfs', 'f')]
  const machine = { ...machineRow('abc346', [MAC], 'xinstall') }
  const memory = { ...machine, row: { ...machine.row, memoryImage: 'custom/mine' } as never }
  const all = makeView([
    settingsRow(SETTINGS),
    ...rows,
    memory,
    resourceRow(own, 'custom/mine', 'amd64/generic', 3),
  ])
  const paths = [`ipxe.cfg-${MAC}`, 'pxelinux.cfg/01-52-54-00-ab-cd-ef', `grub/grub.cfg-${MAC}`]
  const swap: Readonly<Record<string, string>> = { a: 'd', b: 'e', c: 'f' }
  for (const path of paths) {
    const expected = textOf(path)?.replaceAll(/([abc])\1{63}/g, (_all, letter: string) =>
      (swap[letter] ?? '').repeat(64),
    )
    t.equal(textOf(path, all), expected, path)
    t.match(textOf(path, all), 'd'.repeat(64), path)
    t.equal(textOf(path, makeView([settingsRow(SETTINGS), ...rows, memory])), textOf(path), 'gone')
  }
  t.end()
})

t.test('a machine nobody knows asks for the preseed of enlistment', (t) => {
  const preseed = `cloud-config-url=${BASE}/MAAS/metadata/latest/enlist-preseed/?op=get_enlist_preseed`
  t.match(textOf('ipxe.cfg-default-amd64'), ` BOOTIF=01-\${mac:hexhyp} nomodeset`)
  for (const name of ['default', 'default-amd64', 'default-amd64-generic', 'default.amd64']) {
    const text = textOf(`pxelinux.cfg/${name}`) ?? ''
    t.match(text, `${preseed} `, name)
    t.match(text, '\n  IPAPPEND 2\n', 'PXELINUX says which interface it was')
    t.notMatch(text, 'BOOTIF=')
  }
  for (const name of ['default-x86_64', 'default-amd64']) {
    const text = textOf(`grub/grub.cfg-${name}`) ?? ''
    t.match(text, ` "${preseed}" `, name)
    t.match(text, ' BOOTIF=01-${net_default_mac} ')
  }
  t.end()
})

t.test('installing boots the same system; its preseed is its own', (t) => {
  t.match(textOf('ipxe.cfg-52:54:00:00:00:03'), '/by-id/install/?op=get_preseed ')
  t.match(textOf('ipxe.cfg-52:54:00:00:00:03'), 'boot=ironraft')
  t.end()
})

t.test('GRUB is told to ask for the machine first', (t) => {
  t.equal(
    textOf('grub/grub.cfg'),
    'configfile /grub/grub.cfg-${net_default_mac}\nconfigfile /grub/grub.cfg-default-${grub_cpu}\n',
  )
  t.equal(textOf('grub/x86_64-efi/command.lst'), '')
  t.equal(textOf('grub/fs.lst'), '')
  t.end()
})

t.test('local boot: the disk, else what the firmware has next', (t) => {
  const mac = '52-54-00-00-00-01'
  t.match(
    textOf(`pxelinux.cfg/01-${mac}`),
    /COM32 chain\.c32\n {2}APPEND hd0\n.*\n {2}LOCALBOOT -1/,
  )
  t.equal(
    textOf('grub/grub.cfg-52:54:00:00:00:01'),
    `for loader in /EFI/BOOT/BOOTX64.EFI /EFI/debian/shimx64.efi /EFI/ubuntu/shimx64.efi \
/EFI/centos/shimx64.efi /EFI/redhat/shimx64.efi /EFI/rocky/shimx64.efi /EFI/almalinux/shimx64.efi \
/EFI/fedora/shimx64.efi /EFI/suse/shim.efi /EFI/sles/shim.efi /EFI/opensuse/shim.efi \
/EFI/Microsoft/Boot/bootmgfw.efi; do
  if search --no-floppy --file --set=esp $loader; then
    if chainloader ($esp)$loader; then boot; fi
  fi
done
exit 1
`,
  )
  t.end()
})

t.test(
  'a machine that is to be off: by the loader, else by an initrd that fetches nothing',
  (t) => {
    t.equal(textOf('grub/grub.cfg-52:54:00:00:00:02'), 'halt\n')
    const pxelinux = textOf('pxelinux.cfg/01-52-54-00-00-00-02') ?? ''
    t.match(pxelinux, `LINUX ${IMAGES}/${KERNEL}/boot-kernel`)
    t.match(pxelinux, ' boot=ironraft ironraft.poweroff ')
    t.notMatch(pxelinux, 'root=')
    t.match(
      textOf('ipxe.cfg-52:54:00:00:00:02'),
      /^#!ipxe\npoweroff \|\|\n(?:.*\n)*kernel .*poweroff/,
    )
    const bare = makeView([settingsRow(), machineRow('power1', [MAC], 'poweroff')])
    t.match(textOf('pxelinux.cfg/01-52-54-00-ab-cd-ef', bare), '  COM32 poweroff.c32\n')
    t.end()
  },
)

t.test('names that must not be found, or known machines would enlist (maas-boot §3)', (t) => {
  const none = [
    ...['pxelinux.cfg/', 'pxelinux.cfg/01-52-54-00-00-00-99', 'pxelinux.cfg/52-54-00-ab-cd-ef'],
    ...['pxelinux.cfg/564d7c4e-52a5-e9a2-5f4e-1c2f7f2f0a61', 'pxelinux.cfg/0A000001'],
    ...['pxelinux.cfg/0A00000', 'pxelinux.cfg/0', 'pxelinux.cfg/default-', 'pxelinux.cfg/defaults'],
    ...['pxelinux.cfg/../default', 'grub/grub.cfg-52:54:00:00:00:99', 'grub/grub.cfg-'],
    ...['grub/x86_64-efi/grub.cfg', 'grub/grub.cfg-default-', 'grub/unicode.pf2', 'grub/a b.lst'],
  ]
  for (const path of none) t.equal(textOf(path), undefined, path)
  t.end()
})

t.test('options of the site and of the tags stand behind `---`, each of them one word', (t) => {
  const machine = {
    ...tagged,
    row: { ...tagged.row, kernelOptions: 'crash=1\n"x$y\\"' },
  } as typeof tagged
  const settings = settingsRow({ ...SETTINGS, kernelOptions: '  quiet   splash ' })
  const set = makeView([settings, ...rows, machine])
  t.match(
    textOf('pxelinux.cfg/01-52-54-00-ab-cd-ef', set),
    /ttyS0,115200 --- quiet splash crash=1 "x\$y\\"\n/,
  )
  t.match(textOf(`grub/grub.cfg-${MAC}`, set), String.raw` --- quiet splash crash=1 "\"x\$y\\\"";`)
  t.match(textOf('pxelinux.cfg/default', set), /115200 --- quiet splash\n/)
  t.end()
})

t.test('the other racks of the VLAN are named, the one that was asked first', (t) => {
  const place = (rackId: string, address: string, connected = true): RackPlace => ({
    ...{ rackId: rackId as RackPlace['rackId'], connected },
    ...{ ip: parseIpv4(address) as RackPlace['ip'], prefix: 24 },
  })
  const rackPlaces = [
    place('rack03', '192.0.2.3', false),
    place('rack01', '192.0.2.1'),
    place('rack01', '198.51.100.1'),
    place('rack04', '198.51.100.4'),
    place('rack02', '192.0.2.2'),
  ]
  const vlan = vlanRow(1, ['eth0'])
  const served = makeView([
    ...[settingsRow(SETTINGS), ...rows, tagged, subnetRow(1, 1, '192.0.2.0/24')],
    { ...vlan, row: { ...vlan.row, rackPlaces } } as typeof vlan,
  ])
  const text = textOf('pxelinux.cfg/01-52-54-00-ab-cd-ef', served) ?? ''
  const hosts = ['192.0.2.1', '192.0.2.2', '198.51.100.4', '192.0.2.3']
  t.match(
    text,
    `root=squash:${hosts.map((h) => `http://${h}:5248/images/${ROOT}/squashfs`).join()} `,
  )
  t.match(text, `ironraft.api=${hosts.map((host) => `http://${host}:5248/MAAS`).join()} `)
  t.match(text, `cloud-config-url=${BASE}/MAAS/`)
  t.end()
})

t.test('a command line never grows beyond what kernels read', (t) => {
  const settings = settingsRow({ ...SETTINGS, kernelOptions: 'abcdefghi '.repeat(400) })
  const text =
    textOf('pxelinux.cfg/01-52-54-00-ab-cd-ef', makeView([settings, ...rows, tagged])) ?? ''
  const line = /APPEND (.*)/.exec(text)?.[1] ?? ''
  t.ok(line.length > 1_900 && line.length <= 2_047, String(line.length))
  t.match(line, /abcdefghi$/, 'whole words only')
  t.end()
})

t.test('the site’s release when there is such an image, else bookworm, else the agent', (t) => {
  const settings = settingsRow({ ephemeralImage: 'debian/trixie' })
  const trixie = [file('boot-kernel', 'd'), file('boot-initrd', 'e'), file('squashfs', 'f')]
  const both = makeView([
    settings,
    ...rows,
    resourceRow(trixie, 'debian/trixie', 'amd64/generic', 3),
  ])
  t.match(textOf('ipxe.cfg-default-amd64', both), `images/${'f'.repeat(64)}/squashfs`)
  t.match(textOf('ipxe.cfg-default-amd64', makeView([settings, ...rows])), `${ROOT}/squashfs`)
  const rootless = resourceRow(SYSTEM.slice(0, 2), 'debian/bookworm', 'amd64/generic', 2)
  t.match(
    textOf('ipxe.cfg-default-amd64', makeView([...rows.slice(0, 1), rootless])),
    'ironraft.api=',
  )
  t.end()
})

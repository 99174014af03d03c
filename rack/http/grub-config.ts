// Configurations of GRUB (Debian's signed one, loaded by shim over TFTP) by purpose: pure text. That GRUB knows no HTTP,
// so kernel and initrd come by TFTP from this rack. Commands, not a menu: a machine never waits at one.
import type { MacAddress } from '#model/mac-address.ts'
import type { BootChoice, KernelBoot } from './boot-choice.ts'

/** `grub/grub.cfg`: the machine's own, else the one for machines nobody knows. */
export function grubPreloader(): string {
  return config([
    'configfile /grub/grub.cfg-${net_default_mac}',
    'configfile /grub/grub.cfg-default-${grub_cpu}',
  ])
}

/** `mac` undefined: whichever interface GRUB booted from. */
export function grubConfig(choice: BootChoice, mac: MacAddress | undefined): string {
  switch (choice.kind) {
    case 'kernel':
      return config(kernelLines(choice.boot, mac))
    case 'local':
      return config(localLines())
    case 'poweroff':
      return config(['halt'])
    case 'nothing':
      return config([`echo ${quoted(`Ironraft: ${choice.reason}`)}`, 'sleep 10', 'exit 1'])
    default:
      return choice satisfies never
  }
}

/** What systems install, the fallback of the standard (UEFI §3.5) first: our installer writes that one. */
const LOADERS = [
  ...['BOOT/BOOTX64.EFI', 'debian/shimx64.efi', 'ubuntu/shimx64.efi', 'centos/shimx64.efi'],
  ...['redhat/shimx64.efi', 'rocky/shimx64.efi', 'almalinux/shimx64.efi', 'fedora/shimx64.efi'],
  ...['suse/shim.efi', 'sles/shim.efi', 'opensuse/shim.efi', 'Microsoft/Boot/bootmgfw.efi'],
]

/** Firmware goes on with its next entry when none is found. */
function localLines(): readonly string[] {
  return [
    `for loader in ${LOADERS.map((name) => `/EFI/${name}`).join(' ')}; do`,
    '  if search --no-floppy --file --set=esp $loader; then',
    '    if chainloader ($esp)$loader; then boot; fi',
    '  fi',
    'done',
    'exit 1',
  ]
}

function kernelLines(boot: KernelBoot, mac: MacAddress | undefined): readonly string[] {
  const bootif = mac === undefined ? '${net_default_mac}' : mac
  const options = [`BOOTIF=01-${bootif}`, ...boot.options.map(quoted)]
  return [
    `if linux /${boot.kernelPath} ${options.join(' ')}; then`,
    `  if initrd /${boot.initrdPath}; then boot; fi`,
    'fi',
    'echo Ironraft: a download failed, restarting in 5 seconds',
    'sleep 5',
    'reboot',
  ]
}

function config(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

/** In double quotes only `"`, `$` and the backslash mean something. */
function quoted(text: string): string {
  const plain = text.replaceAll(/[^\x20-\x7e]/g, ' ')
  return /^[\w=.,:/@%+-]+$/.test(plain) ? plain : `"${plain.replaceAll(/["$\\]/g, '\\$&')}"`
}

// iPXE scripts by purpose (maas-boot §3, §4): pure text. A line that may fail ends in `||`, so that a
// machine never hangs at a prompt. Values are put into scripts by this file only; all of them come from
// the cluster's own state, and what could end a line or a word is refused.
import assert from 'node:assert/strict'
import type { MacAddress } from '#model/mac-address.ts'
import type { BootChoice, KernelBoot } from './boot-choice.ts'

type Place = {
  readonly baseUrl: string
  /** Where to ask again when a download failed. */
  readonly retryUrl: string
  /** Undefined: whichever interface iPXE booted from. */
  readonly mac: MacAddress | undefined
}

/** `ipxe.cfg`: the machine's own script, else the one for machines nobody knows. */
export function chainScript(baseUrl: string): string {
  return script([
    `chain --replace ${word(baseUrl)}/ipxe.cfg-\${mac} ||`,
    `chain --replace ${word(baseUrl)}/ipxe.cfg-default-amd64 ||`,
    'exit 1',
  ])
}

export function ipxeScript(choice: BootChoice, place: Place): string {
  switch (choice.kind) {
    case 'kernel':
      return script(kernelLines(choice.boot, place))
    case 'local':
      return localScript()
    // Debian's iPXE has no poweroff command: then a kernel is booted that ends in one.
    case 'poweroff': {
      const { boot } = choice
      return script([
        'poweroff ||',
        ...(boot === undefined ? ['exit 1'] : kernelLines(boot, place)),
      ])
    }
    // Said on the console, then the firmware's next entry.
    case 'nothing':
      return script([`echo Ironraft: ${line(choice.reason)}`, 'sleep 10', 'exit 1'])
    default:
      return choice satisfies never
  }
}

/** BIOS boots the first disk that has a boot sector; UEFI firmware goes on to its next entry. */
function localScript(): string {
  return script([
    'iseq ${platform} efi && goto firmware ||',
    ...['0x80', '0x81', '0x82', '0x83'].map((drive) => `sanboot --no-describe --drive ${drive} ||`),
    ':firmware',
    'exit 1',
  ])
}

function kernelLines(boot: KernelBoot, { baseUrl, retryUrl, mac }: Place): readonly string[] {
  // A MAC from the state needs no help from the loader; else iPXE knows where it came from.
  const bootif = mac === undefined ? '${mac:hexhyp}' : mac.replaceAll(':', '-')
  const initrdName = boot.initrdPath.slice(boot.initrdPath.lastIndexOf('/') + 1)
  const options = [
    // EFI kernels find the initrd by name (iPXE, EFI stub).
    `initrd=${initrdName}`,
    `BOOTIF=01-${bootif}`,
    ...boot.options.filter(isPlain),
  ]
  return [
    'imgfree ||',
    `kernel ${word(`${baseUrl}/${boot.kernelPath}`)} ${options.map(word).join(' ')} || goto retry`,
    `initrd ${word(`${baseUrl}/${boot.initrdPath}`)} || goto retry`,
    'boot ||',
    ':retry',
    'echo Ironraft: a download failed, asking again in 3 seconds',
    'sleep 3',
    `chain --replace ${word(retryUrl)} || exit 1`,
  ]
}

/** iPXE has no quotes: what it would expand, or take for the end of the command, cannot be said to it. */
function isPlain(option: string): boolean {
  return !option.includes('${') && !['&&', '||', ';'].includes(option)
}

function script(lines: readonly string[]): string {
  return `#!ipxe\n${lines.join('\n')}\n`
}

function word(text: string): string {
  assert(
    /^[\x21-\x7e]+$/.test(text),
    'a word of a script holds no spaces and no control characters',
  )
  return text
}

function line(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]|[$|&;]/g, ' ')
}

// iPXE scripts by purpose (maas-boot §3, §4): pure text. A line that may fail ends in `||`, so that a
// machine never hangs at a prompt. Values are put into scripts by this file only; all of them come from
// the cluster's own state, and what could end a line or a word is refused.
import assert from 'node:assert/strict'
import type { MacAddress } from '#model/mac-address.ts'

export type KernelBoot = {
  /** Absolute URLs. */
  readonly kernelUrl: string
  readonly initrdUrl: string
  /** Base URLs under which the agent finds the API; it tries each. */
  readonly apiUrls: readonly string[]
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

export function kernelScript(boot: KernelBoot): string {
  return script(kernelLines(boot))
}

/** BIOS boots the first disk that has a boot sector; UEFI firmware goes on to its next entry. */
export function localScript(): string {
  return script([
    'iseq ${platform} efi && goto firmware ||',
    ...['0x80', '0x81', '0x82', '0x83'].map((drive) => `sanboot --no-describe --drive ${drive} ||`),
    ':firmware',
    'exit 1',
  ])
}

/** Debian's iPXE has no poweroff command: then the agent is booted, which ends in one. */
export function poweroffScript(boot: KernelBoot | undefined): string {
  return script(['poweroff ||', ...(boot === undefined ? ['exit 1'] : kernelLines(boot))])
}

/** Nothing to boot yet: said on the console, then the firmware's next entry. */
export function refusalScript(reason: string): string {
  return script([`echo Ironraft: ${line(reason)}`, 'sleep 10', 'exit 1'])
}

function kernelLines(boot: KernelBoot): readonly string[] {
  // A MAC from the state needs no help from the loader; else iPXE knows where it came from.
  const bootif = boot.mac === undefined ? '${mac:hexhyp}' : boot.mac.replaceAll(':', '-')
  const initrdName = boot.initrdUrl.slice(boot.initrdUrl.lastIndexOf('/') + 1)
  const options = [
    // EFI kernels find the initrd by name (iPXE, EFI stub).
    `initrd=${initrdName}`,
    `ironraft.api=${boot.apiUrls.join(',')}`,
    `BOOTIF=01-${bootif}`,
    'console=tty0',
    'console=ttyS0,115200',
  ]
  return [
    'imgfree ||',
    `kernel ${word(boot.kernelUrl)} ${options.map(word).join(' ')} || goto retry`,
    `initrd ${word(boot.initrdUrl)} || goto retry`,
    'boot ||',
    ':retry',
    'echo Ironraft: a download failed, asking again in 3 seconds',
    'sleep 3',
    `chain --replace ${word(boot.retryUrl)} || exit 1`,
  ]
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

// Configurations of PXELINUX (lpxelinux.0 of Syslinux 6, which fetches by HTTP) by purpose: pure text. PXELINUX falls to a
// prompt when anything fails, so every file says what is done then: start again, or the firmware's next device.
import type { MacAddress } from '#model/mac-address.ts'
import type { BootChoice, KernelBoot } from './boot-choice.ts'

type Place = {
  readonly baseUrl: string
  /** Undefined: PXELINUX says it (IPAPPEND 2). */
  readonly mac: MacAddress | undefined
}

export function pxelinuxConfig(choice: BootChoice, place: Place): string {
  switch (choice.kind) {
    case 'kernel':
      return config(kernelLines(choice.boot, place), RESTART)
    case 'local':
      return config(['COM32 chain.c32', 'APPEND hd0'], NEXT_DEVICE)
    case 'poweroff': {
      const { boot } = choice
      // Its own module knows APM only, which few machines of this century have.
      return boot === undefined
        ? config(['COM32 poweroff.c32'], NEXT_DEVICE)
        : config(kernelLines(boot, place), RESTART)
    }
    case 'nothing':
      return config([`SAY Ironraft: ${line(choice.reason)}`, 'LOCALBOOT -1'], NEXT_DEVICE)
    default:
      return choice satisfies never
  }
}

const RESTART = 'COM32 reboot.c32'
/** The BIOS goes on as if there had been no network boot. */
const NEXT_DEVICE = 'LOCALBOOT -1'

function config(lines: readonly string[], otherwise: string): string {
  return [
    ...['DEFAULT ironraft', 'PROMPT 0', 'NOESCAPE 1', 'ALLOWOPTIONS 0'],
    // In tenths of a second, at the prompt that follows a failure.
    ...['TIMEOUT 50', 'TOTALTIMEOUT 600', 'ONTIMEOUT otherwise', 'ONERROR otherwise'],
    ...['LABEL ironraft', ...lines.map((each) => `  ${each}`)],
    ...['LABEL otherwise', `  ${otherwise}`, ''],
  ].join('\n')
}

function kernelLines(boot: KernelBoot, { baseUrl, mac }: Place): readonly string[] {
  const bootif = mac === undefined ? [] : [`BOOTIF=01-${mac.replaceAll(':', '-')}`]
  return [
    `LINUX ${baseUrl}/${boot.kernelPath}`,
    `INITRD ${baseUrl}/${boot.initrdPath}`,
    `APPEND ${[...bootif, ...boot.options].join(' ')}`,
    ...(mac === undefined ? ['IPAPPEND 2'] : []),
  ]
}

function line(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, ' ')
}

// What kind of network boot client sends the packet, and the boot loader it gets (maas-boot §2.3). Pure.
import type { Ipv4Subnet } from '#model/network.ts'
import { IPXE_OPTION, OPTION, readArchitecture, readSubOptions, readText } from './options.ts'
import type { DhcpOptions } from './packet.ts'

/** `none`: an operating system or anything else that does not boot from the network. */
export type BootClient = {
  readonly kind: 'ipxe' | 'pxe' | 'http' | 'none'
  /** First entry of option 93; 0 (BIOS) when a ROM sends none. */
  readonly architecture: number
}

/**
 * A loader file; HTTP clients get it as a URL. `method` is MAAS's name, by which a subnet disables it. `classic` is given
 * where iPXE is disabled; null: there is none.
 */
type Loader = {
  readonly file: string
  readonly classic: string | null
  readonly method: string
  readonly http: boolean
}

/** PXELINUX that speaks HTTP, once option 210 says where to. */
export const PXELINUX = 'lpxelinux.0'

const BIOS: Loader = { file: 'undionly.kpxe', classic: PXELINUX, method: 'pxe', http: false }
/** Shim, which loads GRUB: both are signed, so that they start with Secure Boot on. */
const X64 = { file: 'snponly.efi', classic: 'bootx64.efi', http: false }
const ARM64 = { file: 'snponly-arm64.efi', classic: null, http: false }

/** By option 93 (IANA "Processor Architecture Types"). RFC 4578 swapped 7 and 9: both are x64 UEFI. */
const LOADERS: ReadonlyMap<number, Loader> = new Map([
  [0, BIOS],
  [7, { ...X64, method: 'uefi_amd64_tftp' }],
  [9, { ...X64, method: 'uefi_ebc_tftp' }],
  [11, { ...ARM64, method: 'uefi_arm64_tftp' }],
  // Debian's signed GRUB cannot go on by HTTP (2026-11).
  [16, { ...X64, classic: null, method: 'uefi_amd64_http', http: true }],
  [19, { ...ARM64, method: 'uefi_arm64_http', http: true }],
])

export function bootClientOf(options: DhcpOptions): BootClient {
  const architecture = readArchitecture(options) ?? 0
  const vendorClass = readText(options, OPTION.VENDOR_CLASS)
  if (isIpxe(options)) return { kind: 'ipxe', architecture }
  if (vendorClass.startsWith('HTTPClient')) return { kind: 'http', architecture }
  if (vendorClass.startsWith('PXEClient')) return { kind: 'pxe', architecture }
  return { kind: 'none', architecture }
}

/** iPXE names itself in option 77, or says in 175 that it speaks HTTP and loads kernels or EFI. */
function isIpxe(options: DhcpOptions): boolean {
  // RFC 3004 wants a list of counted strings; iPXE sends the bare one. Either may appear.
  const userClass = readText(options, OPTION.USER_CLASS)
  if (userClass === 'iPXE' || userClass === '\u0004iPXE') return true
  const value = options.get(OPTION.IPXE)
  const features = value === undefined ? undefined : readSubOptions(value)
  if (features?.has(IPXE_OPTION.HTTP) !== true) return false
  return features.has(IPXE_OPTION.BZIMAGE) || features.has(IPXE_OPTION.EFI)
}

/** Firmware keeps its lease for seconds only; operating systems stay. */
export function isFirmware(client: BootClient): boolean {
  return client.kind !== 'none'
}

/**
 * File name (TFTP) or absolute URL. iPXE wherever it runs; where the subnet disabled `ipxe`, what MAAS gives: PXELINUX,
 * and shim with GRUB. Undefined when nothing we have runs there or the subnet disabled the method. `httpBase` is `http://<rack>:<port>` without a slash at its end.
 */
export function bootFileOf(
  client: BootClient,
  subnet: Ipv4Subnet,
  httpBase: string,
): string | undefined {
  const disabled = subnet.disabledBootArchitectures
  const classic = disabled.includes('ipxe')
  if (client.kind === 'ipxe' && !classic) return `${httpBase}/ipxe.cfg`
  const loader = LOADERS.get(client.architecture) ?? (client.kind === 'http' ? undefined : BIOS)
  if (loader === undefined || disabled.includes(loader.method)) return undefined
  // An HTTP client takes a URL only, a PXE ROM a file name only, whatever architecture it claims.
  if (loader.http !== (client.kind === 'http')) return undefined
  // An iPXE that is not wanted is a ROM like any other; given iPXE it would come back for ever.
  const file = classic ? loader.classic : loader.file
  if (file === null) return undefined
  return loader.http ? `${httpBase}/boot/${file}` : file
}

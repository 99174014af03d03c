// Which boot client gets which loader, and how an answer tells it (RFC 4578, maas-boot §2.3).
import t from 'tap'
import { NO_SETTINGS } from '#rack/dhcp/client-options.ts'
import { formatIpv4 } from '#model/ipv4.ts'
import { bootClientOf } from '#rack/dhcp/boot-files.ts'
import { decodePacket } from '#rack/dhcp/decode.ts'
import type { OptionToWrite } from '#rack/dhcp/encode.ts'
import type { DhcpPacket } from '#rack/dhcp/packet.ts'
import { OPTION, readText } from '#rack/dhcp/options.ts'
import { makeReply } from '#rack/dhcp/reply.ts'
import { list, makeWorld, request, subnet, text, CLIENT } from './world.ts'

const architecture = (...types: number[]): OptionToWrite => [
  OPTION.CLIENT_ARCHITECTURE,
  Uint8Array.from(types.flatMap((type) => [type >> 8, type & 255])),
]
const pxe = text(OPTION.VENDOR_CLASS, 'PXEClient:Arch:00000:UNDI:002001')
const http = text(OPTION.VENDOR_CLASS, 'HTTPClient:Arch:00016:UNDI:003000')
const ipxe = text(OPTION.USER_CLASS, 'iPXE')
const features = (...codes: number[]): OptionToWrite => [
  OPTION.IPXE,
  Uint8Array.from(codes.flatMap((code) => [code, 1, 1])),
]
const SCRIPT = 'http://192.0.2.1:5248/ipxe.cfg'

function offer(options: readonly OptionToWrite[], disabled: readonly string[] = []) {
  const world = makeWorld({ subnets: [subnet({ disabledBootArchitectures: disabled })] })
  const decision = world.decide(request('DHCPDISCOVER', { options }))
  if (decision.type !== 'offer') throw new Error(decision.type)
  const parameters = { domainName: '', hostname: 'node-7', settings: NO_SETTINGS, httpPort: 5248 }
  const decoded = decodePacket(makeReply(decision, parameters).bytes)
  if (!decoded.ok) throw new Error(decoded.reason)
  return decoded.packet
}

const cases: {
  name: string
  options: readonly OptionToWrite[]
  file: string
  lease: number
  vendorClass?: string
  noProxy?: boolean
}[] = [
  { name: 'BIOS PXE', options: [pxe, architecture(0)], file: 'undionly.kpxe', lease: 30 },
  { name: 'PXE without option 93', options: [pxe], file: 'undionly.kpxe', lease: 30 },
  { name: 'x64 UEFI as 7', options: [pxe, architecture(7)], file: 'snponly.efi', lease: 30 },
  { name: 'x64 UEFI as 9', options: [pxe, architecture(9)], file: 'snponly.efi', lease: 30 },
  {
    name: 'the first type decides',
    options: [pxe, architecture(7, 0)],
    file: 'snponly.efi',
    lease: 30,
  },
  { name: 'arm64 UEFI', options: [pxe, architecture(11)], file: 'snponly-arm64.efi', lease: 30 },
  {
    name: 'x64 UEFI HTTP',
    options: [http, architecture(16)],
    file: 'http://192.0.2.1:5248/boot/snponly.efi',
    lease: 30,
    vendorClass: 'HTTPClient',
  },
  {
    name: 'arm64 UEFI HTTP',
    options: [http, architecture(19)],
    file: 'http://192.0.2.1:5248/boot/snponly-arm64.efi',
    lease: 30,
    vendorClass: 'HTTPClient',
  },
  { name: 'iPXE by user class', options: [pxe, ipxe], file: SCRIPT, lease: 30, noProxy: true },
  {
    name: 'iPXE by a counted user class (RFC 3004)',
    options: [pxe, text(OPTION.USER_CLASS, '\u0004iPXE')],
    file: SCRIPT,
    lease: 30,
    noProxy: true,
  },
  {
    name: 'iPXE by its features',
    options: [pxe, features(19, 24)],
    file: SCRIPT,
    lease: 30,
    noProxy: true,
  },
  {
    name: 'iPXE on UEFI by its features',
    options: [pxe, architecture(7), features(19, 36)],
    file: SCRIPT,
    lease: 30,
    noProxy: true,
  },
  {
    name: 'features without HTTP are not enough',
    options: [pxe, features(24)],
    file: 'undionly.kpxe',
    lease: 30,
  },
  { name: 'an operating system', options: [list(1, 3, 6)], file: '', lease: 600 },
  { name: 'anybody who asks for 67', options: [list(66, 67)], file: 'undionly.kpxe', lease: 600 },
]
for (const { name, options, file, lease, vendorClass = '', noProxy = false } of cases) {
  t.test(`${name} gets ${file === '' ? 'no boot file' : file}`, async (t) => {
    const packet = offer(options)
    t.equal(packet.file, file)
    t.equal(readText(packet.options, OPTION.BOOTFILE_NAME), file)
    t.equal(formatIpv4(packet.siaddr), file === '' ? '0.0.0.0' : '192.0.2.1')
    t.equal(packet.sname, file === '' ? '' : '192.0.2.1')
    t.equal(readText(packet.options, OPTION.TFTP_SERVER_NAME), packet.sname)
    t.equal(readText(packet.options, OPTION.VENDOR_CLASS), vendorClass, 'never PXEClient (PXE-E55)')
    t.strictSame(packet.options.get(OPTION.IPXE), noProxy ? Uint8Array.of(176, 1, 1) : undefined)
    t.equal(Buffer.from(packet.options.get(OPTION.LEASE_TIME) ?? []).readUInt32BE(), lease)
    t.notOk(packet.options.has(43))
  })
}

t.test('a subnet can disable a boot method by its MAAS name', async (t) => {
  const off: [string, readonly OptionToWrite[]][] = [
    ['pxe', [pxe]],
    ['uefi_amd64_tftp', [pxe, architecture(7)]],
    ['uefi_amd64_http', [http, architecture(16)]],
  ]
  for (const [method, options] of off) {
    const packet = offer(options, [method])
    t.match(packet, { file: '', siaddr: 0 }, method)
    t.notOk(packet.options.has(OPTION.BOOTFILE_NAME), method)
  }
})

t.test('a subnet without iPXE gets PXELINUX and shim, also whoever is iPXE already', async (t) => {
  const classic: [string, readonly OptionToWrite[], string][] = [
    ['BIOS', [pxe], 'lpxelinux.0'],
    ['an iPXE ROM on BIOS, or it would be given iPXE for ever', [pxe, ipxe], 'lpxelinux.0'],
    ['UEFI', [pxe, architecture(7)], 'bootx64.efi'],
    ['an iPXE ROM on UEFI', [pxe, ipxe, architecture(7)], 'bootx64.efi'],
    ['arm64, for which there is none', [pxe, architecture(11)], ''],
    ['HTTP, which the signed GRUB does not know', [http, architecture(16)], ''],
  ]
  for (const [name, options, file] of classic) t.equal(offer(options, ['ipxe']).file, file, name)
  const off = offer([pxe], ['ipxe', 'pxe'])
  t.equal(off.file, '', 'and may disable PXELINUX too')
})

t.test(
  'PXELINUX is told by option 210 to fetch by HTTP, though nobody asked (RFC 5071 §4)',
  async (t) => {
    const prefix = (packet: DhcpPacket) => readText(packet.options, OPTION.PATH_PREFIX)
    t.equal(prefix(offer([pxe], ['ipxe'])), 'http://192.0.2.1:5248/')
    t.equal(prefix(offer([pxe, architecture(7)], ['ipxe'])), '')
    t.equal(prefix(offer([pxe])), '')
  },
)

t.test('an HTTP client of an unknown architecture gets no file at all', async (t) => {
  t.equal(offer([http, architecture(28)]).file, '')
})

t.test('a malformed option 93 counts as none', async (t) => {
  for (const value of [[], [7], [0, 7, 0]]) {
    const options = new Map([[OPTION.CLIENT_ARCHITECTURE, Uint8Array.from(value)]])
    t.equal(bootClientOf(options).architecture, 0)
  }
})

t.test('61 and 97 are echoed (RFC 6842, RFC 4578 §2.3)', async (t) => {
  const uuid = new Uint8Array(17).fill(7)
  const id = Uint8Array.of(1, 2, 3)
  const packet = offer([pxe, [OPTION.CLIENT_MACHINE_ID, uuid], [OPTION.CLIENT_IDENTIFIER, id]])
  t.strictSame(packet.options.get(OPTION.CLIENT_MACHINE_ID), uuid)
  t.strictSame(packet.options.get(OPTION.CLIENT_IDENTIFIER), id)
})

t.test('a known machine that asks for its name is told', async (t) => {
  const world = makeWorld({ machines: [{ mac: CLIENT, hostname: 'node-7' }] })
  t.equal(world.view.machineOfMac(CLIENT)?.hostname, 'node-7')
  t.equal(readText(offer([list(12)]).options, OPTION.HOST_NAME), 'node-7')
})

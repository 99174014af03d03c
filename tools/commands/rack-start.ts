// `ironraft rack start`: a rack in the foreground. It joins with a token the first time; later starts find
// their certificate in the directory.
import { flushCompileCache } from 'node:module'
import { resolve } from 'node:path'
import type { LogLevel } from '#platform/logger.ts'
import { makePlatform } from '#platform/system.ts'
import type { EnduranceMode } from '#rack/open-endurance.ts'
import { parseToken } from '#protocol/token.ts'
import type { RackJoin } from '#rack/join.ts'
import { RACK_DEFAULTS, type RackConfig, startRack } from '#rack/start.ts'
import type { Arguments, Io } from '../command-line.ts'
import { dnsAddressOf } from '../dns-address.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { productVersion } from '../version.ts'

export async function runRack(args: Arguments, io: Io): Promise<number> {
  const stopped = io.stopped()
  const platform = makePlatform({ logLevel: (args.text('log-level') ?? 'info') as LogLevel })
  const rack = await startRack(await rackConfig(args, io), platform)
  flushCompileCache()
  const { rackId, httpPort, tftpPort, dnsPort } = rack
  if (args.flag('json')) {
    const ports = { http_port: httpPort, tftp_port: tftpPort, dns_port: dnsPort }
    io.out(JSON.stringify({ rack_id: rackId, ...ports }))
  } else {
    io.out(`Rack ${rackId} is up: HTTP boot on port ${httpPort}. Ctrl-C stops it.`)
  }
  if (!stopped.aborted) {
    await new Promise<void>((end) => stopped.addEventListener('abort', () => end()))
  }
  await rack.close()
  return EXIT.ok
}

async function rackConfig(args: Arguments, io: Io): Promise<RackConfig> {
  const interfaces = args.text('interface')?.split(',').filter(Boolean)
  return {
    ...RACK_DEFAULTS,
    dir: resolve(io.cwd, args.text('dir') ?? ''),
    join: joinOf(args),
    interfaces: interfaces ?? null,
    httpPort: args.number('http-port') ?? RACK_DEFAULTS.httpPort,
    tftpPort: args.number('tftp-port') ?? RACK_DEFAULTS.tftpPort,
    dhcpPort: args.number('dhcp-port') ?? RACK_DEFAULTS.dhcpPort,
    dns: dnsAddressOf(args.text('dns')),
    bootFilesDir: args.text('boot-files') ?? RACK_DEFAULTS.bootFilesDir,
    endurance: (args.text('endurance') ?? RACK_DEFAULTS.endurance) as EnduranceMode,
    version: await productVersion(),
  }
}

function joinOf(args: Arguments): RackJoin | null {
  const token = args.text('token')
  const region = args.text('region')
  const secret = args.text('secret')
  if (token !== undefined) {
    if (region !== undefined || secret !== undefined) {
      throw new UsageError('--token says it all; leave out --region and --secret')
    }
    const { peers, secret: known, caFingerprint } = parseToken(token)
    return { regions: peers, secret: known, caFingerprint }
  }
  if (region === undefined && secret === undefined) return null
  if (region === undefined || secret === undefined) {
    throw new UsageError('--region and --secret go together')
  }
  return { regions: region.split(',').map(parsePeerAddress), secret, caFingerprint: null }
}

/** `https://192.0.2.1:5250` or `192.0.2.1:5250` → `192.0.2.1:5250`; the default port is 5250. */
export function parsePeerAddress(text: string): string {
  const url = text.includes('://') ? text : `https://${text}`
  if (!URL.canParse(url)) throw new UsageError(`'${text}' is not an address of a region`)
  const { hostname, port } = new URL(url)
  return `${hostname}:${port === '' ? '5250' : port}`
}

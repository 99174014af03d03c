// What `region bootstrap`, `init` and `join` are told alike: where the node lives and listens.
import { resolve } from 'node:path'
import { parseLifetime } from '#model/certificate-lifetime.ts'
import { type HostPort, parseHostPort } from '#protocol/token.ts'
import type { Arguments, Io } from '../command-line.ts'
import { dnsAddressOf } from '../dns-address.ts'
import { UsageError } from '../exit-codes.ts'
import type { Layout } from '../make-cluster.ts'

/** Throws UsageError when `--host` is needed and missing, or an option is no address or lifetime. */
export function layoutOf(args: Arguments, io: Io, nodeCount: number): Layout {
  const host = args.text('host')
  if (host === undefined) {
    throw new UsageError('--host is missing: the address of this host that others reach')
  }
  return {
    directory: resolve(io.cwd, args.text('dir') ?? ''),
    ...{ nodeCount, host },
    apiPort: args.number('api-port') ?? 0,
    peerPort: args.number('peer-port') ?? 0,
    advertise: advertised(args),
    dns: dnsAddressOf(args.text('dns')),
    certificateLifetimeMs: lifetimeOf(args),
  }
}

/** Undefined when it was not given. Throws UsageError. */
export function lifetimeOf(args: Arguments): number | undefined {
  const text = args.text('certificate-lifetime')
  const lifetimeMs = text === undefined ? undefined : parseLifetime(text)
  if (text === undefined || lifetimeMs !== undefined) return lifetimeMs
  throw new UsageError('--certificate-lifetime is 10s to 3650d, such as 365d, 12h or 30m')
}

function advertised(args: Arguments): HostPort | null {
  const text = args.text('advertise')
  if (text === undefined) return null
  const address = parseHostPort(text)
  if (address !== undefined) return address
  throw new UsageError(`--advertise must be HOST:PORT, such as 192.0.2.1:5250`)
}

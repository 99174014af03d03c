// Starts what a rack serves and keeps it in step with view and interfaces. A service whose port cannot be
// had is missing, said once with its remedy, and the others go on; only HTTP is indispensable.
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import { formatIpv4, type Ipv4, makeIpv4, parseIpv4 } from '#model/ipv4.ts'
import type { SystemId } from '#model/ids.ts'
import type { Platform } from '#platform/system.ts'
import { describeError } from '#platform/system.ts'
import type { RackRequest, RackToRegionReply } from '#protocol/rack.ts'
import { BootEvents } from './boot-events.ts'
import { BootFileStore } from './boot-file-store.ts'
import type { OfflineRights } from './dhcp/responder.ts'
import { type DhcpServer, startDhcp } from './dhcp/server.ts'
import { type DnsServer, startDns } from './dns/server.ts'
import { viewFeed } from './dns/view-feed.ts'
import { bootScript } from './http/boot-script.ts'
import { ImageCache } from './http/image-cache.ts'
import { RegionProxy } from './http/proxy.ts'
import { findFile, startRackHttp } from './http/server.ts'
import type { RackInterface } from './interfaces.ts'
import type { Sockets } from './net/sockets.ts'
import { ChassisAdder } from './power/chassis-adder.ts'
import { CHASSIS_LISTERS } from './power/chassis-listers.ts'
import { POWER_DRIVERS, sleep } from './power/drivers.ts'
import { PowerExecutor } from './power/executor.ts'
import { PowerPoller } from './power/poller.ts'
import { RouterAdvertiser } from './ra/server.ts'
import { startTftp, type TftpFileRequest, type TftpServer } from './tftp/server.ts'
import type { RackView } from './view.ts'

export type ServiceConfig = {
  readonly dir: string
  /** IPv4 address to listen on for HTTP and TFTP; `0.0.0.0` for all. */
  readonly bindAddress: string
  /** 0 lets the kernel choose. */
  readonly httpPort: number
  readonly tftpPort: number
  /** 67, or another for tests: then replies go to the next port. */
  readonly dhcpPort: number
  readonly dhcp: boolean
  /** Where DNS is answered; null: nowhere. */
  readonly dns: { readonly address: Ipv4; readonly port: number } | null
  readonly bootFilesDir: string
  readonly imageBytesMax: number
}

export type ServiceOptions = {
  readonly config: ServiceConfig
  readonly platform: Platform
  readonly rackId: SystemId
  readonly view: RackView
  readonly sockets: Sockets
  /** Interfaces that may be served, as they are now. */
  readonly interfaces: () => readonly RackInterface[]
  readonly request: (command: RackRequest) => Promise<RackToRegionReply>
  readonly offline: OfflineRights
  readonly status: () => Readonly<Record<string, unknown>>
}

export interface Services {
  readonly httpPort: number
  /** Null when its port could not be bound. */
  readonly tftpPort: number | null
  /** Null when it is not asked for, or its port could not be bound. */
  readonly dnsPort: number | null
  /** Interfaces with DHCP, and with answers to router solicitations. */
  readonly dhcpLinks: () => readonly string[]
  readonly raLinks: () => readonly string[]
  /** Interfaces or VLANs may have changed. */
  readonly follow: () => void
  readonly close: () => Promise<void>
}

/** Throws ADDRESS_IN_USE when HTTP's port is taken. */
export async function startServices(options: ServiceOptions): Promise<Services> {
  const { config, platform, view, sockets, request } = options
  const { logger, metrics, clock } = platform
  const bootFiles = new BootFileStore(config.bootFilesDir)
  await bootFiles.check(logger)
  const events = new BootEvents({ request, clock, metrics })
  const regionApis = (): readonly string[] => view.settings()?.regionApis ?? []
  const images = new ImageCache({
    dir: join(config.dir, 'images'),
    bytesMax: config.imageBytesMax,
    sources: regionApis,
    logger,
    metrics,
  })
  await images.start()
  const proxy = new RegionProxy({ regionApis, logger, metrics })
  const http = await startRackHttp({
    address: config.bindAddress,
    port: config.httpPort,
    view,
    images,
    proxy,
    readBootFile: (name) => bootFiles.read(name),
    onBootEvent: (event) => events.record(event),
    status: options.status,
    exposeMetrics: () => metrics.expose(),
    logger,
    metrics,
  }).catch((error: unknown) => {
    const message = `The rack cannot listen on ${config.bindAddress}:${config.httpPort}.`
    throw new AppError('ADDRESS_IN_USE', message, { cause: error })
  })
  const readFile = readTftpFile({ bootFiles, images, events, view, httpPort: http.port })
  const tftp = await tryTftp(options, readFile)
  const dns = await tryDns(options)
  const dhcp = await tryDhcp(options, http.port)
  const advertiser = new RouterAdvertiser({ sockets, clock, logger, metrics })
  const power = startPower(options)
  const follow = (): void => {
    const answers = view.settings()?.answerRouterSolicitations === true
    const links = options
      .interfaces()
      .filter(({ name }) => view.vlanOfInterface(name) !== undefined)
    advertiser.follow(answers ? links : [])
  }
  follow()
  return {
    httpPort: http.port,
    tftpPort: tftp?.port ?? null,
    dnsPort: dns?.port ?? null,
    dhcpLinks: () => dhcp?.served() ?? [],
    raLinks: () => advertiser.served(),
    follow,
    close: async () => {
      const closing = [http.close(), tftp?.close(), dns?.close(), dhcp?.close()]
      await Promise.all([...closing, advertiser.close(), power.close()])
      proxy.close()
      await images.close()
    },
  }
}

/** Everything that speaks to BMCs. */
function startPower(options: ServiceOptions): { readonly close: () => Promise<void> } {
  const { rackId, view, request, platform, sockets } = options
  const { clock, logger, metrics, scheduler, random } = platform
  const shared = { rackId, view, request, clock, logger, scheduler }
  const drivers = POWER_DRIVERS
  const bootMs = sockets.bootMs ?? clock.monotonicMs
  const parts = [
    new PowerExecutor({ ...shared, drivers, metrics, sleep, bootMs }),
    new PowerPoller({ ...shared, drivers, metrics, random }),
    new ChassisAdder({ ...shared, random, listers: CHASSIS_LISTERS }),
  ]
  return { close: async () => void (await Promise.all(parts.map((part) => part.close()))) }
}

/** Boot loaders by name, the scripts for loaders that ask by TFTP, and kernels for those that know nothing else. */
function readTftpFile(from: {
  readonly bootFiles: BootFileStore
  readonly images: ImageCache
  readonly events: BootEvents
  readonly view: RackView
  readonly httpPort: number
}): (file: TftpFileRequest) => Promise<Uint8Array | undefined> {
  const { bootFiles, images, events, view, httpPort } = from
  return async ({ path, client, server }) => {
    const base = server === undefined ? undefined : `http://${formatIpv4(server)}:${httpPort}`
    const script = base === undefined ? undefined : bootScript(path, base, view)
    const machine = script?.machine ?? view.machineOfAddress(client)
    const kind = script?.machine === undefined ? 'tftp' : 'pxe'
    events.record({ kind, machine, description: path })
    if (script !== undefined) return new TextEncoder().encode(script.text)
    const sha256 = /^images\/([0-9a-f]{64})\/[\w.-]+$/.exec(path)?.[1]
    if (sha256 === undefined) return bootFiles.read(path)
    const file = findFile(view, sha256)
    return file === undefined ? undefined : images.read(file)
  }
}

async function tryTftp(
  options: ServiceOptions,
  readFile: (file: TftpFileRequest) => Promise<Uint8Array | undefined>,
): Promise<TftpServer | undefined> {
  const { config, platform, sockets } = options
  try {
    return await startTftp({
      address: parseIpv4(config.bindAddress) ?? makeIpv4(0),
      port: config.tftpPort,
      openUdp: sockets.openUdp,
      readFile,
      clock: platform.clock,
      logger: platform.logger,
      metrics: platform.metrics,
    })
  } catch (error) {
    platform.logger.warn('rack.tftp_not_served', whyNotServed(error))
    return undefined
  }
}

async function tryDns(options: ServiceOptions): Promise<DnsServer | undefined> {
  const { config, platform, view, sockets } = options
  if (config.dns === null) return undefined
  const { openUdp } = sockets
  try {
    return await startDns({ listen: config.dns, openUdp, feed: viewFeed(view), ...platform })
  } catch (error) {
    platform.logger.warn('rack.dns_not_served', whyNotServed(error))
    return undefined
  }
}

function whyNotServed(error: unknown) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
  return {
    error_code: code,
    error: describeError(error),
    remedy:
      code === 'EACCES' || code === 'EPERM'
        ? 'run the rack with CAP_NET_BIND_SERVICE, or choose another port'
        : 'free the port, or choose another one',
  }
}

async function tryDhcp(options: ServiceOptions, httpPort: number): Promise<DhcpServer | undefined> {
  const { config, platform, view, sockets, rackId, request, offline } = options
  if (!config.dhcp) return undefined
  const links = (): readonly (RackInterface & { vlanId: ReturnType<typeof vlanIdOf> })[] =>
    options.interfaces().map((each) => ({ ...each, vlanId: vlanIdOf(view, each.name) }))
  try {
    return await startDhcp({
      rackId,
      sockets,
      links,
      view,
      request,
      offline,
      clock: platform.clock,
      logger: platform.logger,
      metrics: platform.metrics,
      httpPort,
      ...(config.dhcpPort === 67
        ? {}
        : { ports: { server: config.dhcpPort, client: config.dhcpPort + 1 } }),
    })
  } catch (error) {
    platform.logger.error('rack.dhcp_not_served', { error: describeError(error) })
    return undefined
  }
}

function vlanIdOf(view: RackView, name: string) {
  return view.vlanOfInterface(name)?.id ?? null
}

// Wires a rack daemon: identity, view from disk, link to a region, services. It serves from the kept view
// before any region has answered (D7).
import { createHash } from 'node:crypto'
import { arch, availableParallelism, hostname, totalmem } from 'node:os'
import type { SystemId } from '#model/ids.ts'
import type { Platform } from '#platform/system.ts'
import { describeError } from '#platform/system.ts'
import { parseHostPort } from '#protocol/token.ts'
import { listInterfaces, reportOf, type RackInterface } from './interfaces.ts'
import { obtainCredentials, type RackJoin } from './join.ts'
import {
  type EnduranceMode,
  openEndurance,
  type OpenedEndurance,
  type OpenEnduranceOptions,
} from './open-endurance.ts'
import { openSockets, parseSocketBackend, SOCKETS_VARIABLE } from './net/sockets.ts'
import { RackCredentials } from './rack-credentials.ts'
import { RackDirectory } from './rack-directory.ts'
import { connectRegion } from './region-connection.ts'
import {
  type ConnectRegion,
  type LinkStatus,
  RegionLink,
  type Registration,
  TICK_MS,
} from './region-link.ts'
import { type ServiceConfig, type Services, startServices } from './services.ts'
import { RackView } from './view.ts'
import { ViewStore } from './view-store.ts'

export type RackConfig = ServiceConfig & {
  /** Null once the rack has joined. */
  readonly join: RackJoin | null
  /** Interfaces that may serve DHCP and answer router solicitations; null for none. */
  readonly interfaces: readonly string[] | null
  readonly version: string
  readonly endurance: EnduranceMode
}

export const RACK_DEFAULTS = {
  bindAddress: '0.0.0.0',
  httpPort: 5248,
  tftpPort: 69,
  dhcpPort: 67,
  dhcp: true,
  dns: null,
  bootFilesDir: '/usr/lib/ipxe',
  imageBytesMax: 20 * 2 ** 30,
  interfaces: null,
  endurance: 'auto',
} as const

export type Rack = {
  readonly rackId: SystemId
  readonly httpPort: number
  readonly tftpPort: number | null
  readonly dnsPort: number | null
  readonly status: () => Readonly<Record<string, unknown>>
  readonly close: () => Promise<void>
}

/** TCP, TLS and greeting together; other regions are dialled meanwhile. */
const CONNECT_TIMEOUT_MS = 2_000
const FOLLOW_MS = 2_000

/** Throws what `obtainCredentials`, `RackDirectory.open` and `startServices` throw. */
export async function startRack(config: RackConfig, platform: Platform): Promise<Rack> {
  const { clock, logger, random } = platform
  const directory = await RackDirectory.open(config.dir, random)
  const { rackId } = directory
  const join = { directory, join: config.join, hostname: hostname(), clock, logger }
  const credentials = new RackCredentials({
    first: await obtainCredentials(join),
    ...{ directory, platform },
    regions: () => followedFirst(link.status()),
  })
  const view = new RackView(clock)
  const store = new ViewStore({ dir: config.dir, view, logger })
  await store.load()
  store.follow()
  const link = makeLink({ config, platform, directory, credentials, view })
  const only = parseSocketBackend(process.env[SOCKETS_VARIABLE] ?? '')
  const sockets = await openSockets({ only, logger })
  const { bootMs } = sockets
  const endurance = await enduranceOf({ config, platform, directory, view, link, bootMs })
  const renewal = credentials.duty()
  renewal.start()
  const ticking = setInterval(() => {
    link.tick()
    endurance.tick()
  }, TICK_MS)
  link.tick()

  let services: Services | undefined
  const status = () => statusOf({ directory, credentials, link, view, services })
  const served = new ServedInterfaces(config.interfaces)
  try {
    services = await startServices({
      ...{ config, platform, rackId, view, sockets },
      offline: endurance.rights,
      interfaces: () => served.list,
      request: (command) => link.request(command),
      status,
    })
  } catch (error) {
    clearInterval(ticking)
    await renewal.close()
    link.close()
    await endurance.close()
    throw error
  }
  const { httpPort, tftpPort, dnsPort, close, follow } = services
  const following = setInterval(() => {
    if (served.refresh()) link.setRegistration(registrationOf(config, rackId))
    follow()
    measure(platform, link, view)
    endurance.measure()
  }, FOLLOW_MS)
  const unsubscribe = followSettings({ link, directory, view, platform }, follow)
  logger.info('rack.started', { rack_id: rackId, http_port: httpPort, tftp_port: tftpPort })
  return {
    ...{ rackId, httpPort, tftpPort, dnsPort },
    status,
    close: async () => {
      clearInterval(ticking)
      clearInterval(following)
      unsubscribe()
      await close()
      await renewal.close()
      link.close()
      await endurance.close()
      await store.close()
    },
  }
}

/** What `config.interfaces` names, as it was at the last look. */
class ServedInterfaces {
  list: readonly RackInterface[]
  readonly #names: readonly string[] | null
  #reported: string

  constructor(names: readonly string[] | null) {
    this.#names = names
    this.list = listInterfaces(names ?? [])
    this.#reported = this.#report()
  }

  /** True when something to report changed. */
  refresh(): boolean {
    this.list = listInterfaces(this.#names ?? [])
    const now = this.#report()
    const changed = now !== this.#reported
    this.#reported = now
    return changed
  }

  #report(): string {
    return JSON.stringify(reportOf(listInterfaces(null), this.#names))
  }
}

function followedFirst({ region, regions }: LinkStatus): readonly string[] {
  return region === null ? regions : [region, ...regions.filter((each) => each !== region)]
}

function makeLink(from: {
  readonly config: RackConfig
  readonly platform: Platform
  readonly directory: RackDirectory
  readonly credentials: RackCredentials
  readonly view: RackView
}): RegionLink {
  const { config, platform, directory, credentials, view } = from
  const { clock, logger, metrics } = platform
  const connect: ConnectRegion = async (peer, handlers) => {
    const address = parseHostPort(peer)
    if (address === undefined) throw new Error(`'${peer}' is not an address`)
    const timeoutMs = CONNECT_TIMEOUT_MS
    return connectRegion({ credentials: credentials.current, ...address, timeoutMs, ...handlers })
  }
  const known = view.settings()?.regionPeers ?? []
  const candidates = [known, directory.regions, config.join?.regions ?? []]
  return new RegionLink({
    connect,
    regions: inOwnOrder(candidates.find((list) => list.length > 0) ?? [], directory.rackId),
    registration: registrationOf(config, directory.rackId),
    viewRevision: () => view.revision,
    onView: (message) => view.apply(message),
    onCurrent: () => view.confirm(),
    clock,
    logger,
    metrics,
  })
}

function enduranceOf(
  from: Pick<OpenEnduranceOptions, 'platform' | 'view' | 'link' | 'bootMs'> & {
    readonly config: RackConfig
    readonly directory: RackDirectory
  },
): Promise<OpenedEndurance> {
  const { config, directory, ...rest } = from
  const { rackId, incarnation } = directory
  const mode = config.dhcp ? config.endurance : 'off'
  return openEndurance({ ...rest, mode, dir: config.dir, rackId, incarnation })
}

type Learning = {
  readonly link: RegionLink
  readonly directory: RackDirectory
  readonly view: RackView
  readonly platform: Platform
}

/** Returns what ends it. */
function followSettings(of: Learning, follow: () => void): () => void {
  learnRegions(of)
  return of.view.onChange((tables) => {
    if (tables.has('settings') || tables.has('vlans')) follow()
    if (tables.has('settings')) learnRegions(of)
  })
}

/** The cluster's own list of regions, also for the next start without any. */
function learnRegions(of: Learning): void {
  const { link, directory, view, platform } = of
  const peers = view.settings()?.regionPeers ?? []
  if (peers.length === 0) return
  link.setRegions(inOwnOrder(peers, directory.rackId))
  directory.setRegions(peers).catch((error: unknown) => {
    platform.logger.warn('rack.regions_not_saved', { error: describeError(error) })
  })
}

/** Each rack prefers another region, so that racks spread; the same one at every start. */
export function inOwnOrder(peers: readonly string[], rackId: string): readonly string[] {
  const weight = (peer: string): string =>
    createHash('sha256').update(`${rackId} ${peer}`).digest('hex')
  return peers.toSorted((a, b) => (weight(a) < weight(b) ? -1 : 1))
}

function registrationOf(config: RackConfig, rackId: SystemId): Registration {
  return {
    systemId: rackId,
    hostname: hostname(),
    version: config.version,
    architecture: `${arch() === 'arm64' ? 'arm64' : 'amd64'}/generic`,
    cpuCount: availableParallelism(),
    memoryMib: Math.round(totalmem() / 2 ** 20),
    ...reportOf(listInterfaces(null), config.interfaces),
  }
}

function statusOf(of: {
  readonly directory: RackDirectory
  readonly credentials: RackCredentials
  readonly link: RegionLink
  readonly view: RackView
  readonly services: Services | undefined
}): Readonly<Record<string, unknown>> {
  const { directory, credentials, link, view, services } = of
  const { region, regionId, hasLeader, rttMs, inFlight, regions } = link.status()
  return {
    rack_id: directory.rackId,
    cluster_id: credentials.current.clusterId,
    certificate_expires: credentials.expires(),
    incarnation: directory.incarnation,
    link: {
      region,
      region_id: regionId,
      has_leader: hasLeader,
      rtt_ms: rttMs,
      in_flight: inFlight,
    },
    regions,
    view: { revision: view.revision, age_ms: view.ageMs() ?? null },
    services: {
      http_port: services?.httpPort ?? null,
      tftp_port: services?.tftpPort ?? null,
      dns_port: services?.dnsPort ?? null,
      dhcp: services?.dhcpLinks() ?? [],
      router_solicitations: services?.raLinks() ?? [],
    },
  }
}

function measure(platform: Platform, link: RegionLink, view: RackView): void {
  const { metrics } = platform
  metrics.gauge('ironraft_rack_connected', link.status().region === null ? 0 : 1)
  metrics.gauge('ironraft_rack_view_revision', view.revision)
  const ageMs = view.ageMs()
  if (ageMs !== undefined) metrics.gauge('ironraft_rack_view_age_seconds', ageMs / 1000)
}

// Decides whether this rack may have offline rights at all, and opens what they need: the boot clock, the boot
// id, the journal. Where something is missing the rack serves on through regions only, and says so.
import { join } from 'node:path'
import type { SystemId } from '#model/ids.ts'
import type { Platform } from '#platform/system.ts'
import { describeError } from '#platform/system.ts'
import { type BootTime, isVirtualMachine, readBootId } from './boot-time.ts'
import { NO_RIGHTS, type OfflineRights } from './dhcp/responder.ts'
import { ViewIndex } from './dhcp/view-index.ts'
import { Endurance } from './endurance.ts'
import { Journal } from './journal.ts'
import type { RegionLink } from './region-link.ts'
import type { RackView } from './view.ts'

/** `auto`: unless a hypervisor could stop this host's clocks. */
export type EnduranceMode = 'auto' | 'on' | 'off'

export type OpenEnduranceOptions = {
  readonly mode: EnduranceMode
  readonly dir: string
  readonly rackId: SystemId
  readonly incarnation: number
  readonly view: RackView
  readonly link: Pick<RegionLink, 'request' | 'isConnected'>
  /** CLOCK_BOOTTIME; undefined where it cannot be read. */
  readonly bootMs: (() => number) | undefined
  readonly platform: Pick<Platform, 'clock' | 'random' | 'logger' | 'metrics'>
}

export type OpenedEndurance = {
  readonly rights: OfflineRights
  readonly tick: () => void
  readonly measure: () => void
  readonly close: () => Promise<void>
}

export async function openEndurance(options: OpenEnduranceOptions): Promise<OpenedEndurance> {
  const { mode, dir, rackId, incarnation, view, link, bootMs, platform } = options
  const bootId = await readBootId()
  const missing = await whatIsMissing(mode, bootMs, bootId)
  if (missing !== undefined || bootMs === undefined || bootId === undefined) {
    // Who switched it off knows.
    const level = mode === 'off' ? 'debug' : 'warn'
    platform.logger[level]('rack.no_offline_rights', { reason: missing ?? 'no boot id' })
    return without(options)
  }
  let journal: Journal
  try {
    const { logger } = platform
    journal = await Journal.open({ dir: join(dir, 'journal'), bootId, incarnation, logger })
  } catch (error) {
    const reason = `the journal cannot be opened: ${describeError(error)}`
    platform.logger.warn('rack.no_offline_rights', { reason })
    return without(options)
  }
  const index = new ViewIndex(view)
  const bootTime: BootTime = { bootMs, wallMs: platform.clock.wallMs }
  const endurance = new Endurance({
    ...{ rackId, incarnation, journal, index, bootTime },
    ledger: journal.ledger,
    isConnected: () => link.isConnected,
    request: (command) => link.request(command),
    ...platform,
  })
  return {
    rights: endurance,
    tick: () => endurance.tick(),
    measure: () => endurance.measure(),
    close: async () => {
      index.close()
      await journal.close()
    },
  }
}

async function whatIsMissing(
  mode: EnduranceMode,
  bootMs: (() => number) | undefined,
  bootId: string | undefined,
): Promise<string | undefined> {
  if (mode === 'off') return 'switched off'
  if (bootMs === undefined) return 'no FFI, so CLOCK_BOOTTIME cannot be read'
  if (bootId === undefined) return 'the kernel tells no boot id'
  if (mode === 'auto' && (await isVirtualMachine())) {
    return 'a virtual machine may be paused with all its clocks; --endurance on says it never is'
  }
  return undefined
}

function without({ link, platform }: OpenEnduranceOptions): OpenedEndurance {
  const rights = { ...NO_RIGHTS, isConnected: () => link.isConnected }
  const measure = (): void => {
    platform.metrics.gauge('ironraft_rack_offline', link.isConnected ? 0 : 1)
    platform.metrics.gauge('ironraft_rack_offline_rights', 0)
  }
  return { rights, tick: () => {}, measure, close: () => Promise.resolve() }
}

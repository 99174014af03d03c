// The power types that this rack can drive, by MAAS's names. Where a type is known to the API but not here, the order
// fails with its name.
import { setTimeout as sleepMs } from 'node:timers/promises'
import { askBmc } from './bmc-http.ts'
import { type PowerDriver, PowerFailure } from './driver.ts'
import { ipmiDriver } from './ipmi.ts'
import { proxmoxDriver } from './proxmox.ts'
import { redfishDriver } from './redfish.ts'
import { runTool } from './run-tool.ts'
import { virshDriver } from './virsh.ts'
import { webhookDriver } from './webhook.ts'

/** Throws `unreachable` when the signal ends it. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await sleepMs(ms, undefined, { signal }).catch((cause: unknown) => {
    throw new PowerFailure('unreachable', 'the BMC was not ready in time', cause)
  })
}

export const POWER_DRIVERS: ReadonlyMap<string, PowerDriver> = new Map([
  ['ipmi', ipmiDriver(runTool)],
  ['redfish', redfishDriver({ askBmc, sleep })],
  ['webhook', webhookDriver()],
  ['virsh', virshDriver(runTool)],
  ['proxmox', proxmoxDriver()],
])

// What a machine says about one script.
import type { SystemId } from '#model/ids.ts'
import type { Machine } from '#model/machine.ts'
import type { Region } from '#node/region.ts'
import type { SignalStatus } from '#state/machine-commands.ts'

export type SignalReport = {
  readonly systemId: SystemId
  readonly status: SignalStatus
  readonly resultId: number | null
  readonly scriptName: string | null
  readonly exitStatus: number | null
  readonly runtimeMs: number | null
  /** By the name of the part: `<script>.out`, `.err`, `.yaml`, or `<script>` for all output. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** Resolves when it is committed. */
export async function recordSignal(
  _region: Region,
  _machine: Machine,
  _report: SignalReport,
): Promise<void> {}

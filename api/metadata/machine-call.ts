// One request of a known machine, as what answers it sees it.
import type { BootOrigin } from '#model/boot-origins.ts'
import type { Machine } from '#model/machine.ts'
import type { MachineToken } from '#model/machine-token.ts'
import type { Region } from '#node/region.ts'
import type { Actor, Command } from '#state/command.ts'
import type { ValueOf } from '#state/outcome.ts'
import type { RegionState } from '#state/state.ts'
import { fromRefusal } from '../errors.ts'
import type { Input } from '../input.ts'

export type MachineCall = {
  readonly region: Region
  /** Of a confirmed read where a document is asked for; rows only, no tables, after the next await. */
  readonly state: RegionState
  readonly machine: Machine
  readonly token: Pick<MachineToken, 'consumerKey' | 'tokenKey' | 'tokenSecret'>
  /** What it reached, and what else it will when that dies. */
  readonly origins: readonly BootOrigin[]
  readonly input: Input
  readonly actor: Actor
  /** Unix time, seconds, of this region. */
  readonly wallSeconds: number
}

/** Throws the Rejection of a refusal. */
export async function proposeFor<C extends Command>(
  { region, actor }: Pick<MachineCall, 'region' | 'actor'>,
  command: C,
): Promise<ValueOf<C['type']>> {
  const { outcome } = await region.propose(command, { actor })
  // The cast undoes that the compiler cannot narrow an outcome of a type parameter.
  if (outcome.ok) return outcome.value as ValueOf<C['type']>
  throw fromRefusal(outcome)
}

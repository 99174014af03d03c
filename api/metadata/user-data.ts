// `user-data` (maas-api §11) by what the machine was booted for. That the installed system asks for its own is how the
// cluster learns that it runs: Deploying → Deployed.
import { MACHINE_STATUS as S, type Machine } from '#model/machine.ts'
import { notFound } from '../errors.ts'
import { configOf } from '#state/config-keys.ts'
import type { RegionState } from '#state/state.ts'
import { baseOf } from './origins.ts'
import { bootKindOf, type BootKind } from './boot-kind.ts'
import { proposeFor, type MachineCall } from './machine-call.ts'
import { isSshOn } from './meta-data.ts'
import { runnerScript, type RunnerMode } from './runner.ts'

/** Throws NOT_FOUND where there is none, in Deploying after the change was committed. */
export async function userData(call: MachineCall): Promise<Buffer> {
  const { machine, state } = call
  const kind = bootKindOf(state, machine)
  if (isOwners(machine, kind)) {
    const text = state.deployments.get(machine.systemId)?.userData ?? ''
    if (machine.status === S.DEPLOYING) {
      const { tokenKey } = call.token
      const { systemId } = machine
      await proposeFor(call, { type: 'machine.booted', systemId, tokenKey })
    }
    if (text === '') throw notFound('NodeUserData')
    return Buffer.from(text, 'base64')
  }
  if (kind === null || kind === 'install' || kind === 'memory' || kind === 'off') {
    throw notFound('NodeUserData')
  }
  return Buffer.from(await runnerScript(kind, variablesOf(call, kind)))
}

/** Whether `user-data` is there, without its consequences. */
export function hasUserData({ machine, state }: Pick<MachineCall, 'machine' | 'state'>): boolean {
  const text = state.deployments.get(machine.systemId)?.userData ?? ''
  const kind = bootKindOf(state, machine)
  if (isOwners(machine, kind)) return text !== ''
  return kind !== null && kind !== 'off'
}

/** Whether what it runs is its owner's, with his user data. */
function isOwners({ status }: Machine, kind: BootKind | null): boolean {
  return status === S.DEPLOYING || status === S.DEPLOYED || kind === 'memory'
}

/** Of a machine that nobody knows: it enlists, and goes on to be commissioned if the site wants that. */
export async function enlistUserData(
  state: RegionState,
  at: Pick<MachineCall, 'origins' | 'wallSeconds'>,
): Promise<Buffer> {
  const commission = configOf(state, 'enlist_commissioning') === true ? 'yes' : 'no'
  return Buffer.from(
    await runnerScript('enlist', {
      BASES: at.origins.map(baseOf).join(' '),
      SERVER_SECONDS: String(at.wallSeconds),
      COMMISSION: commission,
    }),
  )
}

function variablesOf(call: MachineCall, kind: RunnerMode): Readonly<Record<string, string>> {
  const { machine, state, token, origins, wallSeconds } = call
  const work = state.machineWork.get(machine.systemId)?.work
  const erase = work?.kind === 'erase' ? work : { secure: false, quick: false }
  return {
    BASES: origins.map(baseOf).join(' '),
    CONSUMER_KEY: token.consumerKey,
    TOKEN_KEY: token.tokenKey,
    TOKEN_SECRET: token.tokenSecret,
    SERVER_SECONDS: String(wallSeconds),
    SSH: isSshOn(state, machine) ? 'yes' : 'no',
    ...(kind === 'erase' ? { SECURE: yes(erase.secure), QUICK: yes(erase.quick) } : {}),
  }
}

function yes(flag: boolean): string {
  return flag ? 'yes' : 'no'
}

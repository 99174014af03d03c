// `op=get_curtin_config` (maas-api §9): how curtin would install the machine, for sites that bring curtin.
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { runsFromMemory } from '#state/query.ts'
import { isUefi } from '#state/storage-query.ts'
import { text, type Answer, type Call } from '../call.ts'
import { Rejection } from '../errors.ts'
import { formatCurtinConfig } from '../installer/curtin-config.ts'
import { originsAt } from '../metadata/origins.ts'
import { gatherInstall } from '../metadata/gather-install.ts'
import { renderCurtinStorage } from '../render/curtin-storage.ts'
import { renderCurtinNetwork } from '../render/netplan.ts'
import { operation, takingNothing, type Action } from '../resource.ts'
import { machineOf } from './find-machine.ts'

/** YAML, with the machine's own token in it; machines of others are 404. */
async function curtinConfig(call: Call): Promise<Answer> {
  const state = await call.state()
  const machine = machineOf(state, call)
  const { systemId, status } = machine
  if (status !== S.DEPLOYING && status !== S.DEPLOYED) {
    throw new Rejection('BAD_REQUEST', `Machine ${systemId} is not in a deployment state.`)
  }
  if (runsFromMemory(state, systemId)) {
    throw new Rejection(
      'BAD_REQUEST',
      `Machine ${systemId} runs from memory: nothing is installed.`,
    )
  }
  const {
    consumerKey = '',
    tokenKey = '',
    tokenSecret = '',
  } = state.machineTokens.get(systemId) ?? {}
  const gathered = gatherInstall(state, machine, {
    origins: originsAt(`http://${call.header('host')}`),
    keys: { consumerKey, tokenKey, tokenSecret },
  })
  if ('problem' in gathered) throw new Rejection('CONFLICT', gathered.problem)
  const { disks, storage } = gathered
  const network = renderCurtinNetwork(state, systemId)
  const more = {
    storage: renderCurtinStorage(disks, storage, { isUefi: isUefi(machine) }),
    ...(network.network === null ? {} : { network: network.network }),
  }
  return text(formatCurtinConfig(gathered, more))
}

export const CURTIN_CONFIG: Action = takingNothing(
  operation(
    'GET',
    'get_curtin_config',
    { doc: 'Show the configuration that curtin would be given.' },
    curtinConfig,
  ),
)

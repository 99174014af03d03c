// `by-id/{system_id}/`: what a machine that has no token yet may ask: its preseed, with the token in it, and, of an
// installer, that it boots from its disk from now on. Without a key, so by the address (`standing.ts`).
import { formatIp, type Ip } from '#model/ip.ts'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS, type Machine } from '#model/machine.ts'
import type { Logger, Random } from '#model/ports.ts'
import type { Region } from '#node/region.ts'
import { memoryImageFor } from '#state/boot-image.ts'
import type { RegionState } from '#state/state.ts'
import { mintApiKey } from '../api-keys.ts'
import { text, type Answer } from '../call.ts'
import { forbidden, notFound, Rejection } from '../errors.ts'
import type { Input } from '../input.ts'
import { metadataUrlOf } from './origins.ts'
import { bootKindOf } from './boot-kind.ts'
import { proposeFor, type MachineCall } from './machine-call.ts'
import { isSshOn } from './meta-data.ts'
import { poweroffPreseed, preseedOf } from './preseed.ts'
import { whyNotAsk } from './standing.ts'

type Parts = { readonly region: Region; readonly random: Random; readonly logger: Logger }
type Asked = Pick<MachineCall, 'region' | 'actor' | 'origins'> & {
  readonly input: Input
  readonly client: Ip | undefined
  readonly method: 'GET' | 'POST'
}

/** Throws NOT_FOUND, FORBIDDEN, CONFLICT, BAD_REQUEST. */
export async function answerById(
  { region, random, logger }: Parts,
  asked: Asked,
  systemId: SystemId,
): Promise<Answer> {
  const { input, client, method } = asked
  const op = input.text('op') ?? ''
  const { state } = await region.read('linearizable')
  const machine = state.machines.get(systemId)
  if (machine === undefined) throw notFound('Node')
  const refused = (reason: string): Rejection => {
    const address = client === undefined ? null : formatIp(client)
    logger.warn('metadata.refused', { machine_id: systemId, address, reason })
    return forbidden(reason)
  }
  const reason = whyNotAsk(state, machine, client)
  if (reason !== null || client === undefined) throw refused(reason ?? 'No address.')
  if (method === 'GET' && op === 'get_preseed') {
    const kind = bootKindOf(state, machine)
    if (kind === 'off') return text(poweroffPreseed())
    if (kind === null) throw refused('The machine boots nothing that needs a preseed.')
    const token = await issue(asked, { systemId, random, client })
    // It may have moved while the token was made.
    const { state: after } = region.local()
    const now = after.machines.get(systemId) ?? machine
    if (kind === 'memory' && memoryImageFor(after, now) === undefined) {
      await failWithoutImage(asked, now, token)
      logger.warn('metadata.no_image', { machine_id: systemId, address: formatIp(client) })
      return text(poweroffPreseed())
    }
    logger.info('metadata.preseed_given', { machine_id: systemId, address: formatIp(client) })
    const metadataUrl = metadataUrlOf(asked.origins)
    return text(preseedOf({ kind, systemId, metadataUrl, token, sshOn: isSshOn(after, now) }))
  }
  if (method === 'POST' && (op === 'netboot_off' || op === 'netboot_on')) {
    if (!isAtWork(state, machine)) throw refused('The machine boots nothing that could say so.')
    await proposeFor(asked, { type: 'machine.netboot', systemId, on: op === 'netboot_on' })
    return text('OK')
  }
  throw new Rejection('BAD_REQUEST', `Unrecognised signature: method=${method}, no such op`)
}

/** Also one that installs and has said it before: that answer may have been lost. */
function isAtWork(state: RegionState, machine: Machine): boolean {
  if (machine.status === MACHINE_STATUS.DEPLOYING) return true
  const kind = bootKindOf(state, machine)
  return kind !== null && kind !== 'off'
}

/**
 * Racks boot the site's own environment where that of the machine is not there: it is not what its owner asked for, so
 * a deployment has failed. Nothing follows for a machine that is Deployed.
 */
async function failWithoutImage(
  asked: Asked,
  { systemId, osSystem, distroSeries, architecture }: Machine,
  { tokenKey }: Pick<MachineCall['token'], 'tokenKey'>,
): Promise<void> {
  const image = `${osSystem}/${distroSeries} for ${architecture}`
  const error = `There is no image of ${image} that runs from memory.`
  await proposeFor(asked, { type: 'machine.signal', systemId, tokenKey, status: 'FAILED', error })
}

function issue(
  asked: Asked,
  { systemId, random, client }: { systemId: SystemId; random: Random; client: Ip },
): Promise<Pick<MachineCall['token'], 'consumerKey' | 'tokenKey' | 'tokenSecret'>> {
  const address = formatIp(client)
  return proposeFor(asked, { type: 'machineToken.issue', systemId, address, ...mintApiKey(random) })
}

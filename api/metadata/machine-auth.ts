// Which machine is asking: by the token that it got with its preseed. Keys of users open nothing here, as those of
// machines open nothing elsewhere.
import type { Context } from 'koa'
import { formatIp } from '#model/ip.ts'
import type { Machine } from '#model/machine.ts'
import type { MachineToken } from '#model/machine-token.ts'
import type { Clock, Logger } from '#model/ports.ts'
import type { Region } from '#node/region.ts'
import type { RegionState } from '#state/state.ts'
import { forbidden } from '../errors.ts'
import { unauthenticated } from '../oauth.ts'
import { oauthOf, SignatureChecks } from '../signed-request.ts'
import { clientAddressOf } from '../client-address.ts'
import { whyNotSpeak } from './standing.ts'

const HEADER_CHARACTERS_MAX = 4_096
const INVALID = 'Authorization Error: Invalid token of a machine.'

export type KnownMachine = { readonly machine: Machine; readonly token: MachineToken }

export class MachineAuthenticator {
  readonly #region: Region
  readonly #logger: Logger
  readonly #signatures: SignatureChecks

  constructor(parts: { readonly region: Region; readonly clock: Clock; readonly logger: Logger }) {
    this.#region = parts.region
    this.#logger = parts.logger
    this.#signatures = new SignatureChecks(parts.clock)
  }

  /** Throws UNAUTHENTICATED, and FORBIDDEN for one that speaks from an address of somebody else. */
  async machine(ctx: Context): Promise<KnownMachine> {
    const header = ctx.get('authorization')
    const oauth = header.length > HEADER_CHARACTERS_MAX ? undefined : oauthOf(ctx, header)
    if (oauth === undefined) {
      throw unauthenticated('Authorization Error: Sign with the token of the machine.')
    }
    const consumerKey = oauth.get('oauth_consumer_key') ?? ''
    const found = await this.#find(oauth.get('oauth_token') ?? '')
    if (found === undefined || found.token.consumerKey !== consumerKey) {
      throw unauthenticated(INVALID)
    }
    this.#signatures.check(ctx, oauth, Buffer.from(`&${found.token.tokenSecret}`))
    const { state } = this.#region.local()
    const client = clientAddressOf(state, ctx)
    if (whyNotSpeak(state, found, client) === null) return found
    // A lease of a moment ago, or a move, may not have arrived here.
    const { state: newest } = await this.#region.read('linearizable')
    const known = byTokenKey(newest, found.token.tokenKey)
    if (known === undefined) throw unauthenticated(INVALID)
    const refusal = whyNotSpeak(newest, known, client)
    if (refusal === null) return known
    this.#logger.warn('metadata.signed_elsewhere', {
      machine_id: found.machine.systemId,
      address: client === undefined ? null : formatIp(client),
      reason: refusal,
    })
    throw forbidden(refusal)
  }

  /** Whether its header names the token of a machine; whether it was signed with it is seen later. */
  async isKnown(ctx: Context): Promise<boolean> {
    const header = ctx.get('authorization')
    if (header === '' || header.length > HEADER_CHARACTERS_MAX) return false
    const tokenKey = oauthOf(ctx, header)?.get('oauth_token') ?? ''
    return (await this.#find(tokenKey)) !== undefined
  }

  /** One that is unknown here may have been made a moment ago elsewhere. */
  async #find(tokenKey: string): Promise<KnownMachine | undefined> {
    if (tokenKey === '') return undefined
    const known = byTokenKey(this.#region.local().state, tokenKey)
    return known ?? byTokenKey((await this.#region.read('linearizable')).state, tokenKey)
  }
}

function byTokenKey(state: RegionState, tokenKey: string): KnownMachine | undefined {
  const token = state.machineTokensByKey.first(tokenKey)
  const machine = token === undefined ? undefined : state.machines.get(token.systemId)
  return token === undefined || machine === undefined ? undefined : { machine, token }
}

// Machines that boot at a site with DHCP, as the metadata service sees them.
import type { Test } from 'tap'
import type { SystemId, UserId } from '#model/ids.ts'
import { DEFAULT_PROBE, type ProbeOptions } from '#model/machine-work.ts'
import type { Actor, Command } from '#state/command.ts'
import { ADMIN, SYSTEM, type Answer, type Ask, type Key, type TestApi } from '../../support/api.ts'
import { startSite } from '../../support/site.ts'
import { bind, mac } from '#test/support/region-state.ts'
import { DEPLOY } from '#test/support/life-cycle.ts'

export const RACK_ADDRESS = '192.0.2.2'
const ADMIN_ACTOR: Actor = {
  ...{ kind: 'user', userId: 1 as UserId, username: 'admin', remoteAddress: '', requestId: '' },
}

/** Machine `n` has MAC `mac(n)`, and the address 192.0.2.(100 + n) by lease. */
export class MachineRoom {
  readonly api: TestApi
  constructor(api: TestApi) {
    this.api = api
  }

  static async start(t: Test): Promise<MachineRoom> {
    return new MachineRoom(await startSite(t))
  }

  address(n: number): string {
    return `192.0.2.${100 + n}`
  }

  async add(n: number): Promise<SystemId> {
    const made = await this.api.post('machines/', {
      ...{ architecture: 'amd64/generic', mac_addresses: mac(n), power_type: 'manual' },
      ...{ commission: 'false', hostname: `node-${n}` },
    })
    if (made.status !== 200) throw new Error(made.text)
    return made.json.system_id as SystemId
  }

  async lease(n: number, leaseSeconds = 600): Promise<void> {
    await this.run({ ...bind(n, this.address(n), { leaseSeconds }), rackId: 'rack01' as SystemId })
  }

  /** As the administrator, or, where machines or the cluster do it, the system. */
  async run(command: Command, by: 'admin' | 'system' = 'system'): Promise<void> {
    const actor = by === 'admin' ? ADMIN_ACTOR : SYSTEM
    const { outcome } = await this.api.region.propose(command, { actor })
    if (!outcome.ok) throw new Error(`${command.type}: ${outcome.message}`)
  }

  async commission(systemId: SystemId, options: Partial<ProbeOptions> = {}): Promise<void> {
    const all = { ...DEFAULT_PROBE, ...options }
    await this.run({ type: 'machine.commission', systemId, comment: '', options: all }, 'admin')
  }

  /** Allocated by the administrator, who is its owner then. */
  async deploy(systemId: SystemId, userData = '', ephemeralDeploy = false): Promise<void> {
    await this.commission(systemId)
    await this.signal(systemId, 'OK')
    await this.run(
      {
        type: 'machine.deploy',
        ...{ systemId, comment: '', options: { ...DEPLOY, userData, ephemeralDeploy } },
      },
      'admin',
    )
  }

  async signal(systemId: SystemId, status: 'OK' | 'FAILED' | 'WORKING'): Promise<void> {
    await this.run({ type: 'machine.signal', systemId, status, error: '' })
  }

  /** Through a rack, from the address; no key. */
  from(
    address: string,
    method: string,
    path: string,
    ask: Ask & { readonly host?: string } = {},
  ): Promise<Answer> {
    const headers = {
      'x-forwarded-for': address,
      'x-forwarded-host': ask.host ?? `${RACK_ADDRESS}:5248`,
      ...ask.headers,
    }
    return this.api.ask(method, `/MAAS/metadata/${path}`, { key: null, ...ask, headers })
  }

  preseed(address: string, systemId: SystemId): Promise<Answer> {
    return this.from(address, 'GET', `latest/by-id/${systemId}/?op=get_preseed`)
  }

  /** The key in the preseed that the machine gets at its address. */
  async keyOf(n: number, systemId: SystemId): Promise<Key> {
    const answer = await this.preseed(this.address(n), systemId)
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`)
    return keyIn(answer.text)
  }

  statusOf(systemId: SystemId): number | undefined {
    return this.api.region.local().state.machines.get(systemId)?.status
  }

  get adminKey(): Key {
    return ADMIN
  }
}

export function keyIn(preseed: string): Key {
  const value = (name: string): string =>
    new RegExp(`^ {4}${name}: "([A-Za-z0-9]+)"$`, 'm').exec(preseed)?.[1] ?? ''
  return {
    consumerKey: value('consumer_key'),
    tokenKey: value('token_key'),
    tokenSecret: value('token_secret'),
  }
}

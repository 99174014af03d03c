// Simulated clients: each has one operation under way, asks any region, and when the answer does not come asks
// another one with the same Idempotency-Key, as the product's own REST client does.
import { AppError } from '#model/errors.ts'
import { parseIpv4 } from '#model/ipv4.ts'
import type { SystemId, UserId } from '#model/ids.ts'
import { parseMac } from '#model/mac-address.ts'
import type { Actor, Command } from '#state/command.ts'
import type { SimNode } from './node.ts'
import { type Ended, type Request, settingName } from './operation.ts'
import type { SeededRandom } from './seeded-random.ts'
import { makeWorkload, type Workload } from './workload.ts'
import type { Resident, World } from './world.ts'

const CLIENT_ACTOR: Actor = {
  kind: 'user',
  userId: 1 as UserId,
  username: 'admin',
  remoteAddress: '192.0.2.9',
  requestId: '',
}

const TRIES_MAX = 5
const RACK = 'rack01' as SystemId

type Asked = { readonly id: string; readonly request: Request; readonly isKeyed: boolean }

type Attempt = {
  readonly node: SimNode
  readonly life: number
  readonly settle: (ended: Ended) => void
}

export class Clients implements Resident {
  readonly #world: World
  readonly #random: SeededRandom
  readonly #attempts = new Set<Attempt>()
  readonly #workload: Workload
  #open = 0
  #calm = false
  #ready = false
  /** Highest revision that anybody was answered with. */
  #floor = 0
  okCount = 0
  unknownCount = 0

  constructor(world: World) {
    this.#world = world
    this.#random = world.random('clients')
    this.#workload = makeWorkload(world.random('workload'), RACK)
  }

  readonly start = (): void => {
    this.#setUp(0)
    for (let client = 0; client < this.#world.profile.clientCount; client++) this.#think(client)
  }

  readonly onCalm = (): void => {
    this.#calm = true
  }

  readonly openCount = (): number => this.#open

  readonly onDeath = (dead: SimNode): void => {
    for (const attempt of [...this.#attempts]) {
      if (attempt.node === dead) attempt.settle({ result: 'unknown' })
    }
  }

  /** One operation through a given region, whatever the clients do; for the end of the run. */
  ask(id: string, request: Request, node: SimNode): Promise<Ended> {
    return new Promise((resolve) => {
      const how = { client: -1, isKeyed: true, triesMax: 1, node: () => node }
      this.#run({ id, request, ...how, done: resolve })
    })
  }

  #think(client: number): void {
    const { timeline, profile } = this.#world
    timeline.in(1_000 * (1 + this.#random.integer(2 * profile.thinkMs)), () => {
      if (this.#calm) return
      const next = this.#ready ? this.#workload.next(client, timeline.nowUs) : null
      if (next === null) {
        this.#think(client)
        return
      }
      const { id, request, done } = next
      // Without a key only the region's own session guards against doing it twice; then nobody else is asked.
      const isKeyed = this.#random.chance(60)
      this.#run({
        ...{ id, client, request, isKeyed },
        triesMax: isKeyed ? TRIES_MAX : 1,
        node: () => this.#pickNode(),
        done: (ended) => {
          done(ended, timeline.nowUs)
          this.#think(client)
        },
      })
    })
  }

  #pickNode(): SimNode | undefined {
    const { up } = this.#world
    return up.length === 0 ? undefined : this.#random.pick(up)
  }

  #run(operation: {
    readonly id: string
    readonly client: number
    readonly request: Request
    readonly isKeyed: boolean
    readonly triesMax: number
    readonly node: () => SimNode | undefined
    readonly done: (ended: Ended) => void
  }): void {
    const { id, client, request, isKeyed, triesMax, done } = operation
    const { timeline } = this.#world
    const invokedUs = timeline.nowUs
    const floor = this.#floor
    this.#open++
    const finish = (ended: Ended): void => {
      this.#open--
      if (ended.result === 'unknown') this.unknownCount++
      else {
        this.okCount++
        this.#floor = Math.max(this.#floor, ended.revision)
      }
      const endedUs = timeline.nowUs
      this.#world.onOperation({ ...{ id, client, request, invokedUs, endedUs, floor, ended } })
      done(ended)
    }
    const attempt = (tries: number): void => {
      const node = operation.node()
      const onEnd = (ended: Ended): void => {
        if (ended.result !== 'unknown' || tries >= triesMax) finish(ended)
        else timeline.in(1_000 * (20 + this.#random.integer(400)), () => attempt(tries + 1))
      }
      if (node === undefined || !node.isUp) onEnd({ result: 'unknown' })
      else this.#attempt(node, { id, request, isKeyed }, onEnd)
    }
    attempt(1)
  }

  /** The request reaches the region's process and, later, its answer the client. */
  #attempt(node: SimNode, operation: Asked, onEnd: (ended: Ended) => void): void {
    const { timeline } = this.#world
    const attempt: Attempt = {
      ...{ node, life: node.host.life },
      settle: (ended) => {
        if (this.#attempts.delete(attempt)) onEnd(ended)
      },
    }
    this.#attempts.add(attempt)
    timeline.dirty = true
    node.host.run(() => {
      this.#call(node, operation).then(attempt.settle, (error: unknown) => {
        if (error instanceof AppError) attempt.settle({ result: 'unknown' })
        else this.#world.fail('assertion', `${operation.id}: ${String(error)}`)
      })
    })
  }

  async #call(node: SimNode, { id, request, isKeyed }: Asked): Promise<Ended> {
    const { region } = node.assembly
    if (request.kind === 'read') {
      const { state, revision } = await region.read('linearizable')
      const value = state.settings.get(settingName(request.key))?.value ?? null
      return { result: 'ok', revision, value }
    }
    const { outcome, revision } = await region.propose(request.command, {
      actor: CLIENT_ACTOR,
      ...(isKeyed && { idempotency: { key: id, fingerprint: id } }),
    })
    if (outcome.ok) return { result: 'ok', revision, value: outcome.value }
    return { result: 'refused', revision, code: outcome.code }
  }

  /** The network that the DHCP clients are on. Asked for until it is done; each step is harmless twice. */
  #setUp(step: number): void {
    const command = SET_UP[step]
    if (command === undefined) {
      this.#ready = true
      return
    }
    this.#run({
      ...{ id: `setup-${step}`, client: -1, isKeyed: true, triesMax: 1_000 },
      request: { kind: 'write', command },
      node: () => this.#pickNode(),
      done: (ended) => {
        const known = ended.result === 'refused' && step > 0
        if (ended.result === 'ok' || known) this.#setUp(step + 1)
        else if (!this.#calm) this.#setUp(step)
      },
    })
  }
}

const SET_UP: readonly Command[] = [
  {
    ...{ type: 'rack.register', systemId: RACK, hostname: 'rack', version: '1' },
    ...{ architecture: 'amd64/generic', cpuCount: 1, memoryMib: 1_024, incarnation: 1 },
    interfaces: [
      { name: 'eth0', mac: parseMac('525400ff0001') ?? ('' as never), addresses: ['10.0.0.2/24'] },
    ],
  },
  {
    ...{ type: 'ipRange.create', rangeType: 'dynamic', subnetId: 1 as never, comment: '' },
    start: parseIpv4('10.0.0.100') ?? (0 as never),
    end: parseIpv4('10.0.0.109') ?? (0 as never),
    userId: null,
  },
  { type: 'vlan.update', id: 5001 as never, set: { dhcpOn: true, primaryRack: RACK } },
]

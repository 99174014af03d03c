// Makes the faults of a schedule happen to the world, ends each after its time, and heals everything when the
// safety phase is over. Counts what really happened: a run in which nothing did proves nothing.
import { damage } from './damage.ts'
import type { Fault, FaultType, Target } from './faults.ts'
import { MembershipFaults } from './membership.ts'
import { QUIET } from './network.ts'
import type { SimNode } from './node.ts'
import type { Resident, World } from './world.ts'

export class Injector implements Resident {
  readonly #world: World
  readonly #schedule: readonly Fault[]
  readonly #membership: MembershipFaults
  #calm = false
  /** No fault begins before. */
  #quietUntilUs = 0
  readonly counts = new Map<FaultType, number>()

  constructor(world: World, schedule: readonly Fault[]) {
    this.#world = world
    this.#schedule = schedule
    this.#membership = new MembershipFaults(world, world.random('inject'))
  }

  readonly start = (): void => {
    for (const fault of this.#schedule) {
      this.#world.timeline.at(fault.atMs * 1_000, () => {
        if (this.#calm || this.#world.timeline.nowUs < this.#quietUntilUs) return
        this.#world.trace.note('fault', fault.type)
        if (this.#inject(fault)) this.counts.set(fault.type, (this.counts.get(fault.type) ?? 0) + 1)
      })
    }
    this.#membership.watch()
  }

  readonly openCount = (): number => this.#membership.openCount

  readonly onDeath = (node: SimNode): void => this.#membership.onDeath(node)

  /** Everything that can be repaired is. */
  readonly onCalm = (): void => {
    this.#calm = true
    this.#heal()
  }

  #heal(): void {
    const { network, nodes } = this.#world
    network.heal()
    // Peers whose connection broke dial again at once: nothing is in the way any more.
    for (const a of nodes) for (const b of nodes) if (a.index < b.index) this.#world.reconnect(a, b)
    for (const node of nodes) {
      node.syncDelayUs = 0
      node.data.free()
      node.host.setClockRate(1)
      node.host.resume()
      if (node.reader !== null) this.#restart(node)
    }
  }

  #quiet(ms: number): void {
    this.#quietUntilUs = this.#world.timeline.nowUs + ms * 1_000
    this.#heal()
  }

  #inject(fault: Fault): boolean {
    if (fault.type === 'split' || fault.type === 'bridge' || fault.type === 'noise') {
      return this.#injectNetwork(fault)
    }
    if (fault.type === 'powerLoss') return this.#losePower(fault)
    if (fault.type === 'transfer') return this.#transfer()
    if (fault.type === 'diskFills') return this.#fillDisk(fault)
    if (fault.type === 'membership') return this.#changeMembership(fault)
    const node = this.#find(fault.target)
    return node !== undefined && this.#injectNode(node, fault)
  }

  #injectNetwork(fault: Extract<Fault, { type: 'split' | 'bridge' | 'noise' }>): boolean {
    const { network, nodes } = this.#world
    if (fault.type === 'noise') {
      const { lossPercent, duplicatePercent, delayMs } = fault
      network.noise = { lossPercent, duplicatePercent, delayUs: delayMs * 1_000 }
      this.#later(fault.ms, () => (network.noise = QUIET))
      return true
    }
    const pairs: (readonly [number, number])[] = []
    for (const a of nodes) {
      for (const b of nodes) {
        const isSplit =
          fault.type === 'split'
            ? ((fault.side >> a.index) & 1) !== ((fault.side >> b.index) & 1)
            : a.index === fault.from && b.index === fault.to
        if (a !== b && isSplit) pairs.push([a.index, b.index])
      }
    }
    this.#cut(pairs, fault.ms)
    return pairs.length > 0
  }

  #injectNode(
    node: SimNode,
    fault: Exclude<
      Fault,
      { type: 'split' | 'bridge' | 'noise' | 'powerLoss' | 'diskFills' | 'transfer' | 'membership' }
    >,
  ): boolean {
    const { host, disk, index } = node
    const others = this.#world.nodes.map((other) => other.index).filter((other) => other !== index)
    const out = others.map((other) => [index, other] as const)
    const into = others.map((other) => [other, index] as const)
    switch (fault.type) {
      case 'kill': {
        const written =
          disk.syncedBytes + percent(disk.fileBytes - disk.syncedBytes, fault.writtenPercent)
        return this.#kill(node, fault.downMs, () => node.kill(written))
      }
      case 'pause':
        host.pause()
        this.#later(fault.ms, () => host.resume())
        return true
      case 'isolate':
        this.#cut(
          [...(fault.way === 'outOnly' ? [] : out), ...(fault.way === 'inOnly' ? [] : into)],
          fault.ms,
        )
        return true
      case 'disconnect':
        for (const other of this.#world.nodes) this.#break(node, other, fault.ms)
        return true
      case 'wallJump':
        host.jumpWall(fault.jumpMs)
        return true
      case 'drift':
      case 'stopClock':
        host.setClockRate(fault.type === 'drift' ? 1 + fault.percent / 100 : 0)
        this.#later(fault.ms, () => host.setClockRate(1))
        return true
      case 'slowDisk':
        this.#slow([node], fault.syncMs, fault.ms)
        return true
      case 'diskFull':
        node.data.fill()
        this.#later(fault.ms, () => {
          node.data.free()
          this.#restart(node)
        })
        return true
      case 'bitFlip':
      case 'lostTail':
      case 'wipe':
      case 'olderImage':
      case 'rowFlip':
        return damage(
          {
            world: this.#world,
            later: (ms, task) => this.#world.timeline.in(ms * 1_000, task),
            restart: (each) => this.#restart(each),
            quiet: (ms) => this.#quiet(ms),
          },
          node,
          fault,
        )
      default:
        return fault satisfies never
    }
  }

  #losePower(fault: Extract<Fault, { type: 'powerLoss' }>): boolean {
    const { target, downMs, keptPercent } = fault
    const one = target === 'all' ? undefined : this.#find(target)
    const hit = target === 'all' ? this.#world.up : one === undefined ? [] : [one]
    for (const node of hit) {
      const { disk } = node
      const kept = percent(disk.fileBytes - disk.syncedBytes, keptPercent)
      this.#kill(node, downMs, () => node.losePower(kept))
    }
    return hit.length > 0
  }

  #kill(node: SimNode, downMs: number, how: () => void): boolean {
    if (!node.isUp) return false
    this.#world.kill(node, how)
    this.#later(downMs, () => this.#restart(node))
    return true
  }

  #restart(node: SimNode): void {
    if (node.phase !== 'down' || node.data.isFull || node.isRemoved) return
    void this.#world.start(node)
  }

  /** There is room again after a while; whatever waits for it goes on by itself. */
  #fillDisk({ target, leftMiB, ms }: Extract<Fault, { type: 'diskFills' }>): boolean {
    const one = target === 'all' ? undefined : this.#find(target)
    const hit = target === 'all' ? this.#world.nodes : one === undefined ? [] : [one]
    for (const { data } of hit) data.roomBytes = leftMiB * 2 ** 20
    this.#later(ms, () => {
      for (const { data } of hit) data.free()
    })
    return hit.length > 0
  }

  #changeMembership({ change, slowMs }: Extract<Fault, { type: 'membership' }>): boolean {
    const { leader, voters, nodes } = this.#world
    const old = nodes.filter((node) => node !== leader && voters.includes(node.id))
    if (!this.#membership.change(change)) return false
    this.#slow(old, slowMs, 3 * slowMs)
    return true
  }

  #slow(nodes: readonly SimNode[], syncMs: number, ms: number): void {
    for (const node of nodes) node.syncDelayUs = syncMs * 1_000
    this.#later(ms, () => {
      for (const node of nodes) node.syncDelayUs = 0
    })
  }

  #transfer(): boolean {
    const { leader, timeline } = this.#world
    if (leader === undefined) return false
    timeline.dirty = true
    leader.host.run(() => void leader.assembly.region.transferLeadership(null))
    return true
  }

  #cut(pairs: readonly (readonly [number, number])[], ms: number): void {
    const { network } = this.#world
    for (const [from, to] of pairs) network.cut(from, to)
    this.#later(ms, () => {
      for (const [from, to] of pairs) network.mend(from, to)
    })
  }

  #break(a: SimNode, b: SimNode, ms: number): void {
    if (a === b) return
    this.#world.disconnect(a, b)
    this.#world.timeline.in(ms * 1_000, () => this.#world.reconnect(a, b))
  }

  #find(target: Target): SimNode | undefined {
    if (target === 'leader') return this.#world.leader
    const { voters, nodes } = this.#world
    const node = nodes.find((each) => each.id === voters[target % voters.length])
    return node?.isUp ? node : undefined
  }

  #later(ms: number, task: () => void): void {
    this.#world.timeline.in(ms * 1_000, () => {
      if (!this.#calm) task()
    })
  }
}

function percent(of: number, share: number): number {
  return Math.floor((of * share) / 100)
}

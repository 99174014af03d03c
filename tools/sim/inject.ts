// Makes the faults of a schedule happen to the world, ends each after its time, and heals everything when the
// safety phase is over. Counts what really happened: a run in which nothing did proves nothing.
import type { Configuration } from '#raft/types.ts'
import type { Fault, FaultType, Target } from './faults.ts'
import { QUIET } from './network.ts'
import type { SimNode } from './node.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Resident, World } from './world.ts'

export class Injector implements Resident {
  readonly #world: World
  readonly #schedule: readonly Fault[]
  readonly #random: SeededRandom
  #calm = false
  /** Nodes that were once members and are so no more; their ids are never used again (D10). */
  readonly #left = new Set<string>()
  readonly counts = new Map<FaultType, number>()

  constructor(world: World, schedule: readonly Fault[]) {
    this.#world = world
    this.#schedule = schedule
    this.#random = world.random('inject')
  }

  readonly start = (): void => {
    for (const fault of this.#schedule) {
      this.#world.timeline.at(fault.atMs * 1_000, () => {
        if (this.#calm) return
        this.#world.trace.note('fault', fault.type)
        if (this.#inject(fault)) this.counts.set(fault.type, (this.counts.get(fault.type) ?? 0) + 1)
      })
    }
    this.#watchMembership()
  }

  /** Everything that can be repaired is. */
  readonly onCalm = (): void => {
    this.#calm = true
    this.#world.network.heal()
    for (const node of this.#world.nodes) {
      node.syncDelayUs = 0
      this.#freeDisk(node)
      node.host.setClockRate(1)
      node.host.resume()
      if (node.phase === 'down' && node.reader !== null && !this.#left.has(node.id)) {
        this.#restart(node)
      }
    }
  }

  #inject(fault: Fault): boolean {
    if (fault.type === 'split' || fault.type === 'bridge' || fault.type === 'noise') {
      return this.#injectNetwork(fault)
    }
    if (fault.type === 'powerLoss') return this.#losePower(fault)
    if (fault.type === 'transfer') return this.#transfer()
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
      { type: 'split' | 'bridge' | 'noise' | 'powerLoss' | 'transfer' | 'membership' }
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
        node.isDiskFull = true
        disk.breakWrites()
        this.#later(fault.ms, () => {
          this.#freeDisk(node)
          if (node.phase === 'down') this.#restart(node)
        })
        return true
      case 'bitFlip':
        return this.#damage(node, () => {
          const byte = Math.floor((disk.syncedBytes * fault.atPermille) / 1_000)
          disk.flipBit(byte, fault.atPermille % 8)
        })
      case 'lostTail':
        return this.#damage(node, () => {
          disk.loseTail(Math.floor((disk.syncedBytes * fault.keptPermille) / 1_000))
        })
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

  /** The process dies and its disk changed behind its back; it stays down as long as it refuses to start. */
  #damage(node: SimNode, how: () => void): boolean {
    if (!node.isUp || node.disk.syncedBytes < 100) return false
    this.#world.kill(node, () => node.kill())
    how()
    this.#later(300, () => this.#restart(node))
    return true
  }

  #restart(node: SimNode): void {
    if (node.phase !== 'down' || node.isDiskFull || this.#left.has(node.id)) return
    void this.#world.start(node)
  }

  #freeDisk(node: SimNode): void {
    node.isDiskFull = false
    node.disk.mendWrites()
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

  /** By the core's own door; whether it is accepted is the core's to say. */
  #changeMembership({ change, slowMs }: Extract<Fault, { type: 'membership' }>): boolean {
    const { leader, configuration, nodes, observer } = this.#world
    if (leader === undefined || configuration.votersOutgoing.length > 0) return false
    const { voters } = configuration
    // Ids are never used again, however short the membership was (D10).
    const spare = nodes.find((node) => !observer.wasMember(node.id) && node.phase !== 'lost')
    const victim = this.#random.pick(voters)
    const next = nextVoters({ change, voters, spare: spare?.id, victim })
    if (next === null) return false
    const isNew = spare?.phase === 'down' && next.includes(spare.id)
    if (isNew) void this.#world.start(spare)
    const isJoint = change === 'replace'
    const to: Configuration = {
      ...{ voters: next, votersOutgoing: isJoint ? voters : [], learners: [], learnersNext: [] },
      autoLeave: isJoint,
    }
    leader.host.run(() => leader.assembly.proposeConfiguration(to))
    const old = nodes.filter((node) => node !== leader && voters.includes(node.id))
    this.#slow(old, slowMs, 3 * slowMs)
    return true
  }

  /** Who was removed is stopped a little later, as an operator would. */
  #watchMembership(): void {
    const members = new Set<string>()
    const look = (): void => {
      const { configuration, nodes, timeline } = this.#world
      const now = [...configuration.voters, ...configuration.votersOutgoing]
      for (const id of now) members.add(id)
      for (const id of members) {
        if (now.includes(id) || this.#left.has(id)) continue
        this.#left.add(id)
        const node = nodes.find((each) => each.id === id)
        const stop = (): void => {
          if (node?.isUp) this.#world.kill(node, () => node.kill())
        }
        timeline.in(3_000_000, stop)
      }
      timeline.in(500_000, look)
    }
    look()
  }
}

function nextVoters(options: {
  readonly change: 'replace' | 'grow' | 'shrink'
  readonly voters: readonly string[]
  readonly spare: string | undefined
  readonly victim: string
}): readonly string[] | null {
  const { change, voters, spare, victim } = options
  const without = voters.filter((id) => id !== victim)
  if (change === 'shrink') return voters.length > 3 ? without : null
  if (spare === undefined) return null
  if (change === 'grow') return voters.length < 5 ? [...voters, spare] : null
  return [...without, spare]
}

function percent(of: number, share: number): number {
  return Math.floor((of * share) / 100)
}

// What goes wrong, and what operators do, each at random times of its own rate. Every fault heals by itself.
import { makeIpv4 } from '#model/ipv4.ts'
import type { Interface } from '#model/machine.ts'
import type { Command } from '#state/command.ts'
import type { Profile } from './profile.ts'
import type { SeededRandom } from '../seeded-random.ts'
import { LINKED_COUNT, LINKED_START, newRanges, rackOrder, SUBNET, SUBNET_START } from './set-up.ts'
import type { World } from './world.ts'

const MINUTE = 60_000

export function planFaults(world: World, random: SeededRandom, profile: Profile): void {
  const { every, safetyMs } = profile
  const repeat = (meanMs: number, act: () => void): void => {
    if (meanMs === 0) return
    const plan = (): void => {
      world.queue.after(random.between(meanMs / 4, meanMs * 1.75), () => {
        if (world.queue.nowMs > safetyMs) return
        act()
        plan()
      })
    }
    plan()
  }
  const hosts = hostFaults(world, random)
  const regions = regionFaults(world, random)
  const operator = operatorActs(world, random, profile)
  repeat(every.blackout, hosts.blackout)
  repeat(every.rackCrash, hosts.crash)
  repeat(every.rackPause, hosts.pause)
  repeat(every.rackClockStop, hosts.stopClock)
  repeat(every.wallJump, hosts.jumpWall)
  repeat(every.slowLink, hosts.slowLink)
  repeat(every.leaderChange, regions.changeLeader)
  repeat(every.regionClockStop, regions.stopClock)
  repeat(every.restore, regions.restore)
  repeat(every.reservation, operator.reservation)
  repeat(every.rangeChange, operator.rangeChange)
  repeat(every.address, operator.address)
  repeat(every.rackOrder, operator.rackOrder)
  repeat(every.observed, operator.observed)
  repeat(every.link, operator.link)
}

function hostFaults(world: World, random: SeededRandom) {
  const { queue, racks, cut } = world
  const pairs = (of: (typeof racks)[number]) =>
    world.regions.nodes.map(({ id }) => `${of.rackId}/${id}`)
  return {
    /** A rack, or all, hears no region: longer than a tenure now and then. */
    blackout: () => {
      const lengthMs = random.between(MINUTE, random.pick([10, 40, 70]) * MINUTE)
      const all = random.chance(30) ? racks : [random.pick(racks)]
      for (const pair of all.flatMap(pairs)) cut.add(pair)
      queue.after(lengthMs, () => {
        for (const pair of all.flatMap(pairs)) cut.delete(pair)
      })
    },
    crash: () => {
      const rack = random.pick(racks)
      rack.kill()
      queue.after(random.between(1_000, 10 * MINUTE), () => rack.restart(random.chance(30)))
    },
    /** SIGSTOP: the clocks go on. */
    pause: () => {
      const rack = random.pick(racks)
      rack.pause()
      queue.after(random.between(1_000, random.pick([1, 10, 40]) * MINUTE), () => rack.resume())
    },
    stopClock: () => {
      const rack = random.pick(racks)
      const lengthMs = random.between(10_000, random.pick([5, 40]) * MINUTE)
      rack.stopClock()
      queue.after(lengthMs, () => rack.startClock())
    },
    jumpWall: () => {
      const all = [...racks, ...world.regions.nodes]
      random.pick(all).wall.jump(random.between(-3_600_000, 3_600_000))
    },
    slowLink: () => {
      const { rackId } = random.pick(racks)
      if (random.chance(50)) return world.holdBackView(rackId, random.between(MINUTE, 40 * MINUTE))
      world.slowMs.set(rackId, random.between(500, random.pick([2_000, 60_000, 20 * MINUTE])))
      queue.after(random.between(MINUTE, 25 * MINUTE), () => world.slowMs.delete(rackId))
    },
  }
}

function regionFaults(world: World, random: SeededRandom) {
  const { queue, regions } = world
  let clusters = 1
  queue.after(20 * MINUTE, () => regions.backUp())
  return {
    changeLeader: () => {
      const { leader } = regions
      if (leader === undefined) return
      const isDeath = random.chance(60)
      if (isDeath) leader.isUp = false
      queue.after(random.between(300, 30_000), () => regions.elect())
      queue.after(random.between(31_000, 5 * MINUTE), () => {
        leader.isUp = true
        if (regions.leader === undefined) regions.elect()
      })
    },
    /** Log time may only become slow by it (A2). */
    stopClock: () => {
      const { clock } = random.pick(regions.nodes)
      clock.stop()
      queue.after(random.between(MINUTE, 30 * MINUTE), () => clock.go())
    },
    restore: () => {
      if (world.isRestored || !regions.restoreBackup(`c${++clusters}`)) return
      world.isRestored = true
      world.holders.forgetAllocations(new Set(regions.newest.state.ipAddresses.keys()))
    },
  }
}

function operatorActs(world: World, random: SeededRandom, profile: Profile) {
  const { poolSize, rangeAwayMs } = profile
  const inRange = () => makeIpv4(SUBNET_START + random.integer(poolSize))
  const propose = (command: Command): void => world.propose(command)
  return {
    reservation: () => {
      const { state } = world.regions.newest
      const [known] = [...state.reservations.keys()].filter(() => random.chance(50))
      if (known !== undefined) return propose({ type: 'reservation.delete', ip: known })
      const { key: client, mac } = random.pick(world.clients)
      const ip = random.chance(80) ? world.oddAddress() : inRange()
      propose({ type: 'reservation.create', ip, client, mac, hostname: '' })
    },
    rangeChange: () => {
      const { state } = world.regions.newest
      for (const id of state.ipRanges.keys()) propose({ type: 'ipRange.delete', id })
      const backAfterMs = random.between(1_000, rangeAwayMs)
      world.queue.after(backAfterMs, () => newRanges(poolSize).forEach(propose))
    },
    address: () => {
      const { state } = world.regions.newest
      const [given] = [...state.ipAddresses.keys()].filter(() => random.chance(50))
      if (given !== undefined) {
        return propose({ type: 'address.release', ip: given, userId: 1 as never, force: true })
      }
      const ip = random.chance(70) ? world.oddAddress() : null
      propose({
        ...{ type: 'address.reserve', subnetId: SUBNET, ip, userId: 1 as never },
        ...{ hostname: '', mac: null },
      })
    },
    /** A few addresses and many clients, so that each is linked to one after the other. */
    link: () => {
      const { state } = world.regions.newest
      const known = [...state.interfaces.values()]
      const linked = known.filter(({ links }) => links.some(({ ip }) => ip !== null))
      if (linked.length > 0 && random.chance(50)) return unlink(world, random.pick(linked))
      const { mac } = random.pick(world.clients.filter(({ isRelayed }) => !isRelayed))
      const nic = state.interfacesByMac.first(mac)
      if (nic === undefined) return
      const { systemId, id } = nic
      propose({
        ...{ type: 'interface.link', systemId, id, mode: 'static', subnetId: SUBNET },
        ip: makeIpv4(LINKED_START + random.integer(LINKED_COUNT)),
        ...{ force: true, defaultGateway: false },
      })
    },
    observed: () => {
      const { rackId } = random.pick(world.racks)
      const { mac } = random.chance(50) ? random.pick(world.clients) : random.pick(world.racks).link
      propose({ type: 'lease.observe', rackId, mac, ip: world.oddAddress() })
    },
    rackOrder: () => {
      const primary = random.pick(world.racks).rackId
      const others = world.racks.map(({ rackId }) => rackId).filter((id) => id !== primary)
      propose(rackOrder(primary, others.length === 0 ? null : random.pick(others)))
    },
  }
}

/** All that the interface has. */
export function unlink(world: World, { systemId, id, links }: Interface): void {
  for (const link of links) {
    world.propose({ type: 'interface.unlink', systemId, id, linkId: link.id })
  }
}

// How large a reserve this rack wants (lease-protocol §6): by the new clients it sees in the time of a tenure,
// never more than a share of what is free. Pure but for the memory of recent clients.
import type { SystemId, VlanId } from '#model/ids.ts'
import { TENURE_MS } from '#model/lease-time.ts'
import { racksOf } from '#model/network.ts'
import type { Ledger, ReserveEntry, ReserveName } from './ledger.ts'
import { type Pool, rangeOf, type ViewIndex } from './view-index.ts'

const RESERVE_MIN = 4
const RESERVE_MAX = 64
/** Racks share the free addresses: an eighth for all reserves together (§6). */
const FREE_SHARE = 8

type Holdings = {
  readonly ledger: Ledger
  readonly index: ViewIndex
  readonly rackId: SystemId
}

export class ReserveDemand {
  /** New clients of the present and the last span of D. */
  #now = { startedAtMs: 0, clients: 0 }
  #last = 0

  /** A client was bound that had no address here. */
  note(nowMs: number): void {
    this.#turn(nowMs)
    this.#now.clients++
  }

  /** Unused addresses worth having, per VLAN. */
  wanted(nowMs: number): number {
    this.#turn(nowMs)
    const clients = Math.max(this.#now.clients, this.#last)
    return Math.min(RESERVE_MAX, Math.max(RESERVE_MIN, Math.ceil(1.5 * clients)))
  }

  /** Asked for when half is gone, so that a reserve that shrinks and grows is not traded every second. */
  missing(
    of: Holdings & { readonly nowMs: number },
  ): readonly { readonly vlanId: VlanId; readonly count: number }[] {
    const wanted = this.wanted(of.nowMs)
    return servedPools(of).flatMap((pool) => {
      const target = targetOf(of, pool, wanted)
      const have = unusedIn(of.ledger, pool).length
      return have * 2 <= target && have < target
        ? [{ vlanId: pool.vlan.id, count: target - have }]
        : []
    })
  }

  #turn(nowMs: number): void {
    if (nowMs - this.#now.startedAtMs < TENURE_MS) return
    this.#last = nowMs - this.#now.startedAtMs < 2 * TENURE_MS ? this.#now.clients : 0
    this.#now = { startedAtMs: nowMs, clients: 0 }
  }
}

/**
 * What to return: unused addresses above the target or outside of what this rack serves, and bound ones
 * whose client the region holds by now.
 */
export function surplusOf(of: Holdings & { readonly target: number }): readonly ReserveName[] {
  const pools = servedPools(of)
  const isServed = ({ ip }: ReserveEntry): boolean =>
    pools.some((pool) => rangeOf(pool, ip) !== undefined)
  const usable = [...of.ledger.reserves.values()].filter(({ status }) => status === 'usable')
  const done = usable.filter(({ bound }) => bound?.isReplayed === true)
  const stray = usable.filter((entry) => entry.bound === null && !isServed(entry))
  const tooMany = pools.flatMap((pool) =>
    unusedIn(of.ledger, pool).slice(targetOf(of, pool, of.target)),
  )
  return [...done, ...stray, ...tooMany].map(({ ip, generation }) => ({ ip, generation }))
}

function targetOf({ index }: Holdings, pool: Pool, wanted: number): number {
  let free = pool.size
  for (const { ip } of index.view.table('holds').values()) {
    if (rangeOf(pool, ip) !== undefined) free--
  }
  const racks = racksOf(pool.servingVlan).length
  return Math.min(wanted, Math.floor(free / (FREE_SHARE * Math.max(racks, 1))))
}

function servedPools({ index, rackId }: Holdings): readonly Pool[] {
  return [...index.pools.values()].filter(({ servingVlan }) =>
    racksOf(servingVlan).includes(rackId),
  )
}

function unusedIn(ledger: Ledger, pool: Pool): readonly ReserveEntry[] {
  return [...ledger.reserves.values()].filter(
    ({ ip, bound, status, isDeclined }) =>
      bound === null && status === 'usable' && !isDeclined && rangeOf(pool, ip) !== undefined,
  )
}

// Every address that somebody has, from the tables that say so, in MAAS's one list: given by the API, leased by DHCP,
// of controllers, and those a client found in use.
import { compareIps, isIn, parseIp, spanOf, type Ip, type IpSpan } from '#model/ip.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Controller } from '#model/machine.ts'
import { ALLOC_TYPE, type IpAddress, type Observed, type Subnet } from '#model/network.ts'
import { isLive, keysWithin } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'

export type AllocType = (typeof ALLOC_TYPE)[keyof typeof ALLOC_TYPE]

export type KnownAddress = {
  readonly ip: Ip
  readonly allocType: AllocType
  readonly createdWall: number
  readonly updatedWall: number
  readonly userId: IpAddress['userId']
  readonly mac: MacAddress | null
  /** Whose link has it; else the MAC says whose it is. */
  readonly interfaceId?: IpAddress['interfaceId']
  /** Of a rack or region, the position of the interface in its report with it. */
  readonly controller: { readonly row: Controller; readonly at: number } | null
}

/** Ascending by address; of a lease that was released nothing is known any more. */
export function knownAddresses(state: RegionState, subnet?: Subnet): readonly KnownAddress[] {
  const within = subnet === undefined ? null : spanOf(subnet.cidr)
  const none = { userId: null, mac: null, controller: null }
  const found: KnownAddress[] = rowsIn(state.ipAddresses, within).map((row) => fromTheApi(row))
  for (const hold of rowsIn(state.holds, within)) {
    if (!isLive(hold, state.stamp) || hold.released || state.ipAddresses.has(hold.ip)) continue
    const times = { createdWall: hold.boundWall, updatedWall: hold.boundWall }
    found.push({ ...none, ip: hold.ip, allocType: ALLOC_TYPE.dhcp, ...times, mac: hold.mac })
  }
  for (const { ip, until } of rowsIn(state.quarantines, within)) {
    if (until <= state.stamp || state.holds.has(ip)) continue
    const times = { createdWall: state.wall, updatedWall: state.wall }
    found.push({ ...none, ip, allocType: ALLOC_TYPE.discovered, ...times })
  }
  for (const { ip, mac, until } of rowsIn(state.observed, within)) {
    if (until <= state.stamp || isKnownOtherwise(state, ip)) continue
    const times = { createdWall: state.wall, updatedWall: state.wall }
    found.push({ ...none, ip, allocType: ALLOC_TYPE.discovered, ...times, mac })
  }
  found.push(...ofControllers(state, within))
  return found.sort((a, b) => compareIps(a.ip, b.ip))
}

function isKnownOtherwise(state: RegionState, ip: Observed['ip']): boolean {
  return state.ipAddresses.has(ip) || state.holds.has(ip) || state.quarantines.has(ip)
}

export function fromTheApi(row: IpAddress): KnownAddress {
  const { ip, allocType, createdWall, updatedWall, userId, mac, interfaceId } = row
  return { ip, allocType, createdWall, updatedWall, userId, mac, interfaceId, controller: null }
}

function ofControllers(state: RegionState, within: IpSpan | null): readonly KnownAddress[] {
  const times = { createdWall: state.wall, updatedWall: state.wall }
  return [...state.controllers.values()].flatMap((row) =>
    row.interfaces.flatMap((nic, at) =>
      nic.addresses.flatMap((text) => {
        const ip = parseIp(text.split('/', 1)[0] ?? '')
        if (ip === undefined || (within !== null && !isIn(within, ip))) return []
        const known = { ip, allocType: ALLOC_TYPE.sticky, ...times, userId: null, mac: nic.mac }
        return [{ ...known, controller: { row, at } }]
      }),
    ),
  )
}

type Rows<Row, K extends Ip> = {
  readonly keys: () => Iterable<K>
  readonly keysAfter: (after: K | undefined, limit: number) => readonly K[]
  readonly get: (ip: K) => Row | undefined
}

/** `within` null: all. */
function rowsIn<Row, K extends Ip>(table: Rows<Row, K>, within: IpSpan | null): Row[] {
  const keys = within === null ? table.keys() : keysWithin(table, within)
  return [...keys].flatMap((ip) => table.get(ip) ?? [])
}

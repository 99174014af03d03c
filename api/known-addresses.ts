// Every address that somebody has, from the tables that say so, in MAAS's one list: given by the API, leased by DHCP,
// of controllers, and those a client found in use.
import { firstOf, lastOf, parseIpv4, type Ipv4, type Ipv4Range } from '#model/ipv4.ts'
import type { MacAddress } from '#model/mac-address.ts'
import type { Controller } from '#model/machine.ts'
import { ALLOC_TYPE, type IpAddress, type Subnet } from '#model/network.ts'
import { isLive } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'

export type AllocType = (typeof ALLOC_TYPE)[keyof typeof ALLOC_TYPE]

export type KnownAddress = {
  readonly ip: Ipv4
  readonly allocType: AllocType
  readonly createdWall: number
  readonly updatedWall: number
  readonly userId: IpAddress['userId']
  readonly mac: MacAddress | null
  /** Of a rack or region, the position of the interface in its report with it. */
  readonly controller: { readonly row: Controller; readonly at: number } | null
}

const ALL: Ipv4Range = { start: 0 as Ipv4, end: 0xffffffff as Ipv4 }
const ROWS_MAX = 1_000_000

/** Ascending by address; of a lease that was released nothing is known any more. */
export function knownAddresses(state: RegionState, subnet?: Subnet): readonly KnownAddress[] {
  const within =
    subnet === undefined ? ALL : { start: firstOf(subnet.cidr), end: lastOf(subnet.cidr) }
  const none = { userId: null, mac: null, controller: null }
  const found: KnownAddress[] = rowsIn(state.ipAddresses, within).map((row) => fromTheApi(row))
  for (const hold of rowsIn(state.holds, within)) {
    if (!isLive(hold, state.stamp) || hold.released) continue
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
  return found.sort((a, b) => a.ip - b.ip)
}

function isKnownOtherwise(state: RegionState, ip: Ipv4): boolean {
  return state.ipAddresses.has(ip) || state.holds.has(ip) || state.quarantines.has(ip)
}

export function fromTheApi(row: IpAddress): KnownAddress {
  const { ip, allocType, createdWall, updatedWall, userId, mac } = row
  return { ip, allocType, createdWall, updatedWall, userId, mac, controller: null }
}

function ofControllers(state: RegionState, { start, end }: Ipv4Range): readonly KnownAddress[] {
  const times = { createdWall: state.wall, updatedWall: state.wall }
  return [...state.controllers.values()].flatMap((row) =>
    row.interfaces.flatMap((nic, at) =>
      nic.addresses.flatMap((text) => {
        const ip = parseIpv4(text.split('/', 1)[0] ?? '')
        if (ip === undefined || ip < start || ip > end) return []
        const known = { ip, allocType: ALLOC_TYPE.sticky, ...times, userId: null, mac: nic.mac }
        return [{ ...known, controller: { row, at } }]
      }),
    ),
  )
}

type Rows<Row> = {
  readonly keysAfter: (after: Ipv4 | undefined, limit: number) => readonly Ipv4[]
  readonly get: (ip: Ipv4) => Row | undefined
}

function rowsIn<Row>(table: Rows<Row>, { start, end }: Ipv4Range): Row[] {
  const rows: Row[] = []
  // One below the first address of all is no key, which is what is wanted.
  for (const ip of table.keysAfter((start - 1) as Ipv4, ROWS_MAX)) {
    if (ip > end) break
    const row = table.get(ip)
    if (row !== undefined) rows.push(row)
  }
  return rows
}

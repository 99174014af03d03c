// The state of a region as the view of one of its racks, without copying it: what DHCP would see there if the rack
// had this very moment's rows. For questions, not for serving.
import type { SystemId } from '#model/ids.ts'
import { isIpv4 } from '#model/ip.ts'
import type { Ipv4 } from '#model/ipv4.ts'
import { isIpv4Reservation, isLinkOf, type Quarantine } from '#model/network.ts'
import type { Clock } from '#model/ports.ts'
import type { ViewRows, ViewTable } from '#protocol/rack.ts'
import { barredRow, servingView } from '#node/rack-view.ts'
import type { DhcpView } from '#rack/dhcp/view-index.ts'
import { RackView } from '#rack/view.ts'
import { machineByMac, machineBootOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'

type Rows<T extends ViewTable> = ReadonlyMap<string | number, ViewRows[T]>

/** Valid until the next await: rows are read from the live tables. */
export function viewOfState(state: RegionState, rackId: SystemId, clock: Clock): DhcpView {
  const { revision, stamp } = state
  const small = new RackView(clock)
  small.apply({ type: 'viewReset', revision, stamp, rows: servingView(state, rackId) })
  const large: { readonly [T in ViewTable]?: unknown } = {
    holds: state.holds,
    ipAddresses: state.ipAddresses,
    reservations: state.reservations,
    reserves: state.reserves,
    quarantines: new Barred(state),
  }
  return {
    revision,
    stamp,
    // Tables and maps are asked alike by what decides: `get` and `has`.
    table: <T extends ViewTable>(name: T) => (large[name] ?? small.table(name)) as Rows<T>,
    settings: () => small.settings(),
    holdsOfClient: (client) => state.holdsByClient.rows(client),
    reservationsOfClient: (client) =>
      state.reservationsByClient.rows(client).filter(isIpv4Reservation),
    linkedAddressesOf: (mac) =>
      state.ipAddressesByMac
        .rows(mac)
        .flatMap((row) => (isLinkOf(row, mac) && isIpv4(row.ip) ? [row.ip] : []))
        .toSorted((a, b) => a - b),
    machineOfMac: (mac) => {
      const machine = machineByMac(state, mac)
      return machine === undefined ? undefined : machineBootOf(state, machine.systemId)
    },
    subnetsOfVlan: (id) => small.subnetsOfVlan(id),
    rangesOfSubnet: (id) => small.rangesOfSubnet(id),
    onChange: () => () => {},
  }
}

class Barred {
  readonly #state: RegionState

  constructor(state: RegionState) {
    this.#state = state
  }

  get(ip: Ipv4): Quarantine | undefined {
    return barredRow(this.#state, ip).row ?? undefined
  }

  has(ip: Ipv4): boolean {
    return this.get(ip) !== undefined
  }
}

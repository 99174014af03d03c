// Who answers `explain` for a packet and a name: parts of racks, which the API must not know. The composition root
// puts them behind this port.
import type { DhcpAnswer, DhcpPlace, DhcpQuestion, NameAnswer } from '#model/explain.ts'
import type { SystemId } from '#model/ids.ts'
import type { Subnet, Vlan } from '#model/network.ts'
import type { RegionState } from '#state/state.ts'

export interface Explainer {
  /** Types that `name` knows. */
  readonly nameTypes: readonly string[]
  /** Undefined when it is no name. Both read the state before they return. */
  readonly name: (state: RegionState, fqdn: string, type: string) => NameAnswer | undefined
  readonly dhcp: (
    state: RegionState,
    where: {
      readonly vlan: Vlan | undefined
      readonly subnet: Subnet | undefined
      readonly rackId: SystemId | undefined
    },
    question: DhcpQuestion,
  ) => DhcpPlace & DhcpAnswer
}

// What an interface is configured with besides its links: MAAS's words and values (maas-api §7, §9), as the kernel's
// bonding and bridge drivers take them.

export const BOND_MODES = [
  ...(['balance-rr', 'active-backup', 'balance-xor', 'broadcast'] as const),
  ...(['802.3ad', 'balance-tlb', 'balance-alb'] as const),
] as const
export const BOND_LACP_RATES = ['slow', 'fast'] as const
export const BOND_HASH_POLICIES = [
  ...(['layer2', 'layer2+3', 'layer3+4', 'encap2+3', 'encap3+4'] as const),
] as const
export const BRIDGE_TYPES = ['standard', 'ovs'] as const

/** Absent: nothing is said about it. */
export type InterfaceParams = {
  /** Bytes, 552 to 65,535. */
  readonly mtu?: number
  readonly acceptRa?: boolean
  readonly bondMode?: (typeof BOND_MODES)[number]
  /** Milliseconds between two looks at the link. */
  readonly bondMiimon?: number
  /** Milliseconds before a link that went, or came, counts. */
  readonly bondDowndelay?: number
  readonly bondUpdelay?: number
  readonly bondLacpRate?: (typeof BOND_LACP_RATES)[number]
  readonly bondXmitHashPolicy?: (typeof BOND_HASH_POLICIES)[number]
  /** Gratuitous ARPs after a failover, 0 to 255. */
  readonly bondNumGratArp?: number
  readonly bridgeType?: (typeof BRIDGE_TYPES)[number]
  readonly bridgeStp?: boolean
  /** Forward delay, seconds. */
  readonly bridgeFd?: number
}

/** MAAS's, where a bond or bridge is made and nothing else was asked for. */
export const BOND_DEFAULTS: InterfaceParams = {
  ...{ bondMode: 'active-backup', bondMiimon: 100, bondDowndelay: 0, bondUpdelay: 0 },
  ...{ bondLacpRate: 'slow', bondXmitHashPolicy: 'layer2', bondNumGratArp: 1 },
}
export const BRIDGE_DEFAULTS = {
  ...{ bridgeType: 'standard', bridgeStp: false, bridgeFd: 15 },
} as const satisfies InterfaceParams

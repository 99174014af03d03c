// Questions about what would be answered, and the answers: for operators who wonder why. Data only.
import type { DhcpScope } from './dhcp-option.ts'
import type { SystemId } from './ids.ts'
import type { Ipv4 } from './ipv4.ts'
import type { MacAddress } from './mac-address.ts'

/** RFC 2131 §4.3.2, Table 4, tells the four kinds of DHCPREQUEST apart. */
export const DHCP_MESSAGE_KINDS = [
  ...(['discover', 'selecting', 'init-reboot', 'renewing', 'rebinding', 'inform'] as const),
] as const
export const DHCP_CLIENT_KINDS = ['none', 'pxe', 'http', 'ipxe'] as const

/** A packet that nobody sent. */
export type DhcpQuestion = {
  readonly message: (typeof DHCP_MESSAGE_KINDS)[number]
  readonly mac: MacAddress
  /** The address that the client asks for or has. */
  readonly ip: Ipv4 | null
  /** Option 54 of a SELECTING client; null: of the rack that answers. */
  readonly server: Ipv4 | null
  /** Of a relay; null: the client is on the link of the rack. */
  readonly giaddr: Ipv4 | null
  readonly client: (typeof DHCP_CLIENT_KINDS)[number]
  /** Option 93. */
  readonly architecture: number
  /** Options 60 and 77; '' leaves them to `client`. */
  readonly vendorClass: string
  readonly userClass: string
  /** Option 55; empty: a usual one. */
  readonly asks: readonly number[]
}

export type DhcpAnswer = {
  readonly answer: 'offer' | 'ack' | 'nak' | 'silence'
  /** Why, in words: one sentence each, in the order in which it was decided. */
  readonly steps: readonly string[]
  readonly address: { readonly ip: Ipv4; readonly leaseSeconds: number } | null
  /** Null: no boot file is told. */
  readonly boot: { readonly file: string; readonly server: string } | null
  readonly options: readonly {
    readonly code: number
    readonly name: string | null
    /** As text where the type is known, else in hexadecimal. */
    readonly value: string
    /** Null: it follows from the packet or the lease. */
    readonly scope: DhcpScope | null
    readonly origin: string
  }[]
}

export type DhcpPlace = {
  readonly vlan: { readonly id: number; readonly name: string } | null
  /** In the order in which they answer. */
  readonly racks: readonly {
    readonly systemId: SystemId
    readonly hostname: string
    readonly connected: boolean
  }[]
  /** The rack that would answer; null: none. */
  readonly rackId: SystemId | null
}

export type NameAnswer = {
  readonly answer: 'records' | 'nodata' | 'nxdomain' | 'referral' | 'forwarded' | 'refused'
  readonly steps: readonly string[]
  /** The zone of ours that the name is in. */
  readonly zone: string | null
  readonly records: readonly {
    readonly name: string
    readonly type: string
    readonly ttl: number
    readonly data: string
    /** Rows that it is from: `dns resource 3`, `lease of 192.0.2.7`. */
    readonly sources: readonly string[]
  }[]
}

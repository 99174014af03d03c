// The feature levels of the product: what nodes of different versions may say to each other and write into
// the log together. A cluster is at the lowest level that all its regions support, and never goes back.
//
//   1  the first version: its nodes name no level
//   2  resumable snapshots, what a node remembers of its disk; `cluster.restore`, `cluster.raiseLevel`, tenures,
//      reserves and reservations, members and one-time tokens
//   3  `token.revoke`, `lease.observe`; members renew their certificates at a region; relayed VLANs are served by the
//      racks of the VLAN that their relay points to; domains, DNS resources and records; zones, pools, tags, devices
//      and the other small objects, settings with MAAS's own checks; static routes, ids and
//      comments of reservations, further racks of a VLAN, allocation that steps over nested subnets, deletion of
//      subnets by force; IPv6 subnets; typed DHCP options, DHCP servers that are not ours, neighbours; audit of
//      every write of a user; SSH and SSL keys, access tokens, login sessions; the life cycle of
//      machines, power intents; interfaces of machines, their links and addresses; sets of script
//      results and what they found; storage of machines

export type LevelRange = { readonly min: number; readonly max: number }

/** Of this code. `min` rises only when an old level can no longer be read, which no version may do lightly. */
export const SUPPORTED_LEVELS: LevelRange = Object.freeze({ min: 1, max: 3 })

/** Of whom does not say. */
export const FIRST_LEVELS: LevelRange = Object.freeze({ min: 1, max: 1 })

/** From here on a receiver of a snapshot answers how much of it it has. */
export const RESUMABLE_SNAPSHOT_LEVEL = 2

/** From here on binds and reserves of a relayed VLAN are the business of its serving VLAN's racks. */
export const RELAYED_VLAN_LEVEL = 3

/** From here on commands of the network model mean what level 3 says above. */
export const NETWORK_LEVEL = 3

/** From here on a machine that is deleted while it is on is switched off. */
export const POWER_LEVEL = 3

/** Null: they can work together. Else one sentence; `theirs` is the one who is told. */
export function whyLevelsDiffer(theirs: LevelRange, ours: LevelRange): string | null {
  if (theirs.max < ours.min) {
    return `Feature level ${ours.min} is needed, up to ${theirs.max} is supported: upgrade this node.`
  }
  if (theirs.min > ours.max) {
    return `Feature level ${theirs.min} is needed there, this cluster is at ${ours.max}: too new a node.`
  }
  return null
}

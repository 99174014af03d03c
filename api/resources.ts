// Every resource of MAAS API 2.0 that is served: the one list behind the router, the describe document, the
// OpenAPI document and the coverage table.
import type { Resource } from './resource.ts'
import { ACCOUNT } from './routes/account.ts'
import { ADDRESSES } from './routes/addresses.ts'
import { BCACHE_ALIASES, BCACHES } from './routes/bcaches.ts'
import { BLOCK_DEVICES } from './routes/block-devices.ts'
import { BOOT_RESOURCES } from './routes/boot-resources.ts'
import { BOOT_SOURCES, BOOT_SOURCE_SELECTIONS } from './routes/boot-sources.ts'
import { COMMISSIONING_SCRIPTS } from './routes/commissioning-scripts.ts'
import { CONTROLLERS } from './routes/controllers.ts'
import { DEVICES } from './routes/devices.ts'
import { DHCP_SNIPPETS } from './routes/dhcp-snippets.ts'
import { DISCOVERY } from './routes/discovery.ts'
import { DNS_RECORDS } from './routes/dns-records.ts'
import { DNS_RESOURCES } from './routes/dns-resources.ts'
import { DOMAINS } from './routes/domains.ts'
import { EVENTS } from './routes/events.ts'
import { FABRICS, VLAN_BY_ID } from './routes/fabrics.ts'
import { FAN_NETWORKS } from './routes/fan-networks.ts'
import { FILES } from './routes/files.ts'
import { INTERFACES } from './routes/interfaces.ts'
import { IMAGES_SYNC_PROGRESS } from './routes/images-sync-progress.ts'
import { IP_RANGES } from './routes/ip-ranges.ts'
import { LICENSE_KEYS } from './routes/license-keys.ts'
import { MACHINES } from './routes/machines.ts'
import { NETWORKS } from './routes/networks.ts'
import { withNodeActions } from './routes/node-actions.ts'
import { NODE_DEVICES } from './routes/node-devices.ts'
import { COMMISSIONING_RESULTS, NODE_RESULTS } from './routes/node-results.ts'
import { NOTIFICATIONS } from './routes/notifications.ts'
import { PARTITION_ALIASES, PARTITIONS } from './routes/partitions.ts'
import { PACKAGE_REPOSITORIES } from './routes/package-repositories.ts'
import { RESERVED_IPS } from './routes/reserved-ips.ts'
import { PUBLIC_KEYS } from './routes/public-keys.ts'
import { RAID_ALIASES, RAIDS } from './routes/raids.ts'
import { SCRIPT_RESULTS } from './routes/script-results.ts'
import { SCRIPTS } from './routes/scripts.ts'
import { SPACES } from './routes/spaces.ts'
import { STATIC_ROUTES } from './routes/static-routes.ts'
import { SUBNETS } from './routes/subnets.ts'
import { TAGS } from './routes/tags.ts'
import { USERS } from './routes/users.ts'
import { SETTINGS, versionResource } from './routes/version.ts'
import { VM_HOSTS } from './routes/vm-hosts.ts'
import { VOLUME_GROUP_ALIASES, VOLUME_GROUPS } from './routes/volume-groups.ts'
import { POOL_PLURAL, POOLS, ZONES } from './routes/zones.ts'

/** `version` of the product. */
export function allResources(version: string): readonly Resource[] {
  return [
    ...withNodeActions(MACHINES),
    ...[...BLOCK_DEVICES, ...PARTITIONS, ...VOLUME_GROUPS, ...RAIDS, ...BCACHES],
    ...INTERFACES,
    ...SUBNETS,
    ...FABRICS,
    ...SPACES,
    ...[...IP_RANGES, ...ADDRESSES, ...STATIC_ROUTES, ...RESERVED_IPS],
    ...CONTROLLERS,
    ...[...DOMAINS, ...DNS_RESOURCES, ...DNS_RECORDS],
    ...EVENTS,
    ...USERS,
    ...[...ACCOUNT, ...PUBLIC_KEYS],
    ...SETTINGS,
    ...[...ZONES, ...POOLS, ...TAGS, ...DEVICES, ...DISCOVERY],
    ...[...PACKAGE_REPOSITORIES, ...NOTIFICATIONS, ...FILES, ...LICENSE_KEYS, ...SCRIPTS],
    ...[...BOOT_SOURCES, ...BOOT_SOURCE_SELECTIONS, ...DHCP_SNIPPETS],
    ...[...SCRIPT_RESULTS, NODE_RESULTS, ...NODE_DEVICES],
    ...[...BOOT_RESOURCES, ...IMAGES_SYNC_PROGRESS],
    ...[...COMMISSIONING_SCRIPTS, ...NETWORKS, ...FAN_NETWORKS, ...VM_HOSTS],
    versionResource(version),
  ]
}

/** Other paths of resources above: MAAS routes them too and does not describe them. */
export const ALIASES: readonly Resource[] = [
  ...[VLAN_BY_ID, COMMISSIONING_RESULTS, ...POOL_PLURAL],
  ...[...PARTITION_ALIASES, ...VOLUME_GROUP_ALIASES, ...RAID_ALIASES, ...BCACHE_ALIASES],
]

// The small objects as MAAS shows them (maas-api §8).
import type {
  BootSource,
  BootSourceSelection,
  DhcpSnippet,
  LicenseKey,
  Notification,
  PackageRepository,
  ResourcePool,
  StoredFile,
  Tag,
  Zone,
} from '#model/objects.ts'
import { readSnippet } from '#model/dhcp-snippet.ts'
import { textOf } from '#state/object-query.ts'
import type { RegionState } from '#state/state.ts'
import { API_ROOT, isoTime, uri } from './names.ts'
import { renderSubnet } from './network.ts'
import { renderUser } from './user.ts'

export function renderZone({ id, name, description }: Zone) {
  return { id, name, description, resource_uri: uri('zones', name) }
}

export function renderPool({ id, name, description }: ResourcePool) {
  return { id, name, description, resource_uri: uri('resourcepool', id) }
}

export function renderTag({ name, definition, comment, kernelOpts }: Tag) {
  return { name, definition, comment, kernel_opts: kernelOpts, resource_uri: uri('tags', name) }
}

export function renderPackageRepository(row: PackageRepository) {
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    distributions: row.distributions,
    disabled_pockets: row.disabledPockets,
    disabled_components: row.disabledComponents,
    disable_sources: row.disableSources,
    components: row.components,
    arches: row.arches,
    key: row.key,
    enabled: row.enabled,
    resource_uri: uri('package-repositories', row.id),
  }
}

export function renderNotification(state: RegionState, row: Notification) {
  const user = row.userId === null ? undefined : state.users.get(row.userId)
  return {
    id: row.id,
    ident: row.ident,
    user: user === undefined ? null : renderUser(user),
    users: row.users,
    admins: row.admins,
    message: row.message,
    context: row.context,
    category: row.category,
    dismissable: row.dismissable,
    resource_uri: uri('notifications', row.id),
  }
}

/** `content` only where one file is read. */
export function renderFile({ filename, key }: StoredFile) {
  return {
    filename,
    anon_resource_uri: `${API_ROOT}files/?op=get_by_key&key=${encodeURIComponent(key)}`,
    resource_uri: uri('files', filename),
  }
}

export function renderLicenseKey({ osystem, distroSeries, licenseKey }: LicenseKey) {
  return {
    osystem,
    distro_series: distroSeries,
    license_key: licenseKey,
    resource_uri: uri('license-key', osystem, distroSeries).replace(/\/$/, ''),
  }
}

export function renderBootSource(row: BootSource) {
  return {
    id: row.id,
    url: row.url,
    keyring_filename: row.keyringFilename,
    keyring_data: row.keyringData,
    created: isoTime(row.createdWall),
    updated: isoTime(row.updatedWall),
    resource_uri: uri('boot-sources', row.id),
  }
}

export function renderSelection(row: BootSourceSelection) {
  return {
    boot_source_id: row.bootSourceId,
    id: row.id,
    os: row.os,
    release: row.release,
    arches: row.arches,
    subarches: row.subarches,
    labels: row.labels,
    resource_uri: uri('boot-sources', row.bootSourceId, 'selections', row.id),
  }
}

/** Older versions first in the row, newest first in MAAS. */
export function renderSnippet(state: RegionState, row: DhcpSnippet) {
  const { systemId } = row
  const { notServed } = readSnippet(textOf(row))
  const subnet = row.subnetId === null ? undefined : state.subnets.get(row.subnetId)
  return {
    id: row.id,
    name: row.name,
    value: textOf(row),
    history: row.history
      .toReversed()
      .map(({ id, value, createdWall }) => ({ id, value, created: isoTime(createdWall) })),
    description: row.description,
    enabled: row.enabled,
    node:
      systemId === null
        ? null
        : { system_id: systemId, resource_uri: uri('nodes', systemId), __incomplete__: true },
    subnet: subnet === undefined ? null : renderSubnet(state, subnet),
    global_snippet: systemId === null && subnet === undefined && row.ipRangeId === null,
    // Ours, and only where there is something to say: statements that dhcpd knows and racks do not serve.
    ...(notServed.length === 0 ? {} : { not_served: notServed }),
    resource_uri: uri('dhcp-snippets', row.id),
  }
}

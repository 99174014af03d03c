// Disks of a machine and what can be made of them (maas-api §9). The machine is one that its administrator says is
// deployed and releases: so it is Ready without a boot, and has no disks but those that are added.
import { row, type Row } from './row.ts'

const MAKES = '200 400 404 409'
const SHOWS = '200 404'
const GONE = '204 404 409'
const EDITS = '200 400 403 404 409'
const EARLY = 'early MAAS 2.0 tags by GET'
const ON = 'nodes/{walked.system_id}'
const DISK = `${ON}/blockdevices/{disk_a.id}`
const PART = `${DISK}/partition/{part.id}`

const disk = (name: string, keep: string, size = '10G'): Row =>
  row(`POST ${ON}/blockdevices/`, 'admin', '200 400 404', {
    form: { name, size, block_size: '512', model: 'walked', serial: name },
    ...{ shows: '<blockdevice>', keep, needs: 'name' },
  })

export const STORAGE: readonly Row[] = [
  row('POST machines/', 'anyone', '200', {
    form: {
      ...{ hostname: '{walk}-disks', architecture: 'amd64/generic', power_type: 'manual' },
      ...{ mac_addresses: '02:00:00:57:41:4e', deployed: 'true' },
    },
    ...{ shows: '<machine>', keep: 'walked' },
  }),
  row('POST machines/{walked.system_id}/?op=release', 'user', EDITS, { shows: '<machine>' }),
  ...[disk('sda', 'disk_a'), disk('sdb', 'disk_b'), disk('sdc', 'disk_c'), disk('sdd', 'disk_d')],
  row('POST machines/', 'anyone', '200', {
    form: {
      ...{ hostname: '{walk}-clone', architecture: 'amd64/generic', power_type: 'manual' },
      ...{ mac_addresses: '02:00:00:57:41:4f', deployed: 'true' },
    },
    ...{ shows: '<machine>', keep: 'copy' },
  }),
  row('POST machines/{copy.system_id}/?op=release', 'user', EDITS, { shows: '<machine>' }),
  row('POST machines/?op=clone', 'admin', '204 400 403', {
    form: {
      ...{ source: '{walked.system_id}', destinations: '{copy.system_id}', interfaces: 'true' },
    },
    ...{ status: 204, shows: 'empty', needs: 'source' },
  }),
  row('DELETE machines/{copy.system_id}/', 'admin', '204 400 403 404'),
  row(`GET ${ON}/blockdevices/`, 'user', SHOWS, { shows: '[<blockdevice>]' }),
  row(`GET ${DISK}/`, 'user', SHOWS, { shows: '<blockdevice>' }),
  row(`PUT ${DISK}/`, 'admin', EDITS, { form: { serial: 'other' }, shows: '<blockdevice>' }),
  row(`POST ${DISK}/?op=add_tag`, 'admin', '200 403 404 409', {
    ...{ form: { tag: 'fast' }, shows: '<blockdevice>' },
  }),
  row(`POST ${DISK}/?op=remove_tag`, 'admin', '200 403 404 409', {
    ...{ form: { tag: 'fast' }, shows: '<blockdevice>' },
  }),
  row(`GET ${DISK}/?op=add_tag&tag=fast`, 'admin', '200 403 404 409', {
    ...{ shows: '<blockdevice>', because: EARLY },
  }),
  row(`GET ${DISK}/?op=remove_tag&tag=fast`, 'admin', '200 403 404 409', {
    ...{ shows: '<blockdevice>', because: EARLY },
  }),
  row(`POST ${DISK}/?op=set_boot_disk`, 'admin', EDITS, { shows: '<blockdevice>' }),
  row(`POST ${ON}/blockdevices/{disk_b.id}/?op=format`, 'admin', EDITS, {
    ...{ form: { fstype: 'ext4' }, shows: '<blockdevice>', needs: 'fstype' },
  }),
  row(`POST ${ON}/blockdevices/{disk_b.id}/?op=mount`, 'admin', EDITS, {
    ...{ form: { mount_point: '/srv' }, shows: '<blockdevice>', needs: 'mount_point' },
  }),
  row(`POST ${ON}/blockdevices/{disk_b.id}/?op=unmount`, 'admin', EDITS, {
    shows: '<blockdevice>',
  }),
  row(`POST ${ON}/blockdevices/{disk_b.id}/?op=unformat`, 'admin', EDITS, {
    shows: '<blockdevice>',
  }),

  row(`POST ${DISK}/partitions/`, 'admin', MAKES, {
    ...{ form: { size: '5G', bootable: 'true' }, shows: '<partition>', keep: 'part' },
  }),
  row(`GET ${DISK}/partitions/`, 'user', SHOWS, { shows: '[<partition>]' }),
  row(`GET ${PART}`, 'user', SHOWS, { shows: '<partition>' }),
  row(`POST ${PART}?op=add_tag`, 'admin', '200 403 404', {
    ...{ form: { tag: 'a' }, shows: '<partition>' },
  }),
  row(`POST ${PART}?op=remove_tag`, 'admin', '200 403 404', {
    ...{ form: { tag: 'a' }, shows: '<partition>' },
  }),
  row(`POST ${PART}?op=format`, 'admin', '200 400 403 404', {
    ...{ form: { fstype: 'xfs', label: 'data' }, shows: '<partition>', needs: 'fstype' },
  }),
  row(`POST ${PART}?op=mount`, 'admin', '200 400 403 404', {
    ...{ form: { mount_point: '/srv' }, shows: '<partition>', needs: 'mount_point' },
  }),
  row(`POST ${PART}?op=unmount`, 'admin', '200 400 403 404', { shows: '<partition>' }),
  row(`POST ${PART}?op=unformat`, 'admin', '200 400 404', { shows: '<partition>' }),

  row(`POST ${ON}/volume-groups/`, 'admin', MAKES, {
    form: { name: 'vg', block_devices: 'sdb', partitions: '{part.id}' },
    ...{ shows: '<volume-group>', keep: 'group', needs: 'name' },
  }),
  row(`GET ${ON}/volume-groups/`, 'user', SHOWS, { shows: '[<volume-group>]' }),
  row(`GET ${ON}/volume-group/{group.id}/`, 'user', SHOWS, { shows: '<volume-group>' }),
  row(`PUT ${ON}/volume-group/{group.id}/`, 'admin', MAKES, {
    ...{ form: { name: 'vgdata', remove_partitions: '{part.id}' }, shows: '<volume-group>' },
  }),
  row(`POST ${ON}/volume-group/{group.id}/?op=create_logical_volume`, 'admin', MAKES, {
    form: { name: 'lv', size: '1G' },
    ...{ shows: '<blockdevice>', keep: 'volume', needs: 'name' },
  }),
  row(`POST ${ON}/volume-group/{group.id}/?op=delete_logical_volume`, 'admin', '204 404 409', {
    ...{ form: { id: '{volume.id}' }, status: 204, shows: 'empty', needs: 'id' },
  }),
  row(`DELETE ${ON}/volume-group/{group.id}/`, 'admin', GONE),
  row(`DELETE ${PART}`, 'admin', GONE),

  row(`POST ${ON}/raids/`, 'admin', MAKES, {
    form: { level: 'raid-1', block_devices: 'sdb,sdc', spare_devices: 'sdd' },
    ...{ shows: '<raid>', keep: 'raid', needs: 'level' },
  }),
  row(`GET ${ON}/raids/`, 'user', SHOWS, { shows: '[<raid>]' }),
  row(`GET ${ON}/raid/{raid.id}/`, 'user', SHOWS, { shows: '<raid>' }),
  row(`PUT ${ON}/raid/{raid.id}/`, 'admin', MAKES, {
    ...{ form: { name: 'md7', remove_spare_devices: 'sdd' }, shows: '<raid>' },
  }),
  row(`DELETE ${ON}/raid/{raid.id}/`, 'admin', GONE),

  row(`POST ${ON}/bcache-cache-sets/`, 'admin', MAKES, {
    ...{ form: { cache_device: 'sdb' }, shows: '<bcache-cache-set>', keep: 'cache' },
  }),
  row(`GET ${ON}/bcache-cache-sets/`, 'user', SHOWS, { shows: '[<bcache-cache-set>]' }),
  row(`GET ${ON}/bcache-cache-set/{cache.id}/`, 'user', SHOWS, { shows: '<bcache-cache-set>' }),
  row(`PUT ${ON}/bcache-cache-set/{cache.id}/`, 'admin', MAKES, {
    ...{ form: { cache_device: 'sdd' }, shows: '<bcache-cache-set>' },
  }),
  row(`POST ${ON}/bcaches/`, 'admin', MAKES, {
    form: { cache_set: '{cache.id}', backing_device: 'sdc', cache_mode: 'writeback' },
    ...{ shows: '<bcache>', keep: 'bcache', needs: 'cache_set' },
  }),
  row(`GET ${ON}/bcaches/`, 'user', SHOWS, { shows: '[<bcache>]' }),
  row(`GET ${ON}/bcache/{bcache.id}/`, 'user', SHOWS, { shows: '<bcache>' }),
  row(`PUT ${ON}/bcache/{bcache.id}/`, 'admin', MAKES, {
    ...{ form: { cache_mode: 'writearound' }, shows: '<bcache>' },
  }),
  row(`DELETE ${ON}/bcache/{bcache.id}/`, 'admin', GONE),
  row(`DELETE ${ON}/bcache-cache-set/{cache.id}/`, 'admin', '204 400 404 409'),

  row(`POST ${ON}/vmfs-datastores/`, 'admin', MAKES, {
    form: { name: 'datastore1', block_devices: 'sdb' },
    ...{ shows: '<vmfs-datastore>', keep: 'store', needs: 'name' },
  }),
  row(`GET ${ON}/vmfs-datastores/`, 'user', SHOWS, { shows: '[<vmfs-datastore>]' }),
  row(`GET ${ON}/vmfs-datastore/{store.id}/`, 'user', SHOWS, { shows: '<vmfs-datastore>' }),
  row(`PUT ${ON}/vmfs-datastore/{store.id}/`, 'admin', MAKES, {
    ...{ form: { name: 'datastore2' }, shows: '<vmfs-datastore>' },
  }),
  row(`DELETE ${ON}/vmfs-datastore/{store.id}/`, 'admin', GONE),

  row('POST machines/{walked.system_id}/?op=mount_special', 'admin', EDITS, {
    form: { fstype: 'tmpfs', mount_point: '/scratch', mount_options: 'size=1G' },
    ...{ shows: '<machine>', needs: 'fstype' },
  }),
  row('POST machines/{walked.system_id}/?op=unmount_special', 'admin', EDITS, {
    ...{ form: { mount_point: '/scratch' }, shows: '<machine>', needs: 'mount_point' },
  }),
  row('POST machines/{walked.system_id}/?op=set_storage_layout', 'admin', EDITS, {
    form: { storage_layout: 'lvm', boot_size: '1G', lv_size: '50%' },
    ...{ shows: '<machine>', needs: 'storage_layout' },
  }),
  row(
    'POST machines/{walked.system_id}/?op=restore_storage_configuration',
    ...(['admin', '200 403 404 409', { shows: '<machine>' }] as const),
  ),
  row(`DELETE ${DISK}/`, 'admin', '204 403 404 409'),
  row('DELETE machines/{walked.system_id}/', 'admin', '204 400 403 404'),
]

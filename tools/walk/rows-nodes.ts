// Devices, tags on them, and the controllers (maas-api §9). `{rack}`, `{region}` are those found; `{spare_rack}` and
// `{spare_region}` ones that a disposable cluster can lose.
import { row, type Row } from './row.ts'

const SHOWS = '200 404'
const LISTS = '200 400'
const DETAILS = '200 403 404'
const MOVES = '204 400 403'
const EARLY = 'an early name of the restful call'
const NO_POWER =
  'a rack has no power type here: 409, as for every state that does not allow it (§4)'
const STATE = 'a rack is not in a state for it: 409 (§4)'
const OBJECT = 'MAAS answers the object where the catalogue has 204 (§9)'

const device = { hostname: '{walk}-device', mac_addresses: '02:00:00:57:41:4d' }

export const NODES: readonly Row[] = [
  row('POST zones/', 'admin', '204 400', {
    ...{ form: { name: '{walk}-zone' }, shows: '<zone>', keep: 'zone', because: OBJECT },
  }),
  row('POST devices/', 'user', '200 400 403', {
    ...{ form: device, shows: '<device>', keep: 'device', needs: 'mac_addresses' },
  }),
  row('GET devices/', 'user', LISTS, { shows: '[<device>]' }),
  row('GET devices/?op=is_registered&mac_address={mac}', 'anyone', LISTS, { shows: 'bool' }),
  row('POST devices/?op=set_zone', 'admin', MOVES, {
    form: { zone: '{zone.name}', nodes: '{device.system_id}' },
    ...{ status: 204, shows: 'empty', needs: 'zone' },
  }),
  row('GET devices/{device.system_id}/', 'user', SHOWS, { shows: '<device>' }),
  row('PUT devices/{device.system_id}/', 'user', '200 400 403 404', {
    ...{ form: { description: 'größer & = 100 %+' }, shows: '<device>' },
  }),
  row('GET devices/{device.system_id}/?op=details', 'user', DETAILS, { shows: 'bytes' }),
  row('GET devices/{device.system_id}/?op=power_parameters', 'admin', DETAILS, { shows: 'obj' }),
  row('POST devices/{device.system_id}/?op=set_owner_data', 'user', '200', {
    ...{ form: { walk: 'yes' }, shows: '<device>' },
  }),
  row('POST devices/{device.system_id}/?op=set_workload_annotations', 'user', '204 403 404 409', {
    ...{ form: { walk: 'yes' }, shows: '<device>', because: OBJECT },
  }),
  row('POST devices/{device.system_id}/?op=restore_default_configuration', 'admin', DETAILS, {
    shows: '<device>',
  }),
  row('POST devices/{device.system_id}/?op=restore_networking_configuration', 'admin', DETAILS, {
    shows: '<device>',
  }),

  row('GET nodes/', 'user', LISTS, { shows: 'list' }),
  row('GET nodes/?op=is_registered&mac_address={mac}', 'anyone', LISTS, { shows: 'bool' }),
  row('POST nodes/?op=set_zone', 'admin', MOVES, {
    form: { zone: 'default', nodes: '{device.system_id}' },
    ...{ status: 204, shows: 'empty', needs: 'nodes' },
  }),
  row('GET nodes/{device.system_id}/', 'user', SHOWS, { shows: '<device>' }),
  row('PUT nodes/{device.system_id}/', 'admin', '200 400 403 404', {
    ...{ form: { description: 'größer & = 100 %+' }, shows: '<device>' },
  }),
  row('GET nodes/{device.system_id}/?op=details', 'user', DETAILS, { shows: 'bytes' }),
  row('GET nodes/{device.system_id}/?op=power_parameters', 'admin', DETAILS, { shows: 'obj' }),

  row('POST tags/', 'admin', '200 400 403', {
    form: { name: '{walk}', comment: 'größer & = 100 %+' },
    ...{ shows: '<tag>', keep: 'tag', needs: 'name' },
  }),
  row('GET tags/', 'user', '200', { shows: '[<tag>]' }),
  row('GET tags/?op=list', 'user', '200', { shows: '[<tag>]', because: EARLY }),
  row('POST tags/?op=new', 'admin', '200 400 403', {
    ...{ form: { name: '{walk}-new' }, shows: '<tag>', keep: 'early_tag', because: EARLY },
  }),
  row('DELETE tags/{early_tag.name}/', 'admin', '204 404'),
  row('GET tags/{tag.name}/', 'user', SHOWS, { shows: '<tag>' }),
  row('PUT tags/{tag.name}/', 'admin', '200 400 404', { form: { comment: 'c' }, shows: '<tag>' }),
  row('POST tags/{tag.name}/?op=update_nodes', 'admin', '200 403 404 409', {
    ...{ form: { add: '{device.system_id},{rack},{region}' }, shows: '<tag-counts>' },
  }),
  row('POST tags/{tag.name}/?op=rebuild', 'admin', SHOWS, { shows: '<rebuilding>' }),
  row('GET tags/{tag.name}/?op=nodes', 'user', SHOWS, { shows: 'list' }),
  row('GET tags/{tag.name}/?op=machines', 'user', SHOWS, { shows: '[<machine>]*' }),
  row('GET tags/{tag.name}/?op=devices', 'user', SHOWS, { shows: '[<device>]' }),
  row('GET tags/{tag.name}/?op=rack_controllers', 'user', SHOWS, { shows: '[<rackcontroller>]' }),
  row('GET tags/{tag.name}/?op=region_controllers', 'user', SHOWS, {
    shows: '[<regioncontroller>]',
  }),
  row('DELETE tags/{tag.name}/', 'admin', '204 404'),
  row('DELETE devices/{device.system_id}/', 'user', '204 403 404'),
  row('POST devices/?op=create', 'user', '200 400 403', {
    ...{ form: device, shows: '<device>', keep: 'device', because: EARLY },
  }),
  row('DELETE nodes/{device.system_id}/', 'admin', '204 403 404'),

  row('GET rackcontrollers/', 'user', LISTS, { shows: '[<rackcontroller>]' }),
  row('GET rackcontrollers/?op=describe_power_types', 'admin', '200', { shows: '[<power-type>]' }),
  row('GET rackcontrollers/?op=is_registered&mac_address={mac}', 'anyone', LISTS, {
    shows: 'bool',
  }),
  row('GET rackcontrollers/?op=power_parameters&id={rack}', 'admin', '200 403', { shows: 'obj' }),
  row('POST rackcontrollers/?op=import_boot_images', 'admin', '202', {
    ...{ status: 202, shows: 'text' },
  }),
  row('POST rackcontrollers/?op=set_zone', 'admin', MOVES, {
    form: { zone: 'default', nodes: '{rack}' },
    ...{ status: 204, shows: 'empty', needs: 'zone', disposable: true },
  }),
  row('GET rackcontrollers/{rack}/', 'user', SHOWS, { shows: '<rackcontroller>', keep: 'a_rack' }),
  row('PUT rackcontrollers/{rack}/', 'admin', '200 400 403 404', {
    ...{ form: { description: '{a_rack.description}' }, shows: '<rackcontroller>' },
  }),
  row('GET rackcontrollers/{rack}/?op=details', 'user', DETAILS, { shows: 'bytes' }),
  row('GET rackcontrollers/{rack}/?op=power_parameters', 'admin', DETAILS, { shows: 'obj' }),
  row('GET rackcontrollers/{rack}/?op=query_power_state', 'user', SHOWS, {
    shows: '<power-state>',
  }),
  row('GET rackcontrollers/{rack}/?op=list_boot_images', 'admin', SHOWS, {
    shows: '<boot-images>',
  }),
  row('POST rackcontrollers/{rack}/?op=import_boot_images', 'admin', '202 404', {
    ...{ status: 202, shows: 'text' },
  }),
  row('POST rackcontrollers/{rack}/?op=refresh', 'admin', SHOWS, { shows: 'text' }),
  row('POST rackcontrollers/{rack}/?op=power_on', 'admin', '204 400 403 404 409 503', {
    ...{ status: 409, shows: 'text', because: NO_POWER },
  }),
  row('POST rackcontrollers/{rack}/?op=power_off', 'admin', '204 403 404', {
    ...{ status: 409, shows: 'text', because: NO_POWER },
  }),
  row('POST rackcontrollers/{rack}/?op=abort', 'admin', '204 403 404', {
    ...{ status: 409, shows: 'text', because: STATE },
  }),
  row('POST rackcontrollers/{rack}/?op=test', 'admin', '204 400 404', {
    ...{ status: 409, shows: 'text', because: STATE },
  }),
  row('POST rackcontrollers/{rack}/?op=override_failed_testing', 'admin', '204 403 404', {
    ...{ status: 409, shows: 'text', because: STATE },
  }),
  row('POST rackcontrollers/{rack}/?op=mark_broken', 'admin', '200 403 404', {
    ...{ status: 409, shows: 'text', because: STATE },
  }),
  row('POST rackcontrollers/{rack}/?op=mark_fixed', 'admin', '200 403 404', {
    ...{ status: 409, shows: 'text', because: STATE },
  }),
  row('DELETE rackcontrollers/{spare_rack}/', 'admin', '204 400 403 404', { disposable: true }),

  row('GET regioncontrollers/', 'user', LISTS, { shows: '[<regioncontroller>]' }),
  row('GET regioncontrollers/?op=is_registered&mac_address={mac}', 'anyone', LISTS, {
    shows: 'bool',
  }),
  row('POST regioncontrollers/?op=set_zone', 'admin', MOVES, {
    form: { zone: 'default', nodes: '{region}' },
    ...{ status: 204, shows: 'empty', needs: 'nodes', disposable: true },
  }),
  row('GET regioncontrollers/{region}/', 'user', SHOWS, {
    ...{ shows: '<regioncontroller>', keep: 'a_region' },
  }),
  row('PUT regioncontrollers/{region}/', 'admin', '200 400 403 404', {
    ...{ form: { description: '{a_region.description}' }, shows: '<regioncontroller>' },
  }),
  row('GET regioncontrollers/{region}/?op=details', 'user', DETAILS, { shows: 'bytes' }),
  row('GET regioncontrollers/{region}/?op=power_parameters', 'admin', DETAILS, { shows: 'obj' }),
  row('DELETE zones/{zone.name}/', 'admin', '204'),
]

/** Last of all, and by the first region, which is not the one that goes. */
export const LAST: readonly Row[] = [
  row('DELETE regioncontrollers/{spare_region}/?force=true', 'admin', '204 400 403 404', {
    ...{ disposable: true, first: true },
  }),
]

// Fabrics, VLANs, spaces, subnets, ranges and addresses (maas-api §9). What is made here lies in `{net}.0/24`.
import { row, type Row } from './row.ts'

const MAKES = '200 400'
const SHOWS = '200 404'
const CHANGES = '200 400 404'
const GONE = { status: 410, because: 'read only since 2.0, as the catalogue’s text says (§8.1)' }
const FAN = '200 404'

export const NETWORK: readonly Row[] = [
  row('POST fabrics/', 'admin', MAKES, {
    form: { name: '{walk}', description: 'größer & = 100 %+', class_type: '10g' },
    ...{ shows: '<fabric>', keep: 'fabric' },
  }),
  row('GET fabrics/', 'user', '200', { shows: '[<fabric>]' }),
  row('GET fabrics/{fabric.id}/', 'user', SHOWS, { shows: '<fabric>' }),
  row('PUT fabrics/{fabric.id}/', 'admin', CHANGES, {
    ...{ form: { class_type: '40g' }, shows: '<fabric>' },
  }),
  row('POST spaces/', 'admin', MAKES, {
    ...{ form: { name: '{walk}' }, shows: '<space>', keep: 'space' },
  }),
  row('POST fabrics/{fabric.id}/vlans/', 'admin', CHANGES, {
    form: { name: '{walk}', vid: '7', mtu: '9000', space: '{space.name}' },
    ...{ shows: '<vlan>', keep: 'vlan', needs: 'vid' },
  }),
  row('GET fabrics/{fabric.id}/vlans/', 'user', SHOWS, { shows: '[<vlan>]' }),
  row('GET fabrics/{fabric.id}/vlans/{vlan.vid}/', 'user', SHOWS, { shows: '<vlan>' }),
  row('PUT fabrics/{fabric.id}/vlans/{vlan.vid}/', 'admin', CHANGES, {
    ...{ form: { description: 'größer & = 100 %+' }, shows: '<vlan>' },
  }),
  row('GET vlans/{vlan.id}/', 'user', SHOWS, { shows: '<vlan>' }),
  row('PUT vlans/{vlan.id}/', 'admin', CHANGES, { form: { mtu: '1500' }, shows: '<vlan>' }),

  row('POST subnets/', 'admin', MAKES, {
    form: {
      ...{ cidr: '{net}.0/24', name: '{walk}', vlan: '{vlan.id}', gateway_ip: '{net}.1' },
      ...{ dns_servers: '{net}.2 {net}.3', rdns_mode: '1', managed: 'true' },
    },
    ...{ shows: '<subnet>', keep: 'subnet', needs: 'cidr' },
  }),
  row('POST subnets/', 'admin', MAKES, {
    form: { cidr: '{other}.0/24', vlan: '{vlan.id}' },
    ...{ shows: '<subnet>', keep: 'second' },
  }),
  row('GET subnets/', 'user', '200', { shows: '[<subnet>]' }),
  row('GET subnets/{subnet.id}/', 'user', SHOWS, { shows: '<subnet>' }),
  row('PUT subnets/{subnet.id}/', 'admin', CHANGES, {
    ...{ form: { allow_proxy: 'false' }, shows: '<subnet>' },
  }),
  row('GET spaces/', 'user', '200', { shows: '[<space>]' }),
  row('GET spaces/{space.id}/', 'user', SHOWS, { shows: '<space>' }),
  row('PUT spaces/{space.id}/', 'admin', CHANGES, {
    ...{ form: { name: '{walk}-s' }, shows: '<space>' },
  }),

  row('POST ipranges/', 'user', '200 400 403', {
    form: {
      ...{
        type: 'reserved',
        start_ip: '{net}.20',
        end_ip: '{net}.29',
        comment: 'größer & = 100 %+',
      },
      subnet: '{subnet.id}',
    },
    ...{ shows: '<iprange>', keep: 'range', needs: 'start_ip' },
  }),
  row('GET ipranges/', 'user', '200', { shows: '[<iprange>]' }),
  row('GET ipranges/{range.id}/', 'user', SHOWS, { shows: '<iprange>' }),
  row('PUT ipranges/{range.id}/', 'user', '200 400 403 404', {
    ...{ form: { comment: 'walked' }, shows: '<iprange>' },
  }),
  row('POST ipaddresses/?op=reserve', 'user', '200 400 503', {
    ...{ form: { subnet: '{subnet.cidr}', hostname: '{walk}-h' }, shows: '<ipaddress>' },
    ...{ keep: 'address', needs: 'subnet' },
  }),
  row('GET ipaddresses/', 'user', '200', { shows: '[<ipaddress>]' }),
  row('GET subnets/{subnet.id}/?op=ip_addresses', 'user', SHOWS, { shows: '[<subnet-address>]' }),
  row('GET subnets/{subnet.id}/?op=reserved_ip_ranges', 'user', SHOWS, { shows: '[<used-range>]' }),
  row('GET subnets/{subnet.id}/?op=unreserved_ip_ranges', 'user', SHOWS, { shows: '[<range>]' }),
  row(
    'GET subnets/{subnet.id}/?op=statistics&include_ranges=1&include_suggestions=1',
    ...(['user', SHOWS, { shows: '<statistics>' }] as const),
  ),
  row('POST ipaddresses/?op=release', 'user', '204 400 404', {
    ...{ form: { ip: '{address.ip}' }, status: 204, shows: 'empty', needs: 'ip' },
  }),

  row('POST static-routes/', 'admin', MAKES, {
    form: {
      ...{ source: '{subnet.id}', destination: '{second.id}', gateway_ip: '{net}.9' },
      metric: '10',
    },
    ...{ shows: '<static-route>', keep: 'route', needs: 'source' },
  }),
  row('GET static-routes/', 'user', '200', { shows: '[<static-route>]' }),
  row('GET static-routes/{route.id}/', 'user', SHOWS, { shows: '<static-route>' }),
  row('PUT static-routes/{route.id}/', 'admin', CHANGES, {
    ...{ form: { metric: '20' }, shows: '<static-route>' },
  }),
  row('DELETE static-routes/{route.id}/', 'admin', '204 404'),

  row('POST reservedips/', 'admin', '200 400 403', {
    form: { ip: '{net}.50', mac_address: '02:00:00:57:41:4b', comment: 'größer & = 100 %+' },
    ...{ shows: '<reservedip>', keep: 'reserved', needs: 'ip' },
  }),
  row('GET reservedips/', 'user', '200', { shows: '[<reservedip>]' }),
  row('GET reservedips/{reserved.id}/', 'user', SHOWS, { shows: '<reservedip>' }),
  row('PUT reservedips/{reserved.id}/', 'admin', '200 400 403 404', {
    ...{ form: { comment: 'walked' }, shows: '<reservedip>' },
  }),
  row('DELETE reservedips/{reserved.id}/', 'admin', '204 403 404'),

  row('GET networks/', 'user', '200 400', { shows: '[<network>]' }),
  row('GET networks/{subnet.name}/', 'user', '200', { shows: '<network>' }),
  row('GET networks/{subnet.name}/?op=list_connected_macs', 'user', '200', { shows: 'list' }),
  row('POST networks/', 'admin', '200', { ...GONE, shows: 'text' }),
  row('PUT networks/{subnet.name}/', 'admin', '200', { ...GONE, shows: 'text' }),
  row('POST networks/{subnet.name}/?op=connect_macs', 'admin', '200', { ...GONE, shows: 'text' }),
  row('POST networks/{subnet.name}/?op=disconnect_macs', 'admin', '200', {
    ...GONE,
    shows: 'text',
  }),
  row('DELETE networks/{subnet.name}/', 'admin', '204', { ...GONE, shows: 'text' }),

  row('GET fannetworks/', 'user', FAN, { shows: 'list' }),
  row('POST fannetworks/', 'admin', FAN, {
    ...{ status: 410, shows: 'text', because: 'fan networks left MAAS after 2.2' },
  }),
  row('GET fannetworks/1/', 'user', FAN, { status: 404, shows: 'text' }),
  row('PUT fannetworks/1/', 'admin', FAN, { status: 404, shows: 'text' }),
  row('DELETE fannetworks/1/', 'admin', FAN, { status: 404, shows: 'text' }),

  row('GET pods/', 'user', '200', { shows: 'list' }),
  row('GET vm-hosts/', 'user', '200', { shows: 'list' }),

  row('GET discovery/', 'user', '200', { shows: '[<discovery>]*' }),
  row('GET discovery/?op=by_unknown_ip', 'user', '200', { shows: '[<discovery>]*' }),
  row('GET discovery/?op=by_unknown_mac', 'user', '200', { shows: '[<discovery>]*' }),
  row('GET discovery/?op=by_unknown_ip_and_mac', 'user', '200', { shows: '[<discovery>]*' }),
  row('GET discovery/0/', 'user', SHOWS, { status: 404, shows: 'text' }),
  row('POST discovery/?op=scan', 'user', '200', {
    ...{ form: { cidr: '{net}.0/24' }, shows: '<scan>', disposable: true },
  }),
  row('POST discovery/?op=clear', 'admin', '204', {
    ...{ form: { all: 'true' }, status: 204, shows: 'empty', disposable: true },
  }),
  row('POST discovery/?op=clear_by_mac_and_ip', 'admin', '204', {
    form: { ip: '{net}.7', mac: '02:00:00:57:41:4c' },
    ...{ status: 404, shows: 'text', needs: 'ip', because: 'nobody was seen there' },
  }),

  row('DELETE ipranges/{range.id}/', 'user', '204 403 404'),
  row('DELETE subnets/{second.id}/', 'admin', '204 404'),
  row('DELETE subnets/{subnet.id}/', 'admin', '204 404'),
  row('DELETE vlans/{vlan.id}/', 'admin', '204 404'),
  row('POST fabrics/{fabric.id}/vlans/', 'admin', CHANGES, {
    ...{ form: { vid: '8' }, shows: '<vlan>', keep: 'vlan' },
  }),
  row('DELETE fabrics/{fabric.id}/vlans/{vlan.vid}/', 'admin', '204 404'),
  row('DELETE spaces/{space.id}/', 'admin', '204 400 404'),
  row('DELETE fabrics/{fabric.id}/', 'admin', '204 404'),
]

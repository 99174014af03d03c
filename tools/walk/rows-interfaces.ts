// The network configuration of a machine (maas-api §9), of one that is made here and taken away again.
import { row, type Row } from './row.ts'

const SHOWS = '200 404'
const MAKES = '200 400 404'
const CARDS = '200 400 403 404'
const TAGS = '200 403 404'
const MACHINE = 'nodes/{net_machine.system_id}'
const NEW = 'the machine is New: 409 (§10.1)'

const one = (name: string): string => `${MACHINE}/interfaces/{${name}.id}/`

export const INTERFACE_ROWS: readonly Row[] = [
  row('POST fabrics/', 'admin', '200 400', {
    ...{ form: { name: '{walk}-net' }, shows: '<fabric>', keep: 'net_fabric' },
  }),
  row('POST fabrics/{net_fabric.id}/vlans/', 'admin', MAKES, {
    ...{ form: { name: '{walk}-net', vid: '9' }, shows: '<vlan>', keep: 'net_vlan' },
  }),
  row('POST subnets/', 'admin', '200 400', {
    form: { cidr: '{net}.0/24', vlan: '{net_vlan.id}', gateway_ip: '{net}.1' },
    ...{ shows: '<subnet>', keep: 'net_subnet' },
  }),
  row('POST machines/', 'anyone', '200', {
    form: {
      ...{ hostname: '{walk}-net', architecture: 'amd64/generic', commission: 'false' },
      ...{ mac_addresses: '02:00:00:57:41:01', power_type: 'manual' },
    },
    ...{ shows: '<machine>', keep: 'net_machine' },
  }),
  row('GET machines/{net_machine.system_id}/?op=get_curtin_config', 'user', '200 400 403 404', {
    ...{ status: 400, shows: 'text' },
  }),
  row('GET machines/{net_machine.system_id}/?op=get_token', 'admin', SHOWS, {
    ...{ status: 404, shows: 'text' },
  }),
  row(`GET ${MACHINE}/interfaces/`, 'user', SHOWS, { shows: '[<interface>]' }),
  row(`POST ${MACHINE}/interfaces/?op=create_physical`, 'admin', CARDS, {
    form: { mac_address: '02:00:00:57:41:02', vlan: '{net_fabric.vlans.0.id}' },
    ...{ shows: '<interface>', keep: 'net_card', needs: 'mac_address' },
  }),
  row(`POST ${MACHINE}/interfaces/?op=create_bond`, 'admin', MAKES, {
    form: { name: 'bond0', parents: '{net_card.id}', bond_mode: '802.3ad', mtu: '9000' },
    ...{ shows: '<interface>', keep: 'net_bond', needs: 'parents' },
  }),
  row(`POST ${MACHINE}/interfaces/?op=create_vlan`, 'admin', MAKES, {
    form: { parent: 'bond0', vlan: '{net_vlan.id}' },
    ...{ shows: '<interface>', keep: 'net_tagged', needs: 'parent' },
  }),
  row(`POST ${MACHINE}/interfaces/?op=create_bridge`, 'admin', MAKES, {
    form: { name: 'br0', parent: '{net_tagged.name}', bridge_stp: 'true' },
    ...{ shows: '<interface>', keep: 'net_bridge', needs: 'parent' },
  }),
  row(`GET ${one('net_bridge')}`, 'user', SHOWS, { shows: '<interface>' }),
  row(`PUT ${one('net_bridge')}`, 'admin', CARDS, {
    ...{ form: { bridge_fd: '4' }, shows: '<interface>' },
  }),
  row(`POST ${one('net_bridge')}?op=link_subnet`, 'admin', MAKES, {
    form: { mode: 'STATIC', subnet: '{net_subnet.cidr}', ip_address: '{net}.9' },
    ...{ shows: '<interface>', keep: 'net_linked', needs: 'mode' },
  }),
  row(`POST ${one('net_bridge')}?op=set_default_gateway`, 'admin', MAKES, {
    ...{ form: { link_id: '{net_linked.links.0.id}' }, shows: '<interface>' },
  }),
  row('POST machines/{net_machine.system_id}/?op=clear_default_gateways', 'admin', TAGS, {
    shows: '<machine>',
  }),
  row(`POST ${one('net_bridge')}?op=unlink_subnet`, 'admin', MAKES, {
    form: { id: '{net_linked.links.0.id}' },
    ...{ shows: '<interface>', needs: 'id' },
  }),
  row(`POST ${one('net_bridge')}?op=add_tag`, 'admin', TAGS, {
    ...{ form: { tag: 'fast' }, shows: '<interface>' },
  }),
  row(`POST ${one('net_bridge')}?op=remove_tag`, 'admin', TAGS, {
    ...{ form: { tag: 'fast' }, shows: '<interface>' },
  }),
  row(`POST ${one('net_bridge')}?op=disconnect`, 'admin', SHOWS, { shows: '<interface>' }),
  row(`DELETE ${one('net_bond')}`, 'admin', '204 404'),
  ...['networking', 'default'].map((part) =>
    row(
      `POST machines/{net_machine.system_id}/?op=restore_${part}_configuration`,
      ...(['admin', '200 403 404 409'] as const),
      { status: 409, shows: 'text', because: NEW },
    ),
  ),
  row('DELETE machines/{net_machine.system_id}/', 'admin', '204 400 403 404'),
  row('DELETE subnets/{net_subnet.id}/', 'admin', '204 404'),
  row('DELETE fabrics/{net_fabric.id}/', 'admin', '204 404'),
]

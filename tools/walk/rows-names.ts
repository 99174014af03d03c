// Domains and what is in them (maas-api §9).
import { row, type Row } from './row.ts'

const SHOWS = '200 404'
const CHANGES = '200 400 403 404'

export const NAMES: readonly Row[] = [
  row('POST domains/', 'admin', '200 400', {
    form: { name: '{walk}.example.org', authoritative: 'true' },
    ...{ shows: '<own-domain>', keep: 'domain', needs: 'name' },
  }),
  row('GET domains/', 'user', '200', { shows: '[<own-domain>]' }),
  row('GET domains/{domain.id}/', 'user', SHOWS, { shows: '<own-domain>' }),
  row('PUT domains/{domain.id}/', 'admin', CHANGES, {
    form: { ttl: '300' },
    shows: '<own-domain>',
  }),
  row('POST domains/{domain.id}/?op=set_default', 'admin', '200 403 404', {
    ...{ shows: '<own-domain>', disposable: true },
  }),
  row('POST domains/0/?op=set_default', 'admin', '200 403 404', {
    ...{ shows: '<own-domain>', disposable: true },
  }),
  row('POST domains/?op=set_serial', 'admin', '200 400', {
    ...{ form: { serial: '2000000000' }, shows: 'null', needs: 'serial', disposable: true },
  }),
  row('POST dnsresources/', 'admin', '200 400', {
    form: { name: 'www', domain: '{domain.name}', address_ttl: '60', ip_addresses: '192.0.2.77' },
    ...{ shows: '<dnsresource>', keep: 'resource', needs: 'name' },
  }),
  row('GET dnsresources/?domain={domain.name}', 'user', SHOWS, { shows: '[<dnsresource>]' }),
  row('GET dnsresources/{resource.id}/', 'user', SHOWS, { shows: '<dnsresource>' }),
  row('PUT dnsresources/{resource.id}/', 'admin', CHANGES, {
    ...{ form: { address_ttl: '90' }, shows: '<dnsresource>' },
  }),
  row('POST dnsresourcerecords/', 'admin', '200 400', {
    form: { name: 'www', domain: '{domain.name}', rrtype: 'TXT', rrdata: 'walked' },
    ...{ shows: '<dnsresourcerecord>', keep: 'record', needs: 'rrtype' },
  }),
  row('GET dnsresourcerecords/?domain={domain.name}', 'user', '200', {
    shows: '[<dnsresourcerecord>]',
  }),
  row('GET dnsresourcerecords/{record.id}/', 'user', SHOWS, { shows: '<dnsresourcerecord>' }),
  row('PUT dnsresourcerecords/{record.id}/', 'admin', CHANGES, {
    ...{ form: { rrdata: 'walked on' }, shows: '<dnsresourcerecord>' },
  }),
  row('DELETE dnsresourcerecords/{record.id}/', 'admin', '204 403 404'),
  row('DELETE dnsresources/{resource.id}/', 'admin', '204 403 404'),
  row('DELETE domains/{domain.id}/', 'admin', '204 403 404'),
]

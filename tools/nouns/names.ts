// DNS: domains, names with addresses, other records.
import { field, flag, removal, type Noun } from './noun.ts'

const DOMAIN_FIELDS = [
  flag('authoritative', 'we answer for it (default)'),
  field('ttl', 'SECONDS', 'of its records, where they have none'),
]
const PLACE = [
  field('fqdn', 'NAME', 'whole name, instead of --name and --domain'),
  field('name', 'LABEL', 'name inside the domain'),
  field('domain', 'DOMAIN', 'name or id of the domain'),
]
const RECORD = [
  field('rrtype', 'TYPE', 'CNAME, MX, NS, SRV, SSHFP, TXT …'),
  field('rrdata', 'TEXT', 'as in a zone file, for instance "10 mail"'),
]
const ADDRESSES = [
  field('ip-addresses', 'IP[,IP]', 'its addresses'),
  field('address-ttl', 'SECONDS', 'of its address records'),
]

export const NAME_NOUNS: readonly Noun[] = [
  {
    ...{ noun: 'domains', summary: 'DNS domains', path: 'domains', id: 'ID', key: 'id' },
    columns: ['id', 'name', 'authoritative', 'ttl', 'records:resource_record_count'],
    wide: ['default:is_default'],
    tables: ['domains', 'dns_resources', 'dns_records'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a domain', options: DOMAIN_FIELDS },
        positionals: [{ name: 'NAME', field: 'name' }],
      },
      {
        ...{ verb: 'update', summary: 'change a domain' },
        options: [field('name', 'NAME', 'new name'), ...DOMAIN_FIELDS],
      },
      {
        ...{ verb: 'set-serial', op: 'set_serial', on: 'collection' },
        ...{ summary: 'set the SOA serial', positionals: [{ name: 'SERIAL', field: 'serial' }] },
      },
      { verb: 'set-default', op: 'set_default', summary: 'new machines get their names in it' },
      removal('remove a domain'),
    ],
  },
  {
    ...{ noun: 'dnsresources', summary: 'names with addresses or records', path: 'dnsresources' },
    ...{ id: 'ID', key: 'id' },
    columns: ['id', 'fqdn', 'addresses:ip_addresses.ip', 'ttl:address_ttl'],
    wide: ['records:resource_records.rrtype'],
    tables: ['dns_resources', 'dns_records', 'ip_addresses'],
    verbs: [
      { verb: 'create', summary: 'add a name', options: [...PLACE, ...ADDRESSES] },
      { verb: 'update', summary: 'change a name', options: [...PLACE, ...ADDRESSES] },
      removal('remove a name'),
    ],
  },
  {
    ...{ noun: 'dnsrecords', summary: 'records that are not addresses' },
    ...{ path: 'dnsresourcerecords', id: 'ID', key: 'id' },
    columns: ['id', 'fqdn', 'rrtype', 'rrdata', 'ttl'],
    tables: ['dns_records', 'dns_resources'],
    verbs: [
      { verb: 'create', summary: 'add a record', options: [...PLACE, ...RECORD] },
      { verb: 'update', summary: 'change a record', options: RECORD },
      removal('remove a record'),
    ],
  },
]

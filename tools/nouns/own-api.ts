// Nouns that MAAS's API does not have: they are those of /api/v1.
import { field, removal, type Noun } from './noun.ts'

export const OWN_NOUNS: readonly Noun[] = [
  {
    ...{ noun: 'leases', summary: 'DHCP leases', path: 'leases', api: 'v1', id: 'IP', key: 'ip' },
    ...{ get: 'none', tables: ['leases'] },
    columns: ['ip', 'mac', 'hostname', 'ends_in:lease_ends_in_seconds', 'released', 'rack:rack_id'],
    wide: ['held_for:held_for_seconds', 'subnet:subnet_id', 'bound'],
  },
  {
    ...{ noun: 'audit', summary: 'who wrote what, newest first', path: 'audit-events', api: 'v1' },
    ...{ id: 'ID', key: 'id', get: 'none', tables: ['audit_events'] },
    columns: ['id', 'time', 'username', 'action', 'description'],
    wide: ['remote_address', 'request_id'],
  },
  {
    ...{ noun: 'access-tokens', summary: 'your scoped tokens', path: 'access-tokens', api: 'v1' },
    ...{ id: 'ID', key: 'id', tables: ['access_tokens'] },
    columns: ['id', 'name', 'scope', 'created', 'expired', 'lifetime:lifetime_seconds'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'make a token; it is shown once' },
        positionals: [
          { name: 'NAME', field: 'name' },
          { name: 'SCOPE', field: 'scope' },
        ],
        options: [
          { ...field('lifetime-seconds', 'N', 'it ends by itself after that'), kind: 'count' },
        ],
        columns: ['id', 'name', 'scope', 'token'],
      },
      {
        ...{ verb: 'update', summary: 'rename a token' },
        options: [field('name', 'NAME', 'new name')],
      },
      removal('revoke a token'),
    ],
  },
]

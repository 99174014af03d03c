// The site as a whole: zones, pools, its controllers, where software comes from, what happened.
import { field, flag, removal, type Noun } from './noun.ts'

const NAME_AND_TEXT = [
  field('name', 'NAME', 'new name'),
  field('description', 'TEXT', 'what it is for'),
]
const PLACE = [field('zone', 'NAME', 'zone it is in'), field('description', 'TEXT', 'what it is')]
const REPOSITORY = [
  field('distributions', 'NAME[,NAME]', 'suites'),
  field('components', 'NAME[,NAME]', 'components'),
  field('arches', 'ARCH[,ARCH]', 'architectures'),
  field('key', 'TEXT', 'its signing key'),
  flag('enabled', 'machines use it (default)'),
]

export const SITE_NOUNS: readonly Noun[] = [
  {
    ...{ noun: 'zones', summary: 'availability zones', path: 'zones', id: 'NAME', key: 'name' },
    tables: ['zones'],
    columns: ['id', 'name', 'description'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a zone', options: NAME_AND_TEXT.slice(1) },
        positionals: [{ name: 'NAME', field: 'name' }],
      },
      { verb: 'update', summary: 'change a zone', options: NAME_AND_TEXT },
      removal('remove a zone'),
    ],
  },
  {
    ...{ noun: 'pools', summary: 'resource pools', path: 'resourcepools' },
    ...{ itemPath: 'resourcepool', id: 'ID', key: 'id', tables: ['resource_pools'] },
    columns: ['id', 'name', 'description'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a pool', options: NAME_AND_TEXT.slice(1) },
        positionals: [{ name: 'NAME', field: 'name' }],
      },
      { verb: 'update', summary: 'change a pool', options: NAME_AND_TEXT },
      removal('remove a pool'),
    ],
  },
  {
    ...{ noun: 'racks', summary: 'rack controllers', path: 'rackcontrollers' },
    ...{ id: 'SYSTEM_ID', key: 'system_id' },
    columns: ['system_id', 'hostname', 'version', 'architecture'],
    wide: ['addresses:ip_addresses'],
    tables: ['controllers'],
    verbs: [
      { verb: 'update', summary: 'change a rack', options: PLACE },
      removal('forget a rack that is gone'),
    ],
  },
  {
    ...{ noun: 'regions', summary: 'region controllers', path: 'regioncontrollers' },
    ...{ id: 'SYSTEM_ID', key: 'system_id' },
    columns: ['system_id', 'hostname', 'version'],
    wide: ['addresses:ip_addresses'],
    tables: ['controllers'],
    verbs: [{ verb: 'update', summary: 'change a region', options: PLACE }],
  },
  {
    ...{ noun: 'repositories', summary: 'package repositories', path: 'package-repositories' },
    ...{ id: 'ID', key: 'id' },
    columns: ['id', 'name', 'url', 'enabled'],
    tables: ['package_repositories'],
    wide: ['distributions', 'components', 'arches'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a repository', options: REPOSITORY },
        positionals: [
          { name: 'NAME', field: 'name' },
          { name: 'URL', field: 'url' },
        ],
      },
      { verb: 'update', summary: 'change a repository; its URL with url=URL', options: REPOSITORY },
      removal('remove a repository'),
    ],
  },
  {
    ...{ noun: 'config', summary: 'settings', path: 'maas', id: 'NAME', key: 'name' },
    get: 'none',
    columns: ['value'],
    verbs: [
      {
        ...{ verb: 'show', op: 'get_config', method: 'GET', on: 'collection' },
        ...{ summary: 'show a setting', positionals: [{ name: 'NAME', field: 'name' }] },
      },
      {
        ...{ verb: 'set', op: 'set_config', on: 'collection', summary: 'change a setting' },
        positionals: [
          { name: 'NAME', field: 'name' },
          { name: 'VALUE', field: 'value' },
        ],
      },
    ],
  },
  {
    ...{ noun: 'events', summary: 'events, newest first', path: 'events', id: 'ID', key: 'id' },
    ...{ query: { op: 'query' }, get: 'single' },
    columns: ['id', 'created', 'level', 'hostname', 'type', 'description'],
    tables: ['events'],
  },
]

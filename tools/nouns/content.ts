// What has content of its own: scripts, files, keys of operating systems, sources of images.
import { field, fields, file, flag, removal, type Noun } from './noun.ts'

const SCRIPT = [
  field('title', 'TEXT', 'short title'),
  field('description', 'TEXT', 'what it does'),
  field('type', 'WORD', 'commissioning, testing (default) or release'),
  field('hardware-type', 'WORD', 'node, cpu, memory, storage, network or gpu'),
  field('tags', 'WORD[,WORD]', 'by which it is chosen'),
  field('comment', 'TEXT', 'what this version changes'),
  flag('destructive', 'it destroys what is on the disks'),
  flag('may-reboot', 'it may reboot the machine'),
]
const TAG = { name: 'TAG', field: 'tag' }
const SOURCE = [
  field('keyring-filename', 'PATH', 'of the keyring on the region'),
  file('keyring-data', 'the keyring itself'),
]

export const CONTENT_NOUNS: readonly Noun[] = [
  {
    ...{ noun: 'scripts', summary: 'scripts that machines run', path: 'scripts' },
    ...{ id: 'NAME', key: 'name', tables: ['scripts'] },
    columns: ['id', 'name', 'type:type_name', 'title', 'tags'],
    wide: ['hardware:hardware_type_name', 'timeout', 'destructive'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a script; its longest time with timeout=SECONDS' },
        positionals: [{ name: 'NAME', field: 'name' }],
        options: [file('script', 'its text; begins with #!'), ...SCRIPT],
      },
      {
        ...{ verb: 'update', summary: 'change a script; the old text is kept' },
        options: [file('script', 'its new text'), field('name', 'NAME', 'new name'), ...SCRIPT],
      },
      {
        ...{ verb: 'download', op: 'download', method: 'GET', summary: 'print its text' },
        options: [field('revision', 'ID', 'an older one; ids are in its history')],
      },
      {
        ...{ verb: 'revert', op: 'revert', summary: 'go back to an older text' },
        options: [field('to', 'N', 'id of the text, or how many back as -1, -2 …')],
      },
      { verb: 'tag', op: 'add_tag', summary: 'add a tag', positionals: [TAG] },
      { verb: 'untag', op: 'remove_tag', summary: 'take a tag away', positionals: [TAG] },
      removal('remove a script'),
    ],
  },
  {
    ...{ noun: 'files', summary: 'your files', path: 'files', id: 'NAME', key: 'filename' },
    columns: ['filename', 'uri:anon_resource_uri'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'store a file; one of the same name is replaced' },
        positionals: [{ name: 'NAME', field: 'filename' }],
        options: [file('file', 'its content')],
      },
      {
        ...{ verb: 'download', op: 'get', method: 'GET', on: 'collection' },
        ...{ summary: 'print its content', positionals: [{ name: 'NAME', field: 'filename' }] },
      },
      removal('remove a file'),
    ],
  },
  {
    ...{ noun: 'license-keys', summary: 'keys of operating systems', path: 'license-keys' },
    ...{ id: 'OSYSTEM', key: 'osystem', get: 'none' },
    columns: ['osystem', 'distro_series', 'license_key'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a key' },
        positionals: [
          { name: 'OSYSTEM', field: 'osystem' },
          { name: 'DISTRO_SERIES', field: 'distro_series' },
          { name: 'LICENSE_KEY', field: 'license_key' },
        ],
      },
      {
        ...{ verb: 'update', on: 'collection', path: 'license-key/{}/{}', summary: 'change one' },
        positionals: [
          { name: 'OSYSTEM', field: null },
          { name: 'DISTRO_SERIES', field: null },
          { name: 'LICENSE_KEY', field: 'license_key' },
        ],
      },
      {
        ...{ verb: 'delete', on: 'collection', path: 'license-key/{}/{}', summary: 'remove one' },
        positionals: [
          { name: 'OSYSTEM', field: null },
          { name: 'DISTRO_SERIES', field: null },
        ],
      },
    ],
  },
  {
    ...{ noun: 'boot-resources', summary: 'images', path: 'boot-resources', id: 'ID', key: 'id' },
    tables: ['boot_resources'],
    columns: ['id', 'name', 'architecture', 'type', 'title'],
    wide: ['subarches'],
    verbs: [removal('remove an image')],
  },
  {
    ...{ noun: 'boot-sources', summary: 'where images come from', path: 'boot-sources' },
    ...{ id: 'ID', key: 'id', tables: ['boot_sources'] },
    columns: ['id', 'url', 'keyring_filename'],
    wide: ['created', 'updated'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a source', options: SOURCE },
        positionals: [{ name: 'URL', field: 'url' }],
      },
      { verb: 'update', summary: 'change a source; its URL with url=URL', options: SOURCE },
      removal('remove a source'),
    ],
  },
  {
    ...{ noun: 'sslkeys', summary: 'your SSL keys', path: 'account/prefs/sslkeys' },
    ...{ id: 'ID', key: 'id', tables: ['ssl_keys'] },
    columns: ['id', 'key'],
    verbs: [
      { verb: 'create', summary: 'add a certificate', options: [file('key', 'it, in PEM')] },
      removal('remove a certificate'),
    ],
  },
  {
    ...{ noun: 'nodes', summary: 'nodes of every kind', path: 'nodes', id: 'SYSTEM_ID' },
    ...{ key: 'system_id', tables: ['machines', 'devices', 'controllers'] },
    columns: [
      'system_id',
      'hostname',
      'type:node_type_name',
      'status:status_name',
      'zone:zone.name',
    ],
    verbs: [
      {
        ...{ verb: 'place', op: 'set_zone', on: 'collection', summary: 'move nodes to a zone' },
        positionals: [{ name: 'ZONE', field: 'zone' }],
        options: [fields('nodes', 'SYSTEM_ID', 'which; may be repeated')],
      },
      removal('forget a node'),
    ],
  },
]

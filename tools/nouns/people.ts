// Users, their keys, and what belongs to them.
import { field, fields, flag, removal, type Noun } from './noun.ts'

export const PEOPLE_NOUNS: readonly Noun[] = [
  {
    ...{ noun: 'users', summary: 'users', path: 'users', id: 'USERNAME', key: 'username' },
    columns: ['username', 'email', 'is_superuser'],
    tables: ['users'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a user' },
        positionals: [{ name: 'USERNAME', field: 'username' }],
        options: [
          field('email', 'EMAIL', 'where to reach them'),
          field('password', 'TEXT', 'the first one'),
          flag('is-superuser', 'may do everything'),
        ],
      },
      {
        ...{ verb: 'update', api: 'v1', summary: 'change a user' },
        options: [
          field('username', 'NAME', 'new name'),
          field('email', 'EMAIL', 'where to reach them'),
          field('password', 'TEXT', 'new one; all logins of the user end'),
          flag('is-superuser', 'may do everything'),
        ],
      },
      removal('remove a user', [
        field('transfer-resources-to', 'USERNAME', 'who gets what they own'),
      ]),
    ],
  },
  {
    ...{ noun: 'apikeys', summary: 'your API keys', path: 'account', id: 'TOKEN_KEY' },
    ...{ key: 'token', query: { op: 'list_authorisation_tokens' }, get: 'none' },
    columns: ['name', 'token'],
    verbs: [
      {
        ...{ verb: 'create', op: 'create_authorisation_token', on: 'collection' },
        ...{ summary: 'make a key for yourself', columns: ['name', 'consumer_key', 'token_key'] },
        options: [field('name', 'NAME', 'what it is for')],
      },
      {
        ...{ verb: 'rename', op: 'update_token_name', on: 'collection', summary: 'rename a key' },
        positionals: [
          { name: 'TOKEN_KEY', field: 'token' },
          { name: 'NAME', field: 'name' },
        ],
      },
      {
        ...{ verb: 'delete', op: 'delete_authorisation_token', on: 'collection' },
        ...{ summary: 'revoke a key', positionals: [{ name: 'TOKEN_KEY', field: 'token_key' }] },
      },
    ],
  },
  {
    ...{ noun: 'sshkeys', summary: 'your SSH keys', path: 'account/prefs/sshkeys' },
    ...{ id: 'ID', key: 'id' },
    columns: ['id', 'keysource', 'key'],
    tables: ['ssh_keys'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a key; machines you deploy will have it' },
        positionals: [{ name: 'KEY', field: 'key' }],
      },
      removal('remove a key'),
    ],
  },
  {
    ...{ noun: 'notifications', summary: 'notifications', path: 'notifications' },
    ...{ id: 'ID', key: 'id' },
    columns: ['id', 'category', 'message', 'user:user.username'],
    wide: ['users', 'admins', 'ident'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'tell users something' },
        positionals: [{ name: 'MESSAGE', field: 'message' }],
        options: [
          field('category', 'WORD', 'error, warning, success or info'),
          field('user', 'ID', 'for one user'),
          flag('users', 'for every user'),
          flag('admins', 'for every superuser'),
        ],
      },
      {
        ...{ verb: 'update', summary: 'change a notification' },
        options: [
          field('message', 'TEXT', 'what it says'),
          field('category', 'WORD', 'error, warning, success or info'),
        ],
      },
      { verb: 'dismiss', op: 'dismiss', summary: 'hide it from yourself' },
      removal('remove a notification'),
    ],
  },
  {
    ...{ noun: 'tags', summary: 'tags', path: 'tags', id: 'NAME', key: 'name' },
    columns: ['name', 'definition', 'kernel_opts', 'comment'],
    tables: ['tags'],
    verbs: [
      {
        ...{ verb: 'create', summary: 'add a tag' },
        positionals: [{ name: 'NAME', field: 'name' }],
        options: [
          field('comment', 'TEXT', 'what it is for'),
          field('definition', 'XPATH', 'hardware that gets it by itself'),
          field('kernel-opts', 'TEXT', 'kernel options of machines that have it'),
        ],
      },
      {
        ...{ verb: 'update', summary: 'change a tag' },
        options: [
          field('name', 'NAME', 'new name'),
          field('comment', 'TEXT', 'what it is for'),
          field('definition', 'XPATH', 'hardware that gets it by itself'),
        ],
      },
      {
        ...{ verb: 'machines', op: 'machines', method: 'GET', summary: 'machines that have it' },
        columns: ['system_id', 'hostname', 'status:status_name'],
      },
      {
        ...{ verb: 'assign', op: 'update_nodes', summary: 'put it on machines, take it off' },
        options: [
          fields('add', 'SYSTEM_ID', 'gets it; may be repeated'),
          fields('remove', 'SYSTEM_ID', 'loses it; may be repeated'),
        ],
        columns: ['added', 'removed'],
      },
      removal('remove a tag'),
    ],
  },
]

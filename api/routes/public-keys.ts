// account/prefs/sshkeys/ and sslkeys/: the public keys of the one who asks (maas-api §9). Regions fetch nothing from
// the network: an import takes what its caller fetched.
import { X509Certificate } from 'node:crypto'
import type { SshKeyId, SslKeyId, UserId } from '#model/ids.ts'
import { json, NO_CONTENT, type Call } from '../call.ts'
import { fieldError, forbidden, notFound, Rejection } from '../errors.ts'
import { renderSshKey, renderSslKey } from '../render/public-key.ts'
import { longText, mandatory, text } from '../params.ts'
import { create, operation, read, remove, taking, type Resource } from '../resource.ts'
import { parseSshKey } from '../ssh-key.ts'

const CERTIFICATE_CHARACTERS_MAX = 16_384
/** Keys of one import. */
const IMPORT_KEYS_MAX = 50
const KEY_CHARACTERS_MAX = 16_384

const SSH_KEY = {
  key: mandatory(text('Public key, a line of OpenSSH.', { max: KEY_CHARACTERS_MAX })),
  user: text('User who gets it, another than yourself (administrators).'),
}
const SSH_KEYS = {
  keysource: mandatory(text('lp:NAME or gh:NAME.', { max: 80 })),
  key: longText('Keys that the source answered, repeated or in lines.', {
    ...{ max: IMPORT_KEYS_MAX * KEY_CHARACTERS_MAX },
  }),
}
const SSL_KEY = {
  key: mandatory(longText('Certificate in PEM.', { max: CERTIFICATE_CHARACTERS_MAX })),
}

async function createSshKey(call: Call) {
  const key = checkedSshKey(call.input.mandatory('key'))
  const userId = await ownerOf(call)
  const { id } = await call.propose({ type: 'sshKey.create', userId, key, keysource: '' })
  const row = call.after().sshKeys.get(id)
  return json(row === undefined ? { id, key } : renderSshKey(row), 201)
}

/** 3.x: an administrator may add a key for somebody else. */
async function ownerOf(call: Call): Promise<UserId> {
  const username = call.input.text('user') ?? ''
  if (username === '' || username === call.user.username) return call.user.id
  if (!call.isAdmin) throw forbidden()
  const { usersByUsername } = await call.state()
  const user = usersByUsername.first(username)
  if (user === undefined) throw notFound('User')
  return user.id
}

function checkedSshKey(given: string): string {
  const key = parseSshKey(given)
  if (key === undefined) throw fieldError('key', 'Invalid SSH public key.')
  return key
}

/** `key`, repeated or in lines, is what the source answered; MAAS's own clients send none. */
async function importSshKeys(call: Call) {
  const keysource = call.input.mandatory('keysource')
  if (!/^(?:lp|gh):[\w.@+-]{1,64}$/.test(keysource)) {
    throw fieldError('keysource', 'The source must be lp:NAME or gh:NAME.')
  }
  const given = call.input.list('key', '\n')
  if (given.length === 0) {
    const message =
      `This region does not fetch keys from the network: fetch those of ${keysource} ` +
      'and send them as key, or add them one by one.'
    throw new Rejection('BAD_REQUEST', message, { status: 501 })
  }
  if (given.length > IMPORT_KEYS_MAX) {
    throw fieldError('key', `At most ${IMPORT_KEYS_MAX} keys are imported at once.`)
  }
  const keys = given.map(checkedSshKey)
  const userId = call.user.id
  await call.propose({ type: 'sshKey.import', userId, keysource, keys })
  const imported = call.after().sshKeysByUser.rows(userId)
  return json(imported.filter((row) => row.keysource === keysource).map(renderSshKey))
}

async function createSslKey(call: Call) {
  const key = call.input.mandatory('key').trim()
  if (!isCertificate(key)) throw fieldError('key', 'Invalid SSL key: send a certificate in PEM.')
  const { id } = await call.propose({ type: 'sslKey.create', userId: call.user.id, key })
  const row = call.after().sslKeys.get(id)
  return json(row === undefined ? { id, key } : renderSslKey(row), 201)
}

function isCertificate(given: string): boolean {
  if (given.length > CERTIFICATE_CHARACTERS_MAX || !given.startsWith('-----BEGIN ')) return false
  try {
    return new X509Certificate(given).raw.length > 0
  } catch {
    return false
  }
}

async function readSshKey(call: Call) {
  const row = (await call.state()).sshKeys.get(idOf<SshKeyId>(call, 'SSHKey'))
  if (row === undefined || row.userId !== call.user.id) throw notFound('SSHKey')
  return json(renderSshKey(row))
}

async function readSslKey(call: Call) {
  const row = (await call.state()).sslKeys.get(idOf<SslKeyId>(call, 'SSLKey'))
  if (row === undefined) throw notFound('SSLKey')
  if (row.userId !== call.user.id) throw forbidden("Can't get a key you don't own.")
  return json(renderSslKey(row))
}

function idOf<Id extends number>(call: Call, model: string): Id {
  const given = call.param('id')
  if (!/^\d{1,15}$/.test(given)) throw notFound(model)
  return Number(given) as Id
}

export const PUBLIC_KEYS: readonly Resource[] = [
  {
    name: 'SSHKeysHandler',
    path: 'account/prefs/sshkeys/',
    doc: 'Manage your SSH keys.',
    actions: [
      read('user', 'List your SSH keys.', async (call) => {
        const { sshKeysByUser } = await call.state()
        return json(sshKeysByUser.rows(call.user.id).map(renderSshKey))
      }),
      taking(SSH_KEY, (run) => create('user', 'Add an SSH key.', run), createSshKey),
      taking(
        SSH_KEYS,
        (run) => {
          return operation('POST', 'import', { doc: 'Add the SSH keys of another service.' }, run)
        },
        importSshKeys,
      ),
    ],
  },
  {
    name: 'SSHKeyHandler',
    path: 'account/prefs/sshkeys/{id}/',
    doc: 'Manage one of your SSH keys.',
    actions: [
      read('user', 'Show an SSH key.', readSshKey),
      remove('user', 'Delete an SSH key.', async (call) => {
        const id = idOf<SshKeyId>(call, 'SSHKey')
        await call.propose({ type: 'sshKey.delete', id, userId: call.user.id })
        return NO_CONTENT
      }),
    ],
  },
  {
    name: 'SSLKeysHandler',
    path: 'account/prefs/sslkeys/',
    doc: 'Manage your SSL keys.',
    actions: [
      read('user', 'List your SSL keys.', async (call) => {
        const { sslKeysByUser } = await call.state()
        return json(sslKeysByUser.rows(call.user.id).map(renderSslKey))
      }),
      taking(SSL_KEY, (run) => create('user', 'Add an SSL key.', run), createSslKey),
    ],
  },
  {
    name: 'SSLKeyHandler',
    path: 'account/prefs/sslkeys/{id}/',
    doc: 'Manage one of your SSL keys.',
    actions: [
      read('user', 'Show an SSL key.', readSslKey),
      remove('user', 'Delete an SSL key.', async (call) => {
        const id = idOf<SslKeyId>(call, 'SSLKey')
        await call.propose({ type: 'sslKey.delete', id, userId: call.user.id })
        return NO_CONTENT
      }),
    ],
  },
]

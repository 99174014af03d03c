// SSH and SSL keys as MAAS shows them (maas-api §8).
import type { SshKey, SslKey } from '#state/tables.ts'
import { uri } from './names.ts'

export function renderSshKey({ id, key, keysource }: SshKey) {
  return { id, key, keysource, resource_uri: uri('account', 'prefs', 'sshkeys', id) }
}

export function renderSslKey({ id, key }: SslKey) {
  return { id, key, resource_uri: uri('account', 'prefs', 'sslkeys', id) }
}

// The region itself, its settings, users and their keys (maas-api §9).
import { row, type Row } from './row.ts'

const SSH_KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f walk@example.org'

/** Of nobody: its key was thrown away. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBjDCCATOgAwIBAgIUDWRJPw4BLbE4mQXsOyb5H6flfWcwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQd2Fsay5leGFtcGxlLm9yZzAgFw0yNjExMjcxMjMwMTlaGA8y
MTI2MTEwMzEyMzAxOVowGzEZMBcGA1UEAwwQd2Fsay5leGFtcGxlLm9yZzBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABEFvrN0fAQG0osTLFR9sLS1DjStAWpbS3yke
XiYW/VTmfpPH3rEmCnbTTTkI16ao76QT1J4pHqC86U8bSOa1EBujUzBRMB0GA1Ud
DgQWBBQKf/9xZYRMhy3U+tE8lgTx/9WrmTAfBgNVHSMEGDAWgBQKf/9xZYRMhy3U
+tE8lgTx/9WrmTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIEMg
IqMIBkFmFN+VbtbY+JxFpHCcP5WlhkEYm6c+VOPRAiA+xbG5lDSvvzw9Y+PaD/2U
02XUpeS+/2rqrBWFMQ9Zjg==
-----END CERTIFICATE-----`

const EARLY = 'an early name of the restful call'
const KEYS = 'account/prefs'

export const PEOPLE: readonly Row[] = [
  row('GET describe/', 'anyone', '200', { shows: '<describe>' }),
  row('GET version/', 'anyone', '200', { shows: '<version>' }),
  row('GET maas/?op=get_config&name=maas_name', 'user', '200', { shows: 'str', keep: 'maas_name' }),
  row('POST maas/?op=set_config', 'admin', '200 400', {
    ...{ form: { name: 'maas_name', value: '{maas_name}' }, shows: 'text', needs: 'name' },
  }),

  row('GET users/?op=whoami', 'user', '200', { shows: '<user>', keep: 'me' }),
  row('POST users/', 'admin', '200 400', {
    form: {
      ...{ username: '{walk}-user', email: 'walk@example.org', password: '{walk}-Passw0rd' },
      is_superuser: 'false',
    },
    ...{ shows: '<user>', keep: 'user', needs: 'username' },
  }),
  row('GET users/', 'user', '200', { shows: '[<user>]' }),
  row('GET users/{user.username}/', 'user', '200 404', { shows: '<user>' }),
  row('DELETE users/{user.username}/', 'admin', '204 400'),

  row('POST account/?op=create_authorisation_token', 'user', '200', {
    ...{ form: { name: '{walk}' }, shows: '<api-key>', keep: 'key' },
  }),
  row('GET account/?op=list_authorisation_tokens', 'user', '200', { shows: '[<listed-key>]' }),
  row('POST account/?op=update_token_name', 'user', '200', {
    ...{ form: { token: '{key.token_key}', name: '{walk} too' }, shows: 'null', needs: 'token' },
  }),
  row('POST account/?op=delete_authorisation_token', 'user', '204', {
    ...{ form: { token_key: '{key.token_key}' }, status: 204, shows: 'empty', needs: 'token_key' },
  }),

  row(`POST ${KEYS}/sshkeys/`, 'user', '201 400', {
    ...{ form: { key: SSH_KEY }, status: 201, shows: '<sshkey>', keep: 'ssh', needs: 'key' },
  }),
  row(`GET ${KEYS}/sshkeys/`, 'user', '200', { shows: '[<sshkey>]' }),
  row(`GET ${KEYS}/sshkeys/?op=list`, 'user', '200', { shows: '[<sshkey>]', because: EARLY }),
  row(`GET ${KEYS}/sshkeys/{ssh.id}/`, 'user', '200 404', { shows: '<sshkey>' }),
  row(`DELETE ${KEYS}/sshkeys/{ssh.id}/`, 'user', '204 403 404'),
  row(`POST ${KEYS}/sshkeys/?op=import`, 'user', '200 400', {
    form: { keysource: 'gh:walk', key: SSH_KEY },
    ...{ shows: '[<sshkey>]', keep: 'imported', needs: 'keysource' },
  }),
  row(`POST ${KEYS}/sshkeys/{imported.0.id}/?op=delete`, 'user', '204 403 404', {
    ...{ status: 204, shows: 'empty', because: EARLY },
  }),
  row(`POST ${KEYS}/sshkeys/?op=new`, 'user', '201 400', {
    ...{ form: { key: SSH_KEY }, status: 201, shows: '<sshkey>', keep: 'ssh', because: EARLY },
  }),
  row(`DELETE ${KEYS}/sshkeys/{ssh.id}/`, 'user', '204 403 404'),

  row(`POST ${KEYS}/sslkeys/`, 'user', '201 400', {
    ...{ form: { key: CERTIFICATE }, status: 201, shows: '<sslkey>', keep: 'ssl', needs: 'key' },
  }),
  row(`GET ${KEYS}/sslkeys/`, 'user', '200', { shows: '[<sslkey>]' }),
  row(`GET ${KEYS}/sslkeys/?op=list`, 'user', '200', { shows: '[<sslkey>]', because: EARLY }),
  row(`GET ${KEYS}/sslkeys/{ssl.id}/`, 'user', '200 403 404', { shows: '<sslkey>' }),
  row(`DELETE ${KEYS}/sslkeys/{ssl.id}/`, 'user', '204 403 404'),
  row(`POST ${KEYS}/sslkeys/?op=new`, 'user', '201 400', {
    ...{ form: { key: CERTIFICATE }, status: 201, shows: '<sslkey>', keep: 'ssl', because: EARLY },
  }),
  row(`GET ${KEYS}/sslkeys/{ssl.id}/?op=delete`, 'user', '204 403 404', {
    ...{ status: 204, shows: 'empty', because: EARLY },
  }),

  row('GET events/?op=query&limit=5', 'user', '200 400', { shows: '<event-page>' }),
]

// The smaller things that operators keep (maas-api §9).
import { row, type Row } from './row.ts'

const MAKES = '200 400'
const SHOWS = '200 404'
const CHANGES = '200 400 404'
const EARLY = 'an early name of the restful call'
const FILE = 'a file is made with 201 (§4)'
const OBJECT = 'MAAS answers the object, as with every plain create (§4)'

const SCRIPT = '#!/bin/sh\ntrue\n'

export const OBJECTS: readonly Row[] = [
  row('POST zones/', 'admin', '204 400', {
    form: { name: '{walk}', description: 'größer & = 100 %+' },
    ...{ shows: '<zone>', keep: 'zone', needs: 'name', because: OBJECT },
  }),
  row('GET zones/', 'user', '200', { shows: '[<zone>]' }),
  row('GET zones/{zone.name}/', 'user', SHOWS, { shows: '<zone>' }),
  row('PUT zones/{zone.name}/', 'admin', SHOWS, {
    form: { description: 'größer & = 100 %+' },
    shows: '<zone>',
  }),
  row('DELETE zones/{zone.name}/', 'admin', '204'),

  row('POST resourcepools/', 'admin', MAKES, {
    ...{ form: { name: '{walk}' }, shows: '<resourcepool>', keep: 'pool', needs: 'name' },
  }),
  row('GET resourcepools/', 'user', '200', { shows: '[<resourcepool>]' }),
  row('GET resourcepool/{pool.id}/', 'user', SHOWS, { shows: '<resourcepool>' }),
  row('GET resourcepools/{pool.id}/', 'user', SHOWS, { shows: '<resourcepool>' }),
  row('PUT resourcepool/{pool.id}/', 'admin', CHANGES, {
    ...{ form: { description: 'größer & = 100 %+' }, shows: '<resourcepool>' },
  }),
  row('DELETE resourcepool/{pool.id}/', 'admin', '204'),

  row('POST package-repositories/', 'admin', MAKES, {
    form: { name: '{walk}', url: 'http://192.0.2.1/ubuntu', arches: 'amd64' },
    ...{ shows: '<package-repository>', keep: 'repository', needs: 'url' },
  }),
  row('GET package-repositories/', 'user', '200', { shows: '[<package-repository>]' }),
  row('GET package-repositories/{repository.id}/', 'user', SHOWS, {
    shows: '<package-repository>',
  }),
  row('PUT package-repositories/{repository.id}/', 'admin', CHANGES, {
    ...{ form: { enabled: 'false' }, shows: '<package-repository>' },
  }),
  row('DELETE package-repositories/{repository.id}/', 'admin', '204 404'),

  row('POST notifications/', 'admin', MAKES, {
    form: { message: 'größer & = 100 %+', context: '{"of":"the API"}', admins: 'true' },
    ...{ shows: '<notification>', keep: 'notification', needs: 'message' },
  }),
  row('GET notifications/', 'user', '200', { shows: '[<notification>]' }),
  row('GET notifications/{notification.id}/', 'user', '200 403 404', { shows: '<notification>' }),
  row('PUT notifications/{notification.id}/', 'admin', CHANGES, {
    ...{ form: { category: 'warning' }, shows: '<notification>' },
  }),
  row('POST notifications/{notification.id}/?op=dismiss', 'user', '200 403 404', {
    shows: 'null',
  }),
  row('DELETE notifications/{notification.id}/', 'admin', '204 404'),

  row('POST files/', 'user', '200 400', {
    form: { filename: '{walk}.txt', file: 'walked' },
    ...{ status: 201, shows: '<file>', keep: 'file', needs: 'filename', because: FILE },
  }),
  row('GET files/?prefix={walk}', 'user', '200', { shows: '[<file>]' }),
  row('GET files/?op=list&prefix={walk}', 'user', '200', { shows: '[<file>]', because: EARLY }),
  row('GET files/{file.filename}/', 'user', SHOWS, { shows: '<file-content>' }),
  row('GET files/?op=get&filename={file.filename}', 'user', '200 400 404', { shows: 'bytes' }),
  row('GET {file.anon_resource_uri}', 'anyone', '200 400 404', { shows: 'bytes' }),
  row('GET files/?op=get_by_key&key=none', 'anyone', '200 400 404', {
    ...{ status: 404, shows: 'text' },
  }),
  row('DELETE files/{file.filename}/', 'user', '204 404'),
  row('POST files/?op=add', 'user', '200 400', {
    form: { filename: '{walk}.txt', file: 'walked' },
    ...{ status: 201, shows: '<file>', because: EARLY },
  }),
  row('POST files/{file.filename}/?op=delete', 'user', '204 404', {
    ...{ status: 204, shows: 'empty', because: EARLY },
  }),
  row('POST files/', 'user', '200 400', {
    form: { filename: '{walk}.txt', file: 'walked' },
    ...{ status: 201, shows: '<file>', because: FILE },
  }),
  row('DELETE files/?filename={file.filename}', 'user', '204 404'),

  row('POST license-keys/', 'admin', MAKES, {
    form: { osystem: '{walk}', distro_series: 'one', license_key: 'A-B' },
    ...{ shows: '<license-key>', keep: 'license', needs: 'license_key' },
  }),
  row('GET license-keys/', 'admin', '200', { shows: '[<license-key>]' }),
  row('GET license-key/{license.osystem}/{license.distro_series}', 'admin', SHOWS, {
    shows: '<license-key>',
  }),
  row('PUT license-key/{license.osystem}/{license.distro_series}', 'admin', CHANGES, {
    ...{ form: { license_key: 'C-D' }, shows: '<license-key>' },
  }),
  row('DELETE license-key/{license.osystem}/{license.distro_series}', 'admin', '204 404'),

  row('POST scripts/', 'admin', MAKES, {
    form: { name: '{walk}-test', script: SCRIPT, type: 'testing', tags: 'walk' },
    ...{ shows: '<script>', keep: 'script', needs: 'name' },
  }),
  row('GET scripts/', 'user', '200 400', { shows: '[<script>]' }),
  row('GET scripts/{script.name}', 'user', SHOWS, { shows: '<script>' }),
  row('PUT scripts/{script.name}', 'admin', CHANGES, {
    ...{ form: { script: `${SCRIPT}true\n`, comment: 'again' }, shows: '<script>' },
  }),
  row('POST scripts/{script.name}?op=add_tag', 'admin', CHANGES, {
    ...{ form: { tag: 'more' }, shows: '<script>' },
  }),
  row('POST scripts/{script.name}?op=remove_tag', 'admin', SHOWS, {
    ...{ form: { tag: 'more' }, shows: '<script>' },
  }),
  row('GET scripts/{script.name}?op=download', 'user', CHANGES, { shows: 'bytes' }),
  row('POST scripts/{script.name}?op=revert', 'admin', CHANGES, {
    ...{ form: { to: '-1' }, shows: '<script>' },
  }),
  row('DELETE scripts/{script.name}', 'admin', '204 400 404'),

  row('POST commissioning-scripts/', 'admin', MAKES, {
    form: { name: '{walk}-probe', content: SCRIPT },
    ...{ shows: '<commissioning-script>', keep: 'probe' },
  }),
  row('GET commissioning-scripts/', 'admin', '200', { shows: '[str]' }),
  row('GET commissioning-scripts/{probe.name}', 'admin', '200', { shows: 'bytes' }),
  row('PUT commissioning-scripts/{probe.name}', 'admin', MAKES, {
    ...{ form: { content: SCRIPT }, shows: '<commissioning-script>' },
  }),
  row('DELETE commissioning-scripts/{probe.name}', 'admin', '204'),

  row('POST boot-sources/', 'admin', '201 400', {
    form: { url: 'http://192.0.2.1/{walk}/', keyring_filename: '/k.gpg' },
    ...{ status: 201, shows: '<boot-source>', keep: 'source', needs: 'url' },
  }),
  row('GET boot-sources/', 'admin', '200', { shows: '[<boot-source>]' }),
  row('GET boot-sources/{source.id}/', 'admin', SHOWS, { shows: '<boot-source>' }),
  row('PUT boot-sources/{source.id}/', 'admin', CHANGES, {
    ...{ form: { keyring_filename: '/l.gpg' }, shows: '<boot-source>' },
  }),
  row('POST boot-sources/{source.id}/selections/', 'admin', CHANGES, {
    form: { os: 'ubuntu', release: 'noble', arches: 'amd64' },
    ...{ shows: '<boot-source-selection>', keep: 'selection', needs: 'os' },
  }),
  row('GET boot-sources/{source.id}/selections/', 'admin', SHOWS, {
    shows: '[<boot-source-selection>]',
  }),
  row('GET boot-sources/{source.id}/selections/{selection.id}/', 'admin', SHOWS, {
    shows: '<boot-source-selection>',
  }),
  row('PUT boot-sources/{source.id}/selections/{selection.id}/', 'admin', CHANGES, {
    ...{ form: { arches: 'arm64' }, shows: '<boot-source-selection>' },
  }),
  row('DELETE boot-sources/{source.id}/selections/{selection.id}/', 'admin', '204 404'),
  row('DELETE boot-sources/{source.id}/', 'admin', '204 404'),

  row('POST dhcp-snippets/', 'admin', MAKES, {
    form: { name: '{walk}', value: 'default-lease-time 600;', enabled: 'false' },
    ...{ shows: '<dhcp-snippet>', keep: 'snippet', needs: 'value' },
  }),
  row('GET dhcp-snippets/', 'user', '200', { shows: '[<dhcp-snippet>]' }),
  row('GET dhcp-snippets/{snippet.id}/', 'user', SHOWS, { shows: '<dhcp-snippet>' }),
  row('PUT dhcp-snippets/{snippet.id}/', 'admin', CHANGES, {
    ...{ form: { value: 'default-lease-time 900;' }, shows: '<dhcp-snippet>' },
  }),
  row('POST dhcp-snippets/{snippet.id}/?op=revert', 'admin', CHANGES, {
    ...{ form: { to: '-1' }, shows: '<dhcp-snippet>', needs: 'to' },
  }),
  row('DELETE dhcp-snippets/{snippet.id}/', 'admin', '204 404'),
]

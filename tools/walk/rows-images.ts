// Images: boot resources, their upload and import, and which region has which file (maas-api §9).
import { row, type Row } from './row.ts'

const UPLOAD = 'a file that is gone is 404 (§4)'
const DIGEST = '2c158582949f34c9ef03daee0949fda374fcaa77dff2af611c96a027fbd30832'
const CONTENT = 'walked'

export const IMAGES: readonly Row[] = [
  row('POST boot-resources/', 'admin', '201 400', {
    form: {
      ...{ name: 'custom/{walk}', architecture: 'amd64/generic', title: 'größer & = 100 %+' },
      ...{ sha256: DIGEST, size: String(CONTENT.length), filetype: 'tgz' },
    },
    ...{ status: 201, shows: '<boot-resource-sets>', keep: 'image', needs: 'name' },
  }),
  row('PUT boot-resources/{image.id}/upload/{upload}/', 'admin', '200 400 403', {
    ...{ bytes: CONTENT, shows: 'text' },
  }),
  row('PUT boot-resources/{image.id}/upload/0/', 'admin', '200 400 403', {
    ...{ bytes: CONTENT, status: 404, shows: 'text', because: UPLOAD },
  }),
  row('GET boot-resources/?type=uploaded', 'user', '200 400', { shows: '[<boot-resource>]' }),
  row('GET boot-resources/{image.id}/', 'user', '200 404', { shows: '<boot-resource-sets>' }),
  row('POST boot-resources/?op=import', 'admin', '200', { shows: 'text', disposable: true }),
  row('GET boot-resources/?op=is_importing', 'user', '200', { shows: 'bool' }),
  row('POST boot-resources/?op=stop_import', 'admin', '200', { shows: 'text', disposable: true }),
  row('GET images-sync-progress/?sources=true', 'admin', '200', { shows: 'obj' }),
  row('POST images-sync-progress/', 'admin', '200', { shows: 'text' }),
  row('PUT images-sync-progress/0/{region}/', 'admin', '200', { shows: 'text' }),
  row('GET images-sync-progress/0/{region}/', 'admin', '200', {
    ...{ status: 404, shows: 'text', because: UPLOAD },
  }),
  row('DELETE boot-resources/{image.id}/', 'admin', '204 404'),
]

// boot-resources/: images by MAAS's API: listed, uploaded whole or in pieces, deleted, and their import from boot sources.
// Pieces of one upload are all on one region's disk: another region hands them on to it.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { BootFileKind, BootResource } from '#model/boot.ts'
import type { BootResourceId, SystemId } from '#model/ids.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, text as answerText, type Answer, type Call } from '../call.ts'
import { fieldError, notFound, Rejection } from '../errors.ts'
import { choice, custom, integer, text } from '../params.ts'
import { renderBootResource, renderWithSets, type Received } from '../render/boot-resource.ts'
import {
  create,
  operation,
  read,
  remove,
  taking,
  takingNothing,
  update,
  type Resource,
} from '../resource.ts'
import { parseId } from '../specifiers.ts'
import { handOn } from './hand-on.ts'

const MODEL = 'BootResource'
/** 16 GiB. */
const SIZE_MAX = 16 * 2 ** 30

/** What clients call the ways an image is packed, and the kind of file it makes. */
const FILE_TYPES = {
  ...{ tgz: 'root-tgz', tbz: 'root-tbz', txz: 'root-txz', squashfs: 'squashfs' },
  ...{ ddtgz: 'root-dd', ddtbz: 'root-dd.tar.bz2', ddtxz: 'root-dd.tar.xz' },
  ...{ ddtar: 'root-dd.tar', ddbz2: 'root-dd.bz2', ddgz: 'root-dd.gz', ddxz: 'root-dd.xz' },
  ddraw: 'root-dd.raw',
} as const satisfies Readonly<Record<string, BootFileKind>>
type FileType = keyof typeof FILE_TYPES

const LISTED = {
  type: choice('Only those of this type.', ['synced', 'generated', 'uploaded']),
}
const UPLOAD = {
  name: text('Name of the image: os/series, custom/NAME, or NAME for the latter.', {
    ...{ required: true, max: 129, pattern: /^[\w.-]{1,64}(?:\/[\w.-]{1,64})?$/ },
  }),
  architecture: text('Architecture, such as amd64/generic.', {
    ...{ required: true, max: 65, pattern: /^[\w.-]{1,32}(?:\/[\w.-]{1,32})?$/ },
  }),
  sha256: text('SHA-256 of the content, needed without it.', { pattern: /^[0-9a-f]{64}$/i }),
  size: integer('Bytes of the content, needed without it.', { min: 1, max: SIZE_MAX }),
  title: text('Title of the image.'),
  filetype: choice('How it is packed; tgz by default.', Object.keys(FILE_TYPES) as FileType[]),
  base_image: text('Release that a custom image was made from, os/series.', {
    ...{ max: 129, pattern: /^[\w.-]{1,64}\/[\w.-]{1,64}$/ },
  }),
  content: custom<Buffer>(
    'The image itself, a file part; longer ones than 32 MiB are sent in pieces.',
    { type: 'string', format: 'binary' },
    (form, name) => (form.input.has(name) ? form.input.bytes(name) : undefined),
  ),
}

function resourceOf(state: RegionState, call: Call): BootResource {
  const row = state.bootResources.get((parseId(call.param('id')) ?? -1) as BootResourceId)
  if (row === undefined) throw notFound(MODEL)
  return row
}

/** Exact for uploads at this region. */
async function receivedHere(state: RegionState, call: Call): Promise<Received> {
  const here = new Map<number, number>()
  for (const { id, regionId } of state.bootUploads.values()) {
    if (regionId === call.region.nodeId) here.set(id, await call.images.uploads.received(id))
  }
  return ({ id, receivedBytes }) => Math.max(receivedBytes, here.get(id) ?? 0)
}

async function shown(call: Call, id: BootResourceId, status = 200): Promise<Answer> {
  const state = call.after()
  const received = await receivedHere(state, call)
  const row = state.bootResources.get(id)
  if (row === undefined) throw notFound(MODEL)
  return json(renderWithSets(state, row, received), status)
}

const listResources = taking(
  LISTED,
  (run) => read('user', 'List the images.', run),
  async (call, { type }) => {
    const { bootResources } = await call.state()
    const wanted = [...bootResources.values()].filter(
      (row) => type === undefined || row.type.toLowerCase() === type,
    )
    return jsonList(wanted, renderBootResource)
  },
)

const upload = taking(
  UPLOAD,
  (run) => create('admin', 'Upload an image, or begin to.', run),
  async (call, values) => {
    const { content, name = '', architecture = '', title = '', base_image = '' } = values
    const given = await contentOf(call, values)
    const { id, uploadId } = await call.propose({
      ...{ type: 'bootUpload.begin', title, baseImage: base_image, ...given },
      name: name.includes('/') ? name : `custom/${name}`,
      architecture: architecture.includes('/') ? architecture : `${architecture}/generic`,
      kind: FILE_TYPES[values.filetype ?? 'tgz'],
      version: nextVersion(call),
    })
    // Not there: the regions had these bytes already.
    if (content !== undefined && call.after().bootUploads.has(uploadId)) {
      const regionId = call.region.nodeId as SystemId
      await call.propose({ type: 'bootUpload.finish', id: uploadId, regionId })
    }
    return shown(call, id, 201)
  },
)

/** Stored, when it came with the form; checked against what the form says of it. */
async function contentOf(
  call: Call,
  values: { readonly content?: Buffer; readonly sha256?: string; readonly size?: number },
): Promise<{ readonly sha256: string; readonly sizeBytes: number }> {
  const { content, size } = values
  const sha256 = values.sha256?.toLowerCase()
  if (content === undefined) {
    if (sha256 === undefined || sha256 === '') throw fieldError('sha256', REQUIRED)
    if (size === undefined) throw fieldError('size', REQUIRED)
    return { sha256, sizeBytes: size }
  }
  const digest = createHash('sha256').update(content).digest('hex')
  if (content.length === 0) throw fieldError('content', 'The submitted file is empty.')
  if (sha256 !== undefined && sha256 !== digest) {
    throw fieldError('sha256', 'The content has another SHA-256.')
  }
  if (size !== undefined && size !== content.length) {
    throw fieldError('size', 'The content has another size.')
  }
  await call.images.files.put(digest, Readable.from([content]), content.length)
  return { sha256: digest, sizeBytes: content.length }
}

const REQUIRED = 'This field is required.'

/** Of this second; sorts after those before it. */
function nextVersion(call: Call): string {
  const text = new Date(call.images.wallMs()).toISOString().replaceAll(/[-:]/g, '')
  return text.slice(0, 15).replace('T', '.')
}

const takePiece = takingNothing(
  update('admin', 'Send the next piece of an upload, 4 MiB at most.', async (call) => {
    const state = await call.state()
    const { id: resourceId } = resourceOf(state, call)
    const id = parseId(call.param('file_id')) ?? -1
    const row = state.bootUploads.get(id)
    if (row?.resourceId !== resourceId) throw notFound('BootResourceFile')
    if (call.bytes.length === 0) throw new Rejection('BAD_REQUEST', 'No data was received.')
    if (row.regionId !== null && row.regionId !== call.region.nodeId) {
      return handOn(call, row.regionId)
    }
    await call.images.uploads.take(id, call.bytes, offsetOf(call))
    return answerText('OK')
  }),
)

/** Of `Content-Range: bytes A-B/SIZE` (RFC 9110 §14.4); null without: the piece follows the one before. */
function offsetOf(call: Call): number | null {
  const header = call.header('content-range')
  if (header === '') return null
  const [, start, end] = /^bytes (\d{1,15})-(\d{1,15})\/(?:\d{1,15}|\*)$/.exec(header) ?? []
  const at = Number(start)
  if (start !== undefined && Number(end) - at + 1 === call.bytes.length) return at
  throw new Rejection('BAD_REQUEST', 'Content-Range is not that of the piece.')
}

const startImport = operation(
  ...(['POST', 'import'] as const),
  { access: 'admin', doc: 'Import the images that are selected from the boot sources.' },
  async (call) => {
    await call.propose({ type: 'imageImport.start' })
    return answerText('Import of boot resources started')
  },
)

const stopImport = operation(
  ...(['POST', 'stop_import'] as const),
  { access: 'admin', doc: 'Stop the import that is under way.' },
  async (call) => {
    await call.propose({ type: 'imageImport.stop' })
    return answerText('Import of boot resources is being stopped')
  },
)

const isImporting = operation(
  ...(['GET', 'is_importing'] as const),
  { doc: 'Show whether images are being imported.' },
  async (call) => {
    const status = (await call.state()).imageImports.get('import')?.status
    return json(status === 'wanted' || status === 'running')
  },
)

export const BOOT_RESOURCES: readonly Resource[] = [
  {
    ...{ name: 'BootResourcesHandler', path: 'boot-resources/', body: 'large' },
    doc: 'Manage the images.',
    actions: [
      ...[listResources, upload],
      ...[takingNothing(startImport), takingNothing(stopImport), isImporting],
    ],
  },
  {
    ...{ name: 'BootResourceHandler', path: 'boot-resources/{id}/' },
    doc: 'Manage one image.',
    actions: [
      read('user', 'Show an image with its files.', async (call) =>
        shown(call, resourceOf(await call.state(), call).id),
      ),
      remove('admin', 'Delete an image.', async (call) => {
        const { id } = resourceOf(await call.state(), call)
        await call.propose({ type: 'bootResource.delete', id })
        return NO_CONTENT
      }),
    ],
  },
  {
    ...{ name: 'BootResourceFileUploadHandler', body: 'bytes' },
    path: 'boot-resources/{id}/upload/{file_id}/',
    doc: 'Send the content of an image.',
    actions: [takePiece],
  },
]

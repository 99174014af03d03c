// files/: small files of users (Juju keeps its state in them). Each user sees only the own ones; who knows the
// key of a file may read it without signing in.
import type { UserId } from '#model/ids.ts'
import type { StoredFile } from '#model/objects.ts'
import type { RegionState } from '#state/state.ts'
import { bytes, json, NO_CONTENT, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { custom, text } from '../params.ts'
import { renderFile } from '../render/objects.ts'
import { create, operation, read, remove, taking, type Resource } from '../resource.ts'

const MODEL = 'FileStorage'
/** 24 characters of a 32-letter alphabet: 120 bits. */
const KEY_ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'
const KEY_CHARACTERS = 24

const FILENAME = text('Name of the file.', { required: true, max: 255 })
const named = { filename: FILENAME }
const uploaded = {
  ...named,
  file: custom<Buffer>(
    'The content, a file part; 384 KiB at most.',
    { type: 'string', format: 'binary' },
    (form, name) => form.input.bytes(name),
  ),
}

const PREFIX = { prefix: text('Only those whose names begin so.') }

function fileOf(state: RegionState, userId: UserId, filename: string): StoredFile {
  const file = state.storedFilesByName.first(`${userId}/${filename}`)
  if (file === undefined) throw notFound(MODEL)
  return file
}

function contentOf(file: StoredFile) {
  return bytes(Buffer.from(file.content, 'base64'))
}

async function listFiles(call: Call) {
  const state = await call.state()
  const prefix = call.input.text('prefix') ?? ''
  const own = [...state.storedFiles.values()].filter(
    ({ ownerId, filename }) => ownerId === call.user.id && filename.startsWith(prefix),
  )
  return json(own.toSorted((a, b) => (a.filename < b.filename ? -1 : 1)).map(renderFile))
}

async function deleteFile(call: Call, filename: string) {
  await call.propose({ type: 'file.delete', ownerId: call.user.id, filename })
  return NO_CONTENT
}

function newKey(call: Call): string {
  const letter = () => KEY_ALPHABET.charAt(call.random.integer(KEY_ALPHABET.length))
  return Array.from({ length: KEY_CHARACTERS }, letter).join('')
}

export const FILES: readonly Resource[] = [
  {
    name: 'FilesHandler',
    anonName: 'AnonFilesHandler',
    path: 'files/',
    doc: 'Manage your files.',
    actions: [
      taking(PREFIX, (run) => read('user', 'List your files.', run), listFiles),
      taking(
        uploaded,
        (run) => create('user', 'Store a file.', run),
        async (call, { filename = '', file = Buffer.alloc(0) }) => {
          call.input.mandatory('file')
          const ownerId = call.user.id
          const content = file.toString('base64')
          await call.propose({ type: 'file.put', ownerId, filename, key: newKey(call), content })
          return json(renderFile(fileOf(call.after(), ownerId, filename)), 201)
        },
      ),
      taking(
        named,
        (run) => remove('user', 'Delete a file of yours.', run),
        (call, { filename = '' }) => deleteFile(call, filename),
      ),
      taking(
        named,
        (run) => operation('GET', 'get', { doc: 'Show the content of a file of yours.' }, run),
        async (call, { filename = '' }) =>
          contentOf(fileOf(await call.state(), call.user.id, filename)),
      ),
      taking(
        { key: text('Key of the file.', { required: true }) },
        (run) => {
          const doc = 'Show the content of the file with this key.'
          return operation('GET', 'get_by_key', { access: 'anyone', doc }, run)
        },
        async (call, { key = '' }) => {
          const file = (await call.state()).storedFilesByKey.first(key)
          if (file === undefined) throw notFound(MODEL)
          return contentOf(file)
        },
      ),
    ],
  },
  {
    name: 'FileHandler',
    path: 'files/{filename}/',
    doc: 'Manage one file of yours.',
    actions: [
      read('user', 'Show a file with its content.', async (call) => {
        const file = fileOf(await call.state(), call.user.id, call.param('filename'))
        return json({ ...renderFile(file), content: file.content })
      }),
      remove('user', 'Delete a file.', (call) => deleteFile(call, call.param('filename'))),
    ],
  },
]

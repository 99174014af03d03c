// boot-sources/ and their selections: which images a region would mirror from where. Kept as data.
import type { BootSourceSelection } from '#model/objects.ts'
import type { RegionState } from '#state/state.ts'
import type { Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { objectRoutes } from '../object-routes.ts'
import { custom, list, text } from '../params.ts'
import { renderBootSource, renderSelection } from '../render/objects.ts'
import type { Resource } from '../resource.ts'
import { present } from './fabrics.ts'
import { parseId } from '../specifiers.ts'

const KEYRING_CHARACTERS_MAX = 256 << 10
const URL_TEXT = /^https?:\/\/[^\s/?#]+(?:[/?#]\S*)?$/i

export const BOOT_SOURCES: readonly Resource[] = objectRoutes({
  ...{ table: 'bootSources', model: 'BootSource', readers: 'admin', createdStatus: 201 },
  words: ['boot source', 'boot sources'],
  names: ['BootSourcesHandler', 'BootSourceHandler'],
  paths: ['boot-sources/', 'boot-sources/{id}/'],
  params: {
    url: text('Address of the simplestreams index.', {
      ...{ required: true, max: 2_048, pattern: URL_TEXT, message: 'Enter a valid URL.' },
    }),
    keyring_filename: text('Keyring on the region’s disk.', { max: 4_096 }),
    keyring_data: custom<string>(
      'The keyring itself, a file part.',
      { type: 'string', format: 'binary', maxLength: KEYRING_CHARACTERS_MAX },
      (form, name) => {
        const bytes = form.input.bytes(name)
        if (bytes === undefined) return undefined
        const data = bytes.toString('base64')
        if (data.length <= KEYRING_CHARACTERS_MAX) return data
        return form.report(name, 'The keyring is too large.')
      },
    ),
  },
  standard: { url: '', keyringFilename: '', keyringData: '' },
  fieldsOf: (values) =>
    present({
      url: values.url,
      keyringFilename: values.keyring_filename,
      keyringData: values.keyring_data,
    }),
  render: (_state, row) => renderBootSource(row),
})

function sourceIdOf(state: RegionState, call: Call): number {
  const id = parseId(call.param('boot_source_id'))
  if (id === null || !state.bootSources.has(id)) throw notFound('BootSource')
  return id
}

const STANDARD: Omit<BootSourceSelection, 'id'> = {
  ...{ bootSourceId: 0, os: '', release: '', arches: ['*'], subarches: ['*'], labels: ['*'] },
}
const WORD = /^(?:\*|[\w.+-]{1,64})$/

export const BOOT_SOURCE_SELECTIONS: readonly Resource[] = objectRoutes({
  ...{ table: 'bootSourceSelections', model: 'BootSourceSelection', readers: 'admin' },
  words: ['selection of a boot source', 'selections of a boot source'],
  names: ['BootSourceSelectionsHandler', 'BootSourceSelectionHandler'],
  paths: [
    'boot-sources/{boot_source_id}/selections/',
    'boot-sources/{boot_source_id}/selections/{id}/',
  ],
  params: {
    os: text('Operating system.', { required: true, max: 64, pattern: WORD }),
    release: text('Release of it.', { required: true, max: 64, pattern: WORD }),
    arches: list('Architectures; * for all.', { pattern: WORD }),
    subarches: list('Sub-architectures; * for all.', { pattern: WORD }),
    labels: list('Labels; * for all.', { pattern: WORD }),
  },
  standard: STANDARD,
  fieldsOf: (values, call, state) => ({
    ...present({ os: values.os, release: values.release }),
    ...present({ arches: values.arches, subarches: values.subarches, labels: values.labels }),
    bootSourceId: sourceIdOf(state, call),
  }),
  find: (state, call) => {
    const row = state.bootSourceSelections.get(parseId(call.param('id')) ?? -1)
    return row?.bootSourceId === sourceIdOf(state, call) ? row : undefined
  },
  scope: (state, call) => void sourceIdOf(state, call),
  listed: (row, call) => String(row.bootSourceId) === call.param('boot_source_id'),
  render: (_state, row) => renderSelection(row),
})

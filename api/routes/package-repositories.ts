// package-repositories/: where deployed machines get their packages.
import type { PackageRepository } from '#model/objects.ts'
import { objectRoutes } from '../object-routes.ts'
import { custom, flag, list, longText, text } from '../params.ts'
import { renderPackageRepository } from '../render/objects.ts'
import type { Resource } from '../resource.ts'
import { present } from './fabrics.ts'

const POCKETS = ['updates', 'security', 'backports']
const COMPONENTS = ['restricted', 'universe', 'multiverse']
const ARCHES = ['amd64', 'i386', 'armhf', 'arm64', 'ppc64el', 's390x']
const URL_TEXT = /^(?:(?:https?|ftp):\/\/[^\s/?#]+(?:[/?#]\S*)?|ppa:[\w.+-]+\/[\w.+-]+)$/i

const someOf = (doc: string, choices: readonly string[]) =>
  custom<readonly string[]>(
    doc,
    { type: 'array', items: { type: 'string', enum: choices }, maxItems: choices.length },
    (form, name) => {
      if (!form.input.has(name)) return undefined
      const values = [...new Set(form.input.list(name))]
      const bad = values.find((value) => !choices.includes(value))
      if (bad === undefined) return values
      return form.report(name, `'${bad.slice(0, 64)}' is not one of ${choices.join(', ')}.`)
    },
  )

const params = {
  name: text('Name, unique.', { required: true, max: 41 }),
  url: text('Address of the archive, or a PPA.', {
    ...{ required: true, max: 2_048, pattern: URL_TEXT, message: 'Enter a valid URL.' },
  }),
  distributions: list('Distributions; none: the release being deployed.'),
  disabled_pockets: someOf('Pockets of the Ubuntu archive that are left out.', POCKETS),
  disabled_components: someOf('Components of the Ubuntu archive that are left out.', COMPONENTS),
  components: list('Components of an archive that is not Ubuntu’s.'),
  arches: someOf('Architectures; none: amd64 and i386.', ARCHES),
  key: longText('Public key in ASCII armour.', { max: 64 << 10 }),
  disable_sources: flag('Leave deb-src out.'),
  enabled: flag('Whether machines are told of it.'),
}

const standard: Omit<PackageRepository, 'id'> = {
  ...{ name: '', url: '', distributions: [], disabledPockets: [], disabledComponents: [] },
  ...{ disableSources: true, components: [], arches: ['amd64', 'i386'], key: '', enabled: true },
}

export const PACKAGE_REPOSITORIES: readonly Resource[] = objectRoutes({
  ...{
    table: 'packageRepositories',
    model: 'PackageRepository',
    readers: 'user',
    params,
    standard,
  },
  words: ['package repository', 'package repositories'],
  names: ['PackageRepositoriesHandler', 'PackageRepositoryHandler'],
  paths: ['package-repositories/', 'package-repositories/{id}/'],
  fieldsOf: (values) =>
    present({
      name: values.name,
      url: values.url,
      distributions: values.distributions,
      disabledPockets: values.disabled_pockets,
      disabledComponents: values.disabled_components,
      components: values.components,
      arches: values.arches?.length === 0 ? ['amd64', 'i386'] : values.arches,
      key: values.key,
      disableSources: values.disable_sources,
      enabled: values.enabled,
    }),
  render: (_state, row) => renderPackageRepository(row),
})

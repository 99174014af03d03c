// license-keys/ and license-key/: keys of operating systems that need one.
import { objectsOf } from '#state/object-query.ts'
import { json } from '../call.ts'
import { objectRoutes, renderAfter, rowOf } from '../object-routes.ts'
import { text } from '../params.ts'
import { renderLicenseKey } from '../render/objects.ts'
import { taking, update, type Resource } from '../resource.ts'
import { present } from './fabrics.ts'
import type { RegionState } from '#state/state.ts'
import type { Call } from '../call.ts'

const NAME = { required: true, max: 64, pattern: /^[\w.-]+$/ }
const LICENSE = text('The key.', { required: true })
const params = {
  osystem: text('Operating system, such as windows.', NAME),
  distro_series: text('Release of it.', NAME),
  license_key: LICENSE,
}

const find = (state: RegionState, call: Call) =>
  objectsOf(state, 'licenseKeys').find(
    ({ osystem, distroSeries }) =>
      osystem === call.param('osystem') && distroSeries === call.param('distro_series'),
  )

const ROUTES = {
  ...{ table: 'licenseKeys' as const, model: 'LicenseKey', readers: 'admin' as const, params },
  words: ['license key', 'license keys'] as const,
  names: ['LicenseKeysHandler', 'LicenseKeyHandler'] as const,
  paths: ['license-keys/', 'license-key/{osystem}/{distro_series}'] as const,
  standard: { osystem: '', distroSeries: '', licenseKey: '' },
  find,
  render: (_state: RegionState, row: Parameters<typeof renderLicenseKey>[0]) =>
    renderLicenseKey(row),
}

const [LIST, ONE] = objectRoutes({
  ...ROUTES,
  fieldsOf: (values) =>
    present({
      osystem: values.osystem,
      distroSeries: values.distro_series,
      licenseKey: values.license_key,
    }),
})

/** What the path names does not change. */
const CHANGE = taking(
  { license_key: LICENSE },
  (run) => update('admin', 'Change one license key.', run),
  async (call, { license_key: licenseKey }) => {
    const { id } = rowOf(ROUTES, await call.state(), call)
    const set = present({ licenseKey })
    await call.propose({ type: 'object.update', table: 'licenseKeys', id, set })
    return json(renderAfter(ROUTES, call, id))
  },
)

export const LICENSE_KEYS: readonly Resource[] =
  LIST === undefined || ONE === undefined
    ? []
    : [
        LIST,
        {
          ...ONE,
          actions: ONE.actions.map((action) => (action.name === 'update' ? CHANGE : action)),
        },
      ]

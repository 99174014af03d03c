// Paths of the metadata service (maas-api §11). cloud-init joins with a slash too many, and the versions are one.
import { parseSystemId, type SystemId } from '#model/ids.ts'

const ROOT = '/maas/metadata'
const VERSIONS: ReadonlySet<string> = new Set(['latest', '2012-03-01'])

/** `curtin`: while installing; `enlist`: of a machine that nobody knows. */
export type Place = 'plain' | 'curtin' | 'enlist'

export type MetadataPath =
  | { readonly kind: 'versions'; readonly place: Place }
  /** Below a version: `''`, `meta-data`, `meta-data/instance-id`, `user-data` … */
  | { readonly kind: 'document'; readonly place: Place; readonly name: string }
  | { readonly kind: 'byId'; readonly systemId: SystemId }
  | { readonly kind: 'enlistPreseed' }
  | { readonly kind: 'status'; readonly systemId: SystemId }

export function isMetadataPath(path: string): boolean {
  const normal = path.replaceAll(/\/{2,}/g, '/').toLowerCase()
  return normal === ROOT || normal.startsWith(`${ROOT}/`)
}

/** Undefined: there is no such document. */
export function parseMetadataPath(path: string): MetadataPath | undefined {
  const [, , ...parts] = path.split('/').filter((part) => part !== '')
  const [first = ''] = parts
  if (first === 'status' && parts.length === 2) return withId('status', parts[1])
  const place = first === 'curtin' || first === 'enlist' ? first : 'plain'
  const [version, ...rest] = place === 'plain' ? parts : parts.slice(1)
  if (version === undefined) return { kind: 'versions', place }
  if (!VERSIONS.has(version)) return undefined
  const [what, id, ...more] = rest
  if (place === 'plain' && what === 'by-id' && more.length === 0) return withId('byId', id)
  if (place === 'plain' && what === 'enlist-preseed' && id === undefined) {
    return { kind: 'enlistPreseed' }
  }
  return { kind: 'document', place, name: rest.join('/') }
}

function withId(kind: 'byId' | 'status', text: string | undefined): MetadataPath | undefined {
  const systemId = text === undefined ? undefined : parseSystemId(text)
  return systemId === undefined ? undefined : { kind, systemId }
}

// The describe document (maas-api §6): MAAS's CLI builds its commands from it. Made from the same resources
// that the router serves. Its hash leaves the host part out and is therefore equal on all regions.
import { createHash } from 'node:crypto'
import { API_ROOT } from './render/names.ts'
import type { Params } from './params.ts'
import type { Action, Resource } from './resource.ts'

export type Description = {
  /** SHA-1 (hex), the value of X-MAAS-API-Hash. */
  readonly hash: string
  /** The document for clients that know the region as `origin` (`http://host:port`). */
  readonly documentFor: (origin: string) => string
}

export function describe(resources: readonly Resource[]): Description {
  const described = resources.map(describeResource)
  const hash = createHash('sha1').update(JSON.stringify(described)).digest('hex')
  const documentFor = (origin: string): string =>
    JSON.stringify({
      doc: 'MAAS API',
      hash,
      resources: described.map(({ name, anon, auth }) => ({
        name,
        anon: withUri(anon, origin),
        auth: withUri(auth, origin),
      })),
    })
  return { hash, documentFor }
}

type Half = ReturnType<typeof describeHalf>

function withUri(half: Half | null, origin: string) {
  return half === null ? null : { ...half, uri: `${origin}${half.path}` }
}

function describeResource(resource: Resource) {
  const open = resource.actions.filter(({ access }) => access === 'anyone')
  const signed = resource.actions.length > open.length
  return {
    name: resource.name,
    anon: open.length === 0 ? null : describeHalf(resource, anonNameOf(resource), open),
    auth: signed ? describeHalf(resource, resource.name, resource.actions) : null,
  }
}

/** The first line is the CLI's help, the rest what `--help` shows. It takes `name=value` only of what has a `:param`. */
function withParams(doc: string, params: Params): string {
  const lines = Object.entries(params).map(
    ([name, param]) => `:param ${name}: ${param.required ? 'Required' : 'Optional'}. ${param.doc}`,
  )
  return lines.length === 0 ? doc : `${doc}\n\n${lines.join('\n')}`
}

function anonNameOf({ name, anonName }: Resource): string {
  return anonName ?? `Anon${name}`
}

function describeHalf(resource: Resource, name: string, actions: readonly Action[]) {
  return {
    name,
    doc: resource.doc,
    path: `${API_ROOT}${resource.path}`,
    params: [...resource.path.matchAll(/\{(\w+)\}/g)].map(([, param]) => param ?? ''),
    actions: actions.map(({ name: action, method, op, doc, params }) => ({
      name: action,
      method,
      op,
      restful: op === null,
      doc: params === undefined ? doc : withParams(doc, params),
    })),
  }
}

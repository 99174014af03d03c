// The import table of the architecture: which folder may import what. The longest matching folder decides.
import type { Import, SourceFile } from './source-file.ts'

type Rule = {
  /** Folders (ending in `/`), files, packages or `node:` names; `node:` alone allows all of Node's. */
  readonly may: readonly string[]
  /** Only as `import type`. */
  readonly mayTypes?: readonly string[]
}

const CLUSTER = ['model', 'raft', 'state', 'protocol', 'platform', 'storage', 'transport', 'node']
const STATE_DOORS = [
  ...['command', 'outcome', 'query', 'query-dns', 'settings', 'subnet-usage', 'object-query'],
  ...['config-keys', 'explain-address', 'event-feed', 'choose-machine', 'interface-query'],
  ...['storage-parts', 'storage-query', 'storage-sizes', 'script-query', 'boot-image'],
  'rack-places',
]
const ASSERT = 'node:assert/strict'
const MODEL = 'cluster/model/'
const PROTOCOL = 'cluster/protocol/'
const PLATFORM = 'cluster/platform/'

/** Parts of a rack: they know the view and the link by type, and never one another. */
const rackPart = (folder: string, ...more: readonly string[]): [string, Rule] => [
  `rack/${folder}/`,
  {
    may: [`rack/${folder}/`, 'rack/net/', MODEL, PROTOCOL, PLATFORM, 'node:', ...more],
    mayTypes: ['rack/view.ts', 'rack/region-link.ts', 'rack/boot-events.ts'],
  },
]

export const IMPORT_RULES: Readonly<Record<string, Rule>> = {
  'cluster/raft/': { may: ['cluster/raft/', ASSERT] },
  'cluster/model/': { may: [MODEL, ASSERT] },
  'cluster/state/': { may: ['cluster/state/', MODEL, ASSERT] },
  'cluster/protocol/': {
    // Bytes, hashes and the pairing of a stream with frames; no sockets or files of its own.
    may: [PROTOCOL, MODEL, ASSERT, 'node:crypto'],
    mayTypes: ['cluster/raft/', 'cluster/state/', 'node:stream'],
  },
  'cluster/platform/': { may: [PLATFORM, MODEL, 'node:'] },
  'cluster/storage/': {
    may: ['cluster/storage/', MODEL, 'cluster/protocol/codec.ts', 'node:'],
    mayTypes: ['cluster/raft/'],
  },
  'cluster/transport/': {
    // Whoever dials for a certificate, region or rack, dials the same way.
    may: ['cluster/transport/', PROTOCOL, MODEL, 'cluster/platform/tls-client.ts', 'node:'],
  },
  'cluster/node/': { may: [...CLUSTER.map((name) => `cluster/${name}/`), 'node:'] },
  'rack/': { may: ['rack/', MODEL, PROTOCOL, PLATFORM, 'node:'] },
  ...Object.fromEntries([
    ['rack/net/', { may: ['rack/net/', MODEL, 'node:'] }],
    rackPart('dhcp'),
    rackPart('tftp'),
    rackPart('http'),
    rackPart('dns'),
    rackPart('power'),
    rackPart('ra'),
  ]),
  'api/': {
    may: [
      ...['api/', MODEL, PLATFORM, 'node:'],
      // Words, and selectors that only read.
      ...STATE_DOORS.map((name) => `cluster/state/${name}.ts`),
    ],
    mayTypes: [
      ...['cluster/node/region.ts', 'cluster/node/boot-files.ts'],
      // The port hands out the tables themselves.
      ...['cluster/state/state.ts', 'cluster/state/tables.ts', 'cluster/state/object-commands.ts'],
      'cluster/state/machine-commands.ts',
    ],
  },
  'tools/': {
    // `ironraft chaos` starts the harness through its door; what it refuses has a class of its own.
    may: [
      ...['tools/', 'api/', 'rack/', 'cluster/', 'node:'],
      ...['jepsen-like/main.ts', 'jepsen-like/selection.ts', 'jepsen-like/own-network.ts'],
    ],
  },
  'test/': { may: [''] },
  'jepsen-like/': { may: ['jepsen-like/', MODEL, 'tools/client.ts', 'node:'] },
}

/** Package → the files that may touch it; everywhere else goes through them. Types of packages count too. */
export const PACKAGE_DOORS: Readonly<Record<string, readonly string[]>> = {
  '@koa/bodyparser': ['api/'],
  '@koa/router': ['api/', 'rack/http/'],
  '@xmldom/xmldom': ['api/tag-matcher.ts'],
  '@peculiar/x509': ['cluster/transport/pki.ts', 'rack/certificate-request.ts'],
  'reflect-metadata': ['cluster/transport/pki.ts', 'rack/certificate-request.ts'],
  busboy: ['api/multipart.ts'],
  dhcp: ['rack/dhcp/codec.ts'],
  koa: ['api/', 'rack/http/'],
  koffi: ['rack/net/koffi-calls.ts'],
  level: ['cluster/storage/level-database.ts', 'rack/journal.ts'],
  msgpackr: ['cluster/protocol/codec.ts'],
  openpgp: ['cluster/node/images/signed-text.ts'],
  'prom-client': ['cluster/platform/metrics.ts'],
  zod: ['api/'],
}

/** One sentence for each forbidden import of the file. */
export function forbiddenImports(file: SourceFile): readonly string[] {
  const folder = Object.keys(IMPORT_RULES)
    .filter((name) => file.path.startsWith(name))
    .toSorted((a, b) => b.length - a.length)[0]
  const rule = folder === undefined ? undefined : IMPORT_RULES[folder]
  if (rule === undefined) return [`${file.path}: its folder has no import rule`]
  return file.imports
    .filter((one) => !isAllowed(file.path, one, rule))
    .map((one) => {
      const asType = isAllowed(file.path, { ...one, typeOnly: true }, rule)
      const why = asType ? ' (only as a type)' : ''
      return `${file.path}: may not import ${one.specifier}${why}`
    })
}

function isAllowed(path: string, one: Import, rule: Rule): boolean {
  if (path.startsWith('test/')) return true
  const doors = PACKAGE_DOORS[packageOf(one.target)]
  if (doors !== undefined) return doors.some((door) => path.startsWith(door))
  const may = one.typeOnly ? [...rule.may, ...(rule.mayTypes ?? [])] : rule.may
  return may.some((prefix) => one.target.startsWith(prefix))
}

function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/')
}

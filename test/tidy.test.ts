// Style as a test (CONTRIBUTING.md): what we agreed on and a machine can see. oxlint and biome check the rest; a
// rule is in one place only, but for the import table, which oxlint cannot resolve.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ERROR_CODES } from '#model/errors.ts'
import { forbiddenImports } from './support/tidy/import-rules.ts'
import { parseSource, readSource } from './support/tidy/source-file.ts'
import {
  bannedCalls,
  bareTodos,
  forbiddenExports,
  missingHead,
  tooLong,
  tooWide,
} from './support/tidy/text-rules.ts'
import { staleExcuses, unimported, untested, unusedExports } from './support/tidy/tree-rules.ts'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['cluster', 'rack', 'api', 'tools', 'test', 'jepsen-like']
const ALIASES = (
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly imports: Readonly<Record<string, string>>
  }
).imports

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => readSource(ROOT, `${folder}/${name.replaceAll('\\', '/')}`, ALIASES)),
)
const sources = files.filter((file) => !file.path.startsWith('test/'))

const each = (rule: (file: (typeof files)[number]) => readonly string[], of = files) =>
  of.flatMap(rule).toSorted()

t.test('there are sources to check', async (t) => {
  t.ok(sources.length > 100)
  t.ok(files.length > sources.length + 50)
})

t.test('imports obey the table of folders', async (t) => t.same(each(forbiddenImports), []))
t.test('every import names a file that exists', async (t) => {
  const paths = new Set(files.map((file) => file.path))
  const missing = files.flatMap(({ path, imports }) =>
    imports
      .filter(({ target }) => target.endsWith('.ts') && !target.startsWith('node:'))
      .filter(({ target }) => !paths.has(target) && !target.endsWith('.d.ts'))
      .map(({ specifier }) => `${path}: ${specifier} does not exist`),
  )
  t.same(missing, [])
})
t.test('files have at most 400 lines', async (t) => t.same(each(tooLong), []))
t.test('code lines have at most 100 columns', async (t) => t.same(each(tooWide), []))
t.test('banned calls stay in their places', async (t) => t.same(each(bannedCalls), []))
t.test('no default exports and no barrels', async (t) => t.same(each(forbiddenExports), []))
t.test('every TODO has a reason', async (t) => t.same(each(bareTodos), []))
t.test('every source says first what it is for', async (t) => {
  t.same(each(missingHead, sources), [])
})
t.test('every source is imported by another one', async (t) => t.same(unimported(files), []))
t.test('every export is used', async (t) => t.same(unusedExports(files), []))
t.test('every source has a test', async (t) => t.same(untested(files), []))
t.test('no excuse is stale', async (t) => t.same(staleExcuses(files), []))

t.test('every error code is explained in api/README.md', async (t) => {
  const text = readFileSync(join(ROOT, 'api', 'README.md'), 'utf8')
  t.same(
    ERROR_CODES.filter((code) => !text.includes(`\`${code}\``)),
    [],
  )
})

t.test('every top folder has a README', async (t) => {
  const missing = FOLDERS.filter((folder) => !readdirSync(join(ROOT, folder)).includes('README.md'))
  t.same(missing, [])
})

t.test('the rules see what they look for', async (t) => {
  const parse = (path: string, text: string) => parseSource(path, text, ALIASES)
  const raft = parse('cluster/raft/x.ts', "import { a } from '#model/ids.ts'\nDate.now()\n")
  t.equal(forbiddenImports(raft).length, 1)
  t.ok(bannedCalls(raft).length > 0)
  t.same(bannedCalls(parse('rack/x.ts', "// Date.now()\nconst a = 'Math.random()'\n")), [])
  const api = parse('api/x.ts', "import type {\n  Region,\n} from '#node/region.ts'\n")
  t.same(forbiddenImports(api), [])
  t.same(forbiddenImports(parse('api/x.ts', "import { r } from '#node/region.ts'\n")), [
    'api/x.ts: may not import #node/region.ts (only as a type)',
  ])
  t.equal(forbiddenImports(parse('rack/x.ts', "await import('#raft/raft.ts')\n")).length, 1)
  t.equal(forbiddenImports(parse('rack/dhcp/x.ts', "import '../tftp/server.ts'\n")).length, 1)
  t.equal(forbiddenImports(parse('api/x.ts', "import { main } from '#tools/main.ts'\n")).length, 1)
  t.equal(forbiddenImports(parse('rack/x.ts', "import { Level } from 'level'\n")).length, 1)
  t.equal(forbiddenExports(parse('rack/x.ts', 'export default 1\n')).length, 1)
  t.equal(bareTodos(parse('rack/x.ts', '// TODO fix\n')).length, 1)
  t.equal(tooWide(parse('rack/x.ts', `const a = ${'1 + '.repeat(30)}1\n`)).length, 1)
  t.equal(tooLong(parse('rack/x.ts', 'a\n'.repeat(401))).length, 1)
  const regex = parse('rack/x.ts', 'const a = /[\'"]/\nDate.now()\n')
  t.equal(bannedCalls(regex).length, 1)
})

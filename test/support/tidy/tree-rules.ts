// Rules about the tree as a whole: files nobody imports, exports nobody uses, sources without a test.
import type { SourceFile } from './source-file.ts'

/** Run by hand, by package.json or by another program. */
export const ENTRY_POINTS = [
  'tools/main.ts',
  'tools/run-tests.ts',
  'tools/api-coverage.ts',
  'tools/api-walk.ts',
  'tools/bench/',
  'tools/images/build.ts',
  'tools/images/main.ts',
  'tools/lab/redfish/main.ts',
  'tools/lab/door.ts',
  'tools/sim/mutants/preload.ts',
  'tools/sim/mutants/region-child.ts',
  'tools/sim/lease/run-seeds.ts',
  'jepsen-like/main.ts',
  // Loaded into processes under test by `--import`.
  'jepsen-like/preloads/',
]

/** Sources without a test of their own name, and why that is right. */
export const UNTESTED: Readonly<Record<string, string>> = {
  'cluster/model/ports.ts': 'interfaces only',
  'cluster/model/machine-constraints.ts': 'types only',
  'cluster/model/join-token.ts': 'types only',
  'cluster/model/machine-token.ts': 'types only',
  'cluster/model/image-import.ts': 'types only',
  'cluster/model/member.ts': 'types only',
  'cluster/model/network.ts': 'types, and one line that test/cluster/state tests',
  'cluster/node/region.ts': 'the port: types only',
  'cluster/node/start.ts': 'composition; test/process runs it in real processes',
  'cluster/platform/config.ts': 'constants; the places that use them are tested',
  'cluster/protocol/peer.ts': 'types only; the codec is tested',
  'cluster/protocol/rack.ts': 'types only; the codec is tested',
  'cluster/protocol/enroll.ts': 'types only',
  'cluster/raft/types.ts': 'types only',
  'cluster/raft/message.ts': 'types only',
  'cluster/state/access-commands.ts': 'types only',
  'cluster/state/command.ts': 'types only',
  'cluster/state/image-commands.ts': 'types only',
  'cluster/state/object-commands.ts': 'types only',
  'cluster/state/outcome.ts': 'types only',
  'cluster/storage/log-store.ts': 'the port; its contract suite is test/contract',
  'cluster/transport/links.ts': 'the port: types only',
  'cluster/transport/limits.ts': 'constants',
  'tools/bench/': 'measures, run by hand',
  'tools/sim/mutants/preload.ts': 'loaded by --import; the tests of the mutants start it',
  'tools/sim/lease/run-seeds.ts': 'a child process; the tests of the variants start it',
  'tools/sim/mutants/region-child.ts': 'a child process; the tests of the mutants start it',
  'tools/lab/redfish/':
    'the virtual BMC; the tests of the Redfish driver and the lab tier are its tests',
  'tools/lab/door.ts': 'a child process; the lab tier goes through it',
  'tools/images/': 'needs Debian packages; the lab tier boots what it builds',
}

export function unimported(files: readonly SourceFile[]): readonly string[] {
  const imported = new Set(files.flatMap((file) => file.imports.map((one) => one.target)))
  return files
    .filter(({ path }) => !path.startsWith('test/') && !isUnder(path, ENTRY_POINTS))
    .filter(({ path }) => !importedByOthers(path, imported, files))
    .map(({ path }) => `${path}: nobody imports it`)
}

/** A test alone does not keep a source alive. */
function importedByOthers(
  path: string,
  imported: ReadonlySet<string>,
  files: readonly SourceFile[],
): boolean {
  if (!imported.has(path)) return false
  return files.some(
    (file) => !file.path.startsWith('test/') && file.imports.some((one) => one.target === path),
  )
}

/** Types may be exported for their own sake. */
const DECLARED = /^export (?:async )?(?:const|function\*?|class) (\w+)/gm

/** Values that nobody else uses; tests count as users. */
export function unusedExports(files: readonly SourceFile[]): readonly string[] {
  const used = new Map<string, Set<string>>()
  for (const { target, names } of files.flatMap((file) => file.imports)) {
    const known = used.get(target) ?? new Set()
    for (const name of names) known.add(name)
    used.set(target, known)
  }
  return files
    .filter(({ path }) => !path.startsWith('test/'))
    .flatMap(({ path, code }) => {
      const names = used.get(path) ?? new Set()
      if (names.has('*')) return []
      return [...code.matchAll(DECLARED)]
        .map(([, name = '']) => name)
        .filter((name) => !names.has(name) && !isEntryPoint(path, name))
        .map((name) => `${path}: exports ${name}, which nobody uses`)
    })
}

/** The launcher, which is CommonJS, calls it. */
function isEntryPoint(path: string, name: string): boolean {
  return path === 'tools/main.ts' && name === 'runProcess'
}

/**
 * A source is covered by a test that imports it, or by a source of its area that is: what only they see is
 * tested through them. An area without tests shows.
 */
export function untested(files: readonly SourceFile[]): readonly string[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const covered = new Set<string>()
  const visit = (path: string): void => {
    if (covered.has(path)) return
    covered.add(path)
    for (const { target } of byPath.get(path)?.imports ?? []) {
      if (areaOf(target) === areaOf(path)) visit(target)
    }
  }
  const tests = files.filter((file) => file.path.startsWith('test/'))
  for (const { target } of tests.flatMap((file) => file.imports)) visit(target)
  for (const [name, path] of Object.entries(RUN_AS_PROCESS)) {
    if (tests.some((file) => file.text.includes(`'${name}'`))) visit(path)
  }
  return files
    .map((file) => file.path)
    .filter((path) => !path.startsWith('test/') && !isUnder(path, Object.keys(UNTESTED)))
    .filter((path) => !covered.has(path))
    .map((path) => `${path}: no test, not even through its folder's doors`)
}

/** Named so in a test that starts it. */
const RUN_AS_PROCESS = {
  'launch.cjs': 'tools/main.ts',
  'run-tests.ts': 'tools/run-tests.ts',
  'clock.ts': 'jepsen-like/preloads/clock.ts',
}

/** `rack`, `cluster/raft`. */
function areaOf(path: string): string {
  const [top = '', below = ''] = path.split('/')
  return top === 'cluster' ? `${top}/${below}` : top
}

/** An excuse for what is gone or is tested now. */
export function staleExcuses(files: readonly SourceFile[]): readonly string[] {
  const paths = files.map((file) => file.path)
  return Object.keys(UNTESTED)
    .filter((name) => !paths.some((path) => path.startsWith(name)))
    .map((name) => `${name}: listed as untested, but there is no such file`)
}

function isUnder(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || (place.endsWith('/') && path.startsWith(place)))
}

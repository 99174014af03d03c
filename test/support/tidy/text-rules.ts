// Rules that one file can break by itself: sizes, banned calls, exports, TODOs. Each returns sentences.
import type { SourceFile } from './source-file.ts'

const LINES_MAX = 400
const COLUMNS_MAX = 100

/** Suites that follow one source from its first section to its last (style §9), or hold one port. */
const ONE_SOURCE = [
  'test/cluster/raft/paper.test.ts',
  'test/cluster/raft/pitfalls-membership.test.ts',
  'test/contract/log-store.ts',
  'test/rack/dhcp/rfc2131.test.ts',
]

export function tooLong(file: SourceFile): readonly string[] {
  if (ONE_SOURCE.includes(file.path)) return []
  const lines = file.text.split('\n')
  const count = lines.length - 1
  return count > LINES_MAX ? [`${file.path}: ${count} lines, at most ${LINES_MAX}`] : []
}

/** Code only: comments may run on, and the text of a template, which cannot be broken. */
export function tooWide(file: SourceFile): readonly string[] {
  return file.bare.split('\n').flatMap((line, at) => {
    const width = line.trimEnd().length
    if (width <= COLUMNS_MAX || line.includes('`')) return []
    return [`${file.path}:${at + 1}: ${width} columns of code, at most ${COLUMNS_MAX}`]
  })
}

type Ban = {
  readonly pattern: RegExp
  readonly instead: string
  /** Folders or files where it has its place. */
  readonly allowed: readonly string[]
}

/** Composition roots, tests and benches talk to the real world. */
const OUTSIDE = ['tools/', 'test/', 'jepsen-like/']
const SYSTEM = 'cluster/platform/'
/** Certificates are about wall time; a rack must judge one before it knows any region. */
const CERTIFICATES = ['cluster/transport/pki.ts', 'rack/enroll.ts', 'rack/certificate-request.ts']
const CORES = ['cluster/raft/', 'cluster/state/', 'cluster/model/']

const BANS: readonly Ban[] = [
  {
    pattern: /\bDate\.now\(|\bnew Date\(\s*\)|\bperformance\.now\(|\bprocess\.hrtime\b/,
    instead: 'take a Clock',
    allowed: [...OUTSIDE, SYSTEM, ...CERTIFICATES],
  },
  { pattern: /\bMath\.random\(/, instead: 'take a Random', allowed: OUTSIDE },
  { pattern: /\bconsole\.\w/, instead: 'take a Logger', allowed: OUTSIDE },
  { pattern: /\bprocess\.exit\(/, instead: 'throw', allowed: [...OUTSIDE, SYSTEM] },
  {
    pattern: /\bprocess\.env\b/,
    instead: 'take a config',
    allowed: [...OUTSIDE, SYSTEM, 'rack/start.ts'],
  },
  { pattern: /\bprocess\.on\(/, instead: 'use platform/system.ts', allowed: [...OUTSIDE, SYSTEM] },
  { pattern: /\b(?:Sync)\(/, instead: 'await it: the event loop is shared', allowed: OUTSIDE },
  { pattern: /\beval\(|\bnew Function\(/, instead: 'nothing: say it in code', allowed: [] },
  {
    pattern: /:\s*any\b|\bas any\b|<any>/,
    instead: 'unknown and a parser',
    // A test may look into an answer freely.
    allowed: ['test/'],
  },
]

/** Globals of the shell: a core is a function of what it is given. */
const CORE_GLOBALS =
  /(?<![.\w])(?:setTimeout|setInterval|setImmediate|queueMicrotask|process|performance|crypto|fetch|Promise|Date|async|await)\b(?!\s*:)/

export function bannedCalls(file: SourceFile): readonly string[] {
  return file.bare.split('\n').flatMap((line, at) => {
    const place = `${file.path}:${at + 1}`
    const found = BANS.filter(({ allowed }) => !isUnder(file.path, allowed))
      .map(({ pattern, instead }) => ({ match: pattern.exec(line), instead }))
      .filter(({ match }) => match !== null)
      .map(({ match, instead }) => `${place}: no ${match?.[0].trim()} here: ${instead}`)
    const global = isUnder(file.path, CORES) ? CORE_GLOBALS.exec(line) : null
    return global === null ? found : [...found, `${place}: a core may not use ${global[0]}`]
  })
}

export function forbiddenExports(file: SourceFile): readonly string[] {
  const found: string[] = []
  if (/^export default\b/m.test(file.bare)) found.push(`${file.path}: a default export`)
  const barrel = /^export \*|^export \{[^}]*\} from/m.exec(file.code)
  // Re-exporting types under the name that a port promises is no barrel.
  if (barrel !== null) found.push(`${file.path}: re-exports; import from the source`)
  return found
}

/** `TODO(#12): why` or a sentence of reason; a bare one is a wish. */
export function bareTodos(file: SourceFile): readonly string[] {
  return commentsOf(file).flatMap((comment, at) => {
    const todo = /\b(?:TODO|FIXME|XXX)\b(.*)$/.exec(comment)
    const words = (todo?.[1] ?? '').split(/\s+/).filter((word) => /\w/.test(word))
    if (todo === null || words.length >= 4) return []
    return [`${file.path}:${at + 1}: a TODO without a reason`]
  })
}

/** Line by line, what is in comments. */
function commentsOf({ text, code }: SourceFile): readonly string[] {
  const kept = text.split('').map((char, at) => (char === '\n' || code[at] !== char ? char : ' '))
  return kept.join('').split('\n')
}

/** Every file says first what it is for. */
export function missingHead(file: SourceFile): readonly string[] {
  const first = file.text.replace(/^#!.*\n/, '')
  return /^(?:\/\/|\/\*)/.test(first) ? [] : [`${file.path}: no comment at its head`]
}

function isUnder(path: string, places: readonly string[]): boolean {
  return places.some((place) => path.startsWith(place))
}

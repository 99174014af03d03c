// A source file as tidy sees it: its text with comments blanked, with strings blanked too, and its imports.
// A small scanner, not a parser: it knows comments, strings, templates and where a regular expression begins.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export type Import = {
  readonly specifier: string
  /** Path from the root for our own files, the specifier itself for packages and `node:`. */
  readonly target: string
  readonly typeOnly: boolean
  /** `*` for a namespace or a dynamic import. */
  readonly names: readonly string[]
}

export type SourceFile = {
  /** From the root, with `/`. */
  readonly path: string
  readonly text: string
  /** Comments are spaces, line breaks stay. */
  readonly code: string
  /** Comments, strings and regular expressions are spaces. */
  readonly bare: string
  readonly imports: readonly Import[]
}

export function readSource(
  root: string,
  path: string,
  aliases: Readonly<Record<string, string>>,
): SourceFile {
  const text = readFileSync(join(root, path), 'utf8')
  return parseSource(path, text, aliases)
}

export function parseSource(
  path: string,
  text: string,
  aliases: Readonly<Record<string, string>>,
): SourceFile {
  const { code, bare } = blank(text)
  return { path, text, code, bare, imports: importsOf(path, code, aliases) }
}

const STATIC =
  /(?:^|\n)[ \t]*(?:import|export)\s+(type\s+)?([\w*{][^'"=()]*?)\s*from\s*['"]([^'"\n]+)['"]/g
const BARE = /(?:^|\n)[ \t]*import\s*['"]([^'"\n]+)['"]/g
const DYNAMIC = /\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g

function importsOf(
  path: string,
  code: string,
  aliases: Readonly<Record<string, string>>,
): readonly Import[] {
  const make = (specifier: string, typeOnly: boolean, names: readonly string[]): Import => ({
    ...{ specifier, typeOnly, names },
    target: resolveImport(path, specifier, aliases),
  })
  const found = [...code.matchAll(STATIC)].map(([, type, list = '', specifier = '']) => {
    const clauses = clausesOf(list)
    const typeOnly = type !== undefined || clauses.every((clause) => clause.startsWith('type '))
    return make(specifier, typeOnly, clauses.map(nameOf))
  })
  for (const [, specifier = ''] of code.matchAll(BARE)) found.push(make(specifier, false, []))
  for (const match of code.matchAll(DYNAMIC)) {
    const before = code.slice(Math.max(0, match.index - 8), match.index)
    found.push(make(match[1] ?? '', /typeof\s+$/.test(before), ['*']))
  }
  return found
}

function clausesOf(list: string): readonly string[] {
  const inside = /\{([^}]*)\}/.exec(list)?.[1]
  if (inside === undefined) return ['*']
  return inside
    .split(',')
    .map((clause) => clause.trim())
    .filter((clause) => clause !== '')
}

function nameOf(clause: string): string {
  return clause.replace(/^type\s+/, '').split(/\s+as\s+/)[0] ?? ''
}

export function resolveImport(
  path: string,
  specifier: string,
  aliases: Readonly<Record<string, string>>,
): string {
  if (specifier.startsWith('.')) return join(dirname(path), specifier).replaceAll('\\', '/')
  for (const [alias, target] of Object.entries(aliases)) {
    const prefix = alias.slice(0, -1)
    if (specifier.startsWith(prefix)) return target.slice(2, -1) + specifier.slice(prefix.length)
  }
  return specifier
}

/** Same length, same line breaks. */
export function blank(text: string): { readonly code: string; readonly bare: string } {
  const code = text.split('')
  const bare = text.split('')
  for (let at = 0; at < text.length; ) {
    const token = tokenAt(text, at)
    if (token.kind === 'comment') erase(code, at, token.end)
    if (token.kind !== 'code') erase(bare, at, token.end)
    at = token.end
  }
  return { code: code.join(''), bare: bare.join('') }
}

type Token = { readonly kind: 'comment' | 'literal' | 'code'; readonly end: number }

function tokenAt(text: string, at: number): Token {
  const two = text.slice(at, at + 2)
  if (two === '//') return { kind: 'comment', end: orEnd(text, text.indexOf('\n', at)) }
  if (two === '/*') return { kind: 'comment', end: orEnd(text, text.indexOf('*/', at + 2), 2) }
  const one = text.charAt(at)
  if (one === "'" || one === '"') return { kind: 'literal', end: endOfString(text, at) }
  if (one === '/' && beginsExpression(text, at))
    return { kind: 'literal', end: endOfRegex(text, at) }
  // The expressions inside a template are code worth checking, so only its plain text would be a literal;
  // blanking neither is the simple and safe side.
  return { kind: 'code', end: at + 1 }
}

function orEnd(text: string, found: number, plus = 0): number {
  return found === -1 ? text.length : found + plus
}

function endOfString(text: string, at: number): number {
  const quote = text.charAt(at)
  for (let i = at + 1; i < text.length; i++) {
    const char = text.charAt(i)
    if (char === '\\') i++
    else if (char === quote || char === '\n') return i + 1
  }
  return text.length
}

function beginsExpression(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 40), at).trimEnd()
  return /(?:[([{,;:=!&|?+*%<>~^]|^|\b(?:return|typeof|case|in|of|yield|await))$/.test(before)
}

function endOfRegex(text: string, at: number): number {
  let inClass = false
  for (let i = at + 1; i < text.length; i++) {
    const char = text.charAt(i)
    if (char === '\\') i++
    else if (char === '\n') return at + 1
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '/' && !inClass) return i + 1
  }
  return text.length
}

function erase(chars: string[], from: number, to: number): void {
  for (let i = from; i < to; i++) if (chars[i] !== '\n') chars[i] = ' '
}

// Whether a text has the lexical form of an XPath 1.0 expression (W3C XPath 1.0 §3.7): known tokens, closed
// brackets, no operator without its operands, known axes. It is not evaluated anywhere here.

const NAME = String.raw`[\p{L}_][\p{L}\p{N}_.-]*`
const TOKENS = new RegExp(
  [
    ...[String.raw`\s+`, '"[^"]*"', "'[^']*'", String.raw`\d+(?:\.\d*)?`, String.raw`\.\d+`],
    ...['::', '//', String.raw`\.\.`, '!=', '<=', '>=', String.raw`[()[\].@,/|+\-=<>*$]`],
    ...[String.raw`${NAME}(?::(?:${NAME}|\*))?`, String.raw`[\s\S]`],
  ].join('|'),
  'gu',
)

const AXES = new Set(
  (
    'ancestor ancestor-or-self attribute child descendant descendant-or-self following ' +
    'following-sibling namespace parent preceding preceding-sibling self'
  ).split(' '),
)
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']' }
/** What must be followed by something, and cannot end an expression. */
const WANTS_MORE = new Set([
  '::',
  '//',
  '!=',
  '<=',
  '>=',
  '@',
  ',',
  '|',
  '+',
  '-',
  '=',
  '<',
  '>',
  '$',
])
/** What cannot begin an expression. */
const NEEDS_LEFT = new Set(['::', '!=', '<=', '>=', ',', '|', '+', '=', '<', '>', ')', ']', '['])

/** Null when it has; else what is wrong, without a full stop. */
export function xpathProblem(text: string): string | null {
  const open: string[] = []
  let before: string | null = null
  for (const [token] of text.matchAll(TOKENS)) {
    if (/^\s/.test(token)) continue
    if (/^["'!:#%&;?\\^`{}~]$/u.test(token) || !isKnown(token)) return `${token} is not expected`
    const isFirst = before === null || before === '(' || before === '[' || before === ','
    if (isFirst && NEEDS_LEFT.has(token) && !(before === '(' && token === ')')) {
      return `${token} is not expected`
    }
    if (before !== null && WANTS_MORE.has(before) && NEEDS_LEFT.has(token)) {
      return `${token} is not expected behind ${before}`
    }
    if (token === '::' && (before === null || !AXES.has(before))) return `${before} is no axis`
    const closing = CLOSING[token]
    if (closing !== undefined) open.push(closing)
    else if ((token === ')' || token === ']') && open.pop() !== token)
      return `${token} closes nothing`
    before = token
  }
  if (before === null) return 'it is empty'
  if (open.length > 0) return `${open.at(-1)} is missing`
  return WANTS_MORE.has(before) ? `something is missing behind ${before}` : null
}

function isKnown(token: string): boolean {
  return token.length > 1 || /[\p{L}\p{N}_()[\].@,/|+\-=<>*$]/u.test(token)
}

// Tokens of dhcpd.conf's grammar (dhcpd.conf(5)): words, quoted texts and marks, each with its line.

const TOKENS_MAX = 20_000

export type Token = {
  readonly text: string
  readonly kind: 'word' | 'string' | 'mark'
  readonly line: number
}

export class SnippetError extends Error {
  constructor(line: number, problem: string) {
    super(`Line ${line}: ${problem}.`)
  }
}

/** Throws SnippetError. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  const pattern = /\n|[^\S\n]+|#[^\n]*|"(?:[^"\\\n]|\\[^\n])*"|[{};,()=]|[^\s{};,()="#]+|[\s\S]/g
  let line = 1
  for (const [piece] of text.matchAll(pattern)) {
    if (piece === '\n') line++
    else if (/^\s|^#/.test(piece)) continue
    else if (piece === '"') throw new SnippetError(line, 'a quoted text is not closed')
    else {
      const kind = piece.startsWith('"') ? 'string' : /^[{};,()=]$/.test(piece) ? 'mark' : 'word'
      tokens.push({ text: piece, kind, line })
      if (tokens.length > TOKENS_MAX) throw new SnippetError(line, 'the snippet is too long')
    }
  }
  return tokens
}

// Words of POSIX sh. Everything that comes from outside (names, options, URLs) goes through `quote`, the only place
// that knows how; the rest of the installer builds lines with `call` and never pastes a value into a script.

/** Shell text to stand as it is, e.g. `"$DEV_1"`: written by us, never by a user. */
export type Expression = { readonly sh: string }
export type Word = string | number | Expression

/** One word of sh, whatever is in it. NUL is left out: no program can be told one. */
export function quote(text: string): string {
  const told = text.replaceAll('\0', '')
  return /^[A-Za-z0-9_/.:=@%+,-]+$/.test(told) ? told : `'${told.replaceAll("'", `'\\''`)}'`
}

export function sh(text: string): Expression {
  return { sh: text }
}

/** A command of one line (a quoted value may hold line breaks). */
export function call(name: string, ...words: readonly Word[]): string {
  return [name, ...words.map(format)].join(' ')
}

function format(word: Word): string {
  if (typeof word === 'object') return word.sh
  return quote(String(word))
}

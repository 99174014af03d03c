// Parameters that MAAS takes by its number or by one of several names.
import { custom, type Param } from '../params.ts'

type Names = Readonly<Record<number, readonly string[]>>

/** Undefined for a word that is neither the number nor a name of any. */
export function numberOf(names: Names, word: string): number | undefined {
  const given = word.trim().toLowerCase()
  const found = Object.entries(names).find(([id, words]) => id === given || words.includes(given))
  return found === undefined ? undefined : Number(found[0])
}

export function numbered(doc: string, names: Names): Param<number> {
  return custom<number>(
    doc,
    { type: 'string', enum: Object.entries(names).flatMap(([id, words]) => [id, ...words]) },
    (form, name) => {
      const given = form.input.text(name)?.trim().toLowerCase()
      if (given === undefined || given === '') return undefined
      const found = numberOf(names, given)
      if (found !== undefined) return found
      return form.report(name, `'${given.slice(0, 64)}' is not a valid value.`)
    },
  )
}

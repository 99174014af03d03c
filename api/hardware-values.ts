// Values of a hardware report: text and numbers from hostile input, made harmless and bounded. What is missing or strange
// is '' or 0.

/** UTF-16 units of any text. */
const TEXT_CHARACTERS_MAX = 256

export type Part = Readonly<Record<string, unknown>>

export function parseObject(text: string): Part | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isPart(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Control characters become spaces; cut to a length; trimmed. */
export function clean(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') return ''
  const text = String(value).slice(0, TEXT_CHARACTERS_MAX)
  return text.replaceAll(/\p{C}/gu, ' ').trim()
}

export function orNull(text: string): string | null {
  return text === '' ? null : text
}

/** Of a device: letters, digits and what else Linux gives to them. */
export function nameOf(value: unknown): string {
  const text = clean(value)
  return /^[\w.:!-]{1,64}$/.test(text) ? text : ''
}

/** Whole number from 0 to `max`; anything else is 0. */
export function count(value: unknown, max: number): number {
  const number = Math.trunc(typeof value === 'string' ? Number(value) : (value as number))
  return Number.isSafeInteger(number) && number >= 0 && number <= max ? number : 0
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function part(value: unknown): Part {
  return isPart(value) ? value : {}
}

export function parts(value: unknown, max: number): readonly Part[] {
  return Array.isArray(value) ? value.slice(0, max).filter(isPart) : []
}

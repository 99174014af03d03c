// Names as operators write them: which are accepted, and how they are put together. What arrives on the wire may
// have any octets in its labels (RFC 2181 §11); what we are told to serve may not.
import { LABEL_OCTETS_MAX, NAME_OCTETS_MAX } from './dns.ts'

/** Letters, digits, hyphens inside, underscores anywhere: services are named `_sip._tcp` (RFC 2782). */
const LABEL = /^(?!-)[A-Za-z0-9_-]+(?<!-)$/

/** Labels of a name below no or one final dot; undefined when it is no name. */
export function parseName(text: string): readonly string[] | undefined {
  const labels = text.replace(/\.$/, '').split('.')
  const octets = labels.reduce((sum, label) => sum + label.length + 1, 1)
  if (octets > NAME_OCTETS_MAX) return undefined
  return labels.every((label) => label.length <= LABEL_OCTETS_MAX && LABEL.test(label))
    ? labels
    : undefined
}

/** `@`, `*`, labels, or `*.` and labels. */
export function isOwnerName(text: string): boolean {
  if (text === '@' || text === '*') return true
  const rest = text.startsWith('*.') ? text.slice(2) : text
  return !rest.endsWith('.') && parseName(rest) !== undefined
}

/** The whole name of `owner` in `domain`, without a final dot. */
export function fullName(owner: string, domain: string): string {
  return owner === '@' ? domain : `${owner}.${domain}`
}

/** Fits into a message, with its domain. */
export function isTooLong(owner: string, domain: string): boolean {
  return fullName(owner, domain).length + 2 > NAME_OCTETS_MAX
}

/**
 * A target in record data: with a dot inside or at its end it is a whole name, else it is in `domain`; `@` is the
 * domain. Undefined when it is no name; '' is the root, which MX and SRV use for "there is none".
 */
export function parseTarget(text: string, domain: string): string | undefined {
  if (text === '.') return ''
  if (text === '@') return domain
  const labels = parseName(text)
  if (labels === undefined) return undefined
  const name = labels.join('.')
  return text.includes('.') ? name : `${name}.${domain}`
}

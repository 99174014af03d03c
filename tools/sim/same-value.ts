// Are two messages the same, whatever order their fields are in and whatever kind of array holds their bytes? A
// field that is `undefined` and one that is not there are the same: bytes cannot tell them apart.

export function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [fields, others] = [definedFields(a), definedFields(b)]
  if (Array.isArray(a) !== Array.isArray(b) || fields.size !== others.size) return false
  return [...fields].every(([name, value]) => isSameValue(value, others.get(name)))
}

function definedFields(value: object): Map<string, unknown> {
  return new Map(Object.entries(value).filter(([, field]) => field !== undefined))
}

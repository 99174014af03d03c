// `root:50(ssd),data:500(rotary,5400rpm),0`: disks that an allocation asks for.
import type { StorageConstraint } from '#model/machine-constraints.ts'

const DISKS_MAX = 64
const ONE = /^(?:([\w.-]{1,64}):)?(\d{1,9}(?:\.\d{1,3})?)(?:\(([^()]*)\))?$/

/** Null when malformed. Sizes are in GB (10⁹). */
export function parseStorage(text: string): readonly StorageConstraint[] | null {
  // A comma inside of parentheses belongs to the tags.
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim())
  const disks: StorageConstraint[] = []
  for (const part of parts.filter((each) => each !== '')) {
    const match = ONE.exec(part)
    if (match === null || disks.length >= DISKS_MAX) return null
    const [, label = '', size = '', tags = ''] = match
    disks.push({
      ...{ label, bytes: Math.round(Number(size) * 1e9) },
      tags: tags
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ''),
    })
  }
  return disks
}

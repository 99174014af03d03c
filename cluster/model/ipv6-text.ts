// IPv6 addresses in text (RFC 4291 §2.2), as far as records need them.
import { parseIpv4 } from './ipv4.ts'

/** 16 octets; undefined when malformed. Zones (`%eth0`) have no place in records. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = '', tail] = halves
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  if (before === undefined || after === undefined) return undefined
  const missing = 8 - before.length - after.length
  // `::` stands for at least one group.
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...Array<number>(missing).fill(0), ...after]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]))
}

function groupsOf(text: string): readonly number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [at, part] of parts.entries()) {
    const ip = at === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined
    if (ip !== undefined) groups.push(ip >>> 16, ip & 65_535)
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

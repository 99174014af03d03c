// UUIDs that every replica makes alike from a text that is never used twice: version 8 of RFC 9562 §5.8, whose bits
// are the maker's. They name what lies on disks and are no secret; whoever needs one that nobody guesses mints it
// before the command.

/** Of a text that is unique in its cluster and names it; 122 bits of four mixed lanes. */
export function deriveUuid(text: string): string {
  const lanes = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a].map((seed, at) =>
    laneOf(text, seed, at),
  )
  const mixed = lanes.map((lane, at) => avalanche(lane ^ (lanes[(at + 1) % 4] ?? 0)))
  const hex = mixed.map((lane) => lane.toString(16).padStart(8, '0')).join('')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`]
  return [...groups, `${variant}${hex.slice(17, 20)}`, hex.slice(20)].join('-')
}

const PRIMES = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f]

function laneOf(text: string, seed: number, at: number): number {
  let lane = seed ^ text.length
  for (let i = 0; i < text.length; i++) {
    lane = Math.imul(lane ^ text.charCodeAt(i), PRIMES[at] ?? 1)
    lane = (lane << 13) | (lane >>> 19)
  }
  return avalanche(lane)
}

/** Every bit of the input moves about half of the output's. */
function avalanche(value: number): number {
  let mixed = value
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

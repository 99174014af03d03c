// Damage to the disk of one node, done while it is down. What the node itself cannot know its peers remember,
// but only if they heard of it (`cluster/node/README.md`, "Not noticed"): so before its disk is set back all of
// them run and hear each other for a while, and after that until it has asked them.
import type { Fault } from './faults.ts'
import type { SimNode } from './node.ts'
import type { World } from './world.ts'

export type DamageFault = Extract<
  Fault,
  { type: 'bitFlip' | 'lostTail' | 'wipe' | 'olderImage' | 'rowFlip' }
>

const DOWN_MS = 300
/** Memory of the others is on disk at most 5 s late, and reports come each second. */
const HEARD_MS = 7_000
/** Patience with who does not answer is 2 s. */
const ASKING_MS = 3_000
/** Below it there is nothing to lose. */
const BYTES_MIN = 100

export type DamageOptions = {
  readonly world: World
  readonly later: (ms: number, task: () => void) => void
  readonly restart: (node: SimNode) => void
  /** Heals everything, and lets no new fault begin for so long. */
  readonly quiet: (ms: number) => void
}

/** False when there is nothing to damage. */
export function damage(options: DamageOptions, node: SimNode, fault: DamageFault): boolean {
  const { disk, data } = node
  if (!node.isUp || disk.syncedBytes < BYTES_MIN) return false
  const share = (permille: number): number => Math.floor((disk.syncedBytes * permille) / 1_000)
  switch (fault.type) {
    case 'bitFlip':
      damageNow(options, node, () => disk.flipBit(share(fault.atPermille), fault.atPermille % 8))
      return true
    case 'lostTail':
      damageNow(options, node, () => disk.loseTail(share(fault.keptPermille)))
      return true
    case 'wipe':
      damageNow(options, node, () => data.wipe())
      return true
    case 'olderImage':
      setBackLater(options, node)
      return true
    case 'rowFlip':
      data.rows.flipNext()
      return true
    default:
      return fault satisfies never
  }
}

function damageNow({ world, later, restart }: DamageOptions, node: SimNode, how: () => void): void {
  world.kill(node, () => node.kill())
  world.damage(node, how)
  later(DOWN_MS, () => restart(node))
}

function setBackLater(options: DamageOptions, node: SimNode): void {
  const image = node.data.image()
  options.quiet(HEARD_MS + DOWN_MS + ASKING_MS)
  options.later(HEARD_MS, () => {
    if (node.isUp) damageNow(options, node, () => node.data.restore(image))
  })
}

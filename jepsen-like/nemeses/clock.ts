// `clock`: the wall clock of one node jumps and its monotonic clock runs fast or slow, within what the lease
// protocol assumes of clocks (ε = 0.1). Nothing may depend on wall clocks but what is shown to people and the
// age of an OAuth timestamp, which is why the jump ahead stays below its five minutes.
import { NO_SKEW, writeSkew } from '../clock-file.ts'
import { bothPlaces, type Nemesis } from '../nemesis.ts'

const WALL_MS = [-3_600_000, -61_000, 61_000, 240_000]
const RATES = [0.91, 1.09]

export const CLOCK: Nemesis = {
  name: 'clock',
  summary: "one node's wall clock jumps by up to an hour, its monotonic clock runs 9 % off",
  required: () => bothPlaces('clock'),
  inject: async ({ cluster, random }, _kind, nodes) => {
    const targets = nodes.slice(0, 1)
    const skew = { wallMs: random.pick(WALL_MS), rate: random.pick(RATES) }
    const set = (to: typeof skew): void => {
      for (const name of targets) writeSkew(cluster.clockDirectory, name, to)
    }
    set(skew)
    return {
      targets,
      detail: `wall clock ${skew.wallMs / 1000} s, monotonic clock × ${skew.rate}`,
      heal: async () => set(NO_SKEW),
    }
  },
}

// The lease simulation itself: it repeats exactly, it passes on the real code, and its faults happen.
import t from 'tap'
import { simulate } from '#tools/sim/lease/simulate.ts'

/** The machine may be busy with other tests. */
t.setTimeout(170_000)

t.test('a seed gives the same trace twice, byte for byte', { timeout: 80_000 }, async (t) => {
  const traces = [[], []] as string[][]
  for (const lines of traces)
    await simulate({ seed: 1, safetyMinutes: 10, onTrace: (line) => lines.push(line) })
  t.same(traces[0], traces[1])
  t.ok((traces[0]?.length ?? 0) > 500)
})

// The others are as quick to run by hand: `ironraft sim lease`.
for (const [seed, profile] of (['mixed', 'offline', 'ranges', 'links'] as const).entries()) {
  t.test(
    `no address twice, I1 to I7 and an address for everybody: ${profile}`,
    { timeout: 80_000 },
    async (t) => {
      const seen = new Map<string, number>()
      const onTrace = (line: string): void => {
        const word = /\b(?:[a-z]+[A-Z]?[a-z]*\.[a-zA-Z]+ (?:ok|[A-Z_]+)|bound)\b/.exec(line)?.[0]
        if (word !== undefined) seen.set(word, (seen.get(word) ?? 0) + 1)
      }
      const { violation, digest } = await simulate({ seed, profile, safetyMinutes: 90, onTrace })
      t.equal(violation, undefined, `seed ${seed} of ${profile}, trace ${digest}`)
      t.ok((seen.get('bound') ?? 0) > 20, 'clients were bound')
      t.ok((seen.get('tenure.hello ok') ?? 0) > 0, 'racks had tenures')
      for (const name of MUST_HAPPEN[profile]) t.ok((seen.get(name) ?? 0) > 0, `${name} happened`)
    },
  )
}

/** A run in which its own subject never came up proves nothing. */
const MUST_HAPPEN = {
  mixed: ['lease.bind ok', 'lease.release ok', 'tenure.beat ok', 'lease.observe ok'],
  offline: ['reserve.replay ok', 'reserve.grant ok', 'reserve.return ok'],
  ranges: ['ipRange.delete ok', 'address.reserve ok', 'address.reserve ADDRESS_UNAVAILABLE'],
  links: ['interface.link ok', 'interface.unlink ok', 'lease.bind ok'],
} as const

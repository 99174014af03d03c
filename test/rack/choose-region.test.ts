import t from 'tap'
import {
  type LinkHealth,
  orderRegions,
  reasonToLeave,
  type RegionObservation,
  STALL_MS,
} from '#rack/choose-region.ts'

const NOW = 100_000

function region(peer: string, seen: Partial<RegionObservation> = {}): RegionObservation {
  const never = { rttMs: undefined, failedAtMs: undefined, leaderlessAtMs: undefined }
  return { peer, failures: 0, ...never, ...seen }
}

t.test('the order in which regions are tried', (t) => {
  const cases: readonly {
    readonly name: string
    readonly regions: readonly RegionObservation[]
    readonly order: readonly string[]
  }[] = [
    {
      name: 'equals keep the rack’s own order',
      regions: [region('b'), region('a')],
      order: ['b', 'a'],
    },
    {
      name: 'a region that just failed comes last',
      regions: [region('a', { failures: 1, failedAtMs: NOW - 100 }), region('b')],
      order: ['b', 'a'],
    },
    {
      name: 'a failure is forgiven after its penalty',
      regions: [region('a', { failures: 1, failedAtMs: NOW - 2_000 }), region('b')],
      order: ['a', 'b'],
    },
    {
      name: 'failures in a row are forgiven later',
      regions: [region('a', { failures: 3, failedAtMs: NOW - 7_999 }), region('b')],
      order: ['b', 'a'],
    },
    {
      name: 'of failed ones the longest ago is first',
      regions: [
        region('a', { failures: 1, failedAtMs: NOW - 10 }),
        region('b', { failures: 1, failedAtMs: NOW - 20 }),
      ],
      order: ['b', 'a'],
    },
    {
      name: 'a region that lacked a leader comes behind those that did not',
      regions: [region('a', { leaderlessAtMs: NOW - 1_000 }), region('b', { rttMs: 50 })],
      order: ['b', 'a'],
    },
    {
      name: 'a near region is preferred to a far one',
      regions: [region('a', { rttMs: 50 }), region('b', { rttMs: 2 })],
      order: ['b', 'a'],
    },
    {
      name: 'noise in latency changes nothing',
      regions: [region('a', { rttMs: 3 }), region('b', { rttMs: 1 })],
      order: ['a', 'b'],
    },
  ]
  for (const { name, regions, order } of cases) {
    t.strictSame(
      orderRegions(regions, NOW).map(({ peer }) => peer),
      order,
      name,
    )
  }
  t.end()
})

t.test('when a link is given up', (t) => {
  const healthy: LinkHealth = {
    connectedAtMs: 0,
    heardAtMs: NOW,
    viewlessStalls: 0,
    leaderlessSinceMs: undefined,
    leaderlessMoves: 0,
    otherRegions: 2,
  }
  const leaderless = { ...healthy, leaderlessSinceMs: NOW - 1_001 }
  const cases: readonly (readonly [string, LinkHealth, 'stalled' | 'leaderless' | undefined])[] = [
    ['never while it answers', healthy, undefined],
    ['not one millisecond early', { ...healthy, heardAtMs: NOW - STALL_MS + 1 }, undefined],
    ['when it stalls', { ...healthy, heardAtMs: NOW - STALL_MS }, 'stalled'],
    [
      'later when others stalled before they brought a view',
      { ...healthy, heardAtMs: NOW - STALL_MS * 4 + 1, viewlessStalls: 2 },
      undefined,
    ],
    [
      'but not for ever',
      { ...healthy, heardAtMs: NOW - STALL_MS * 64, viewlessStalls: 99 },
      'stalled',
    ],
    ['after a second without leader', leaderless, 'leaderless'],
    ['not within that second', { ...leaderless, leaderlessSinceMs: NOW - 1_000 }, undefined],
    ['not when there is no other region', { ...leaderless, otherRegions: 0 }, undefined],
    ['later when moving did not help', { ...leaderless, leaderlessMoves: 1 }, undefined],
  ]
  for (const [name, link, reason] of cases) t.equal(reasonToLeave(link, NOW), reason, name)
  t.end()
})

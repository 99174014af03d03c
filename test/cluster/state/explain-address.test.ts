// Whatever is said about an address is what happens when it is asked for.
import t from 'tap'
import { ip, makeNewestLab, mac, newRange, newSubnet, bind } from '#test/support/region-state.ts'
import { explainAddress } from '#state/explain-address.ts'

const cases: readonly {
  readonly address: string
  readonly byName: RegExp | null
  readonly next: boolean
  readonly byDhcp: RegExp | null
}[] = [
  { address: '192.0.2.1', byName: /is in no subnet/, next: false, byDhcp: /in no dynamic range/ },
  { address: '10.0.0.0', byName: /not a host/, next: false, byDhcp: /in no dynamic range/ },
  { address: '10.0.0.2', byName: /rack controller rack01/, next: false, byDhcp: /no dynamic/ },
  { address: '10.0.0.9', byName: null, next: true, byDhcp: /in no dynamic range/ },
  { address: '10.0.0.30', byName: null, next: false, byDhcp: /in no dynamic range/ },
  { address: '10.0.0.101', byName: /dynamic range/, next: false, byDhcp: null },
  { address: '10.0.0.100', byName: /dynamic range/, next: false, byDhcp: /is leased to/ },
  { address: '10.0.0.120', byName: /dynamic range/, next: false, byDhcp: /is reserved for/ },
  { address: '10.7.0.9', byName: /dynamic range/, next: false, byDhcp: /DHCP is off/ },
]
for (const { address, byName, next, byDhcp } of cases) {
  t.test(`explains ${address}`, async (t) => {
    const lab = makeNewestLab()
    lab.ok(newRange('reserved', 1, ['10.0.0.30', '10.0.0.39']))
    lab.ok({ type: 'fabric.create', name: '', description: '', classType: null })
    lab.ok(newSubnet('10.7.0.0/24', 5002))
    lab.ok(newRange('dynamic', 2, ['10.7.0.5', '10.7.0.20']))
    lab.ok(bind(1, '10.0.0.100'))
    const [client, kept] = [`1-${mac(2)}`, { ip: ip('10.0.0.120'), mac: mac(2) }]
    lab.ok({ type: 'reservation.create', client, ...kept, hostname: '', comment: '' })
    const found = explainAddress(lab.state, ip(address))
    t.equal(found.isOfferedAsNext, next)
    if (byName === null) t.equal(found.whyNotByName, null)
    else t.match(found.whyNotByName, byName)
    if (byDhcp === null) t.equal(found.whyNotByDhcp, null)
    else t.match(found.whyNotByDhcp, byDhcp)
    const given = lab.run({
      ...{ type: 'address.reserve', subnetId: found.subnet?.id ?? (9 as never), ip: ip(address) },
      ...{ userId: 1 as never, hostname: '', mac: null },
    }).outcome
    t.equal(given.ok, byName === null)
    if (byDhcp === null || /dynamic|leased|reserved/.test(byDhcp.source)) {
      t.equal(lab.run(bind(7, address)).outcome.ok, byDhcp === null)
    }
  })
}

t.test('without a connected rack DHCP gives nothing', async (t) => {
  const lab = makeNewestLab()
  const lastBeatAt = lab.state.controllers.get('rack01' as never)?.lastBeatAt ?? 0
  lab.ok({ type: 'rack.lost', systemId: 'rack01' as never, lastBeatAt })
  t.match(explainAddress(lab.state, ip('10.0.0.101')).whyNotByDhcp, /no connected rack/)
})

// lease-protocol §2 and §3, `observed`: what was seen in use is nobody else's, and nothing is freed by seeing.
import t from 'tap'
import { isIn } from '#model/ip.ts'
import { unusedRanges } from '#state/subnet-usage.ts'
import {
  bind,
  ip,
  mac,
  makeNewestLab,
  makeServedLab,
  RACK,
  RACK_2,
} from '#test/support/region-state.ts'

const observe = (n: number, address: string) =>
  ({ type: 'lease.observe', rackId: RACK, mac: mac(n), ip: ip(address) }) as const

t.test('an address seen with another machine is for nobody else for an hour', async (t) => {
  const lab = makeServedLab()
  lab.ok(observe(7, '10.0.0.100'))
  t.match(lab.state.observed.get(ip('10.0.0.100')), { until: lab.stamp + 3_600_000 })
  t.match([...lab.state.events.values()].at(-1), { level: 'WARNING' })
  t.equal(lab.refused(bind(1, '10.0.0.100')).code, 'ADDRESS_UNAVAILABLE')
  t.ok(lab.ok(bind(7, '10.0.0.100')), 'it may be that machine’s own')
  lab.ok(observe(7, '10.0.0.101'))
  lab.ok({ type: 'time.advance' }, 3_600_000)
  t.equal(lab.state.observed.size, 0, 'and is forgotten then')
  t.ok(lab.ok(bind(1, '10.0.0.101')))
})

t.test('seeing a holder at its address, or what is not DHCP’s, keeps nothing', async (t) => {
  const lab = makeServedLab()
  lab.ok(bind(1, '10.0.0.100'))
  lab.ok(observe(1, '10.0.0.100'))
  t.equal(lab.refused(observe(7, '10.0.0.9')).code, 'NOT_FOUND')
  t.equal(lab.refused({ ...observe(7, '10.0.0.101'), rackId: RACK_2 }).code, 'NOT_FOUND')
  t.equal(lab.state.observed.size, 0)
})

t.test('a machine that answers for everything does not take the pool', async (t) => {
  const lab = makeServedLab()
  for (let n = 100; n < 116; n++) lab.ok(observe(7, `10.0.0.${n}`))
  lab.ok(observe(7, '10.0.0.100'))
  t.equal(lab.refused(observe(7, '10.0.0.120')).code, 'CONFLICT')
  lab.ok(observe(8, '10.0.0.120'))
  t.equal(lab.state.observed.size, 17)
})

t.test('an observed address is no reserve of a rack', async (t) => {
  const lab = makeServedLab()
  lab.ok({ type: 'tenure.hello', rackId: RACK, incarnation: 1, journalSequence: 1 })
  const epoch = lab.state.tenures.get(RACK)?.epoch ?? 0
  lab.ok(observe(7, '10.0.0.100'))
  const grant = { rackId: RACK, epoch, vlanId: 5001 as never, count: 1 }
  const { addresses } = lab.ok({ type: 'reserve.grant', ...grant })
  t.strictSame(addresses, [ip('10.0.0.101')])
})

t.test('outside of ranges it is neither offered nor given, and the refusal says why', async (t) => {
  const lab = makeNewestLab()
  lab.ok(observe(7, '10.0.0.101'))
  lab.ok({ type: 'ipRange.delete', id: 1 as never })
  const wanted = ip('10.0.0.101')
  const isFree = unusedRanges(lab.state, 1 as never).some((range) => isIn(range, wanted))
  t.equal(isFree, false)
  const reserve = { subnetId: 1 as never, userId: 1 as never, hostname: '', mac: null, ip: wanted }
  const { message } = lab.refused({ type: 'address.reserve', ...reserve })
  t.equal(message, 'The IP address 10.0.0.101 was seen in use by another machine.')
})

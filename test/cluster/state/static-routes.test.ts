// Static routes: what is refused, with the object in the way named, and what they keep from others.
import t from 'tap'
import type { Command, CommandOf } from '#state/command.ts'
import {
  cidr,
  contentOf,
  ip,
  makeNewestLab,
  newRange,
  newSubnet,
  type Lab,
} from '#test/support/region-state.ts'

const route = (change: object = {}): CommandOf<'staticRoute.create'> => ({
  ...{ type: 'staticRoute.create', source: 1 as never, destination: 2 as never },
  ...{ gatewayIp: ip('10.0.0.9'), metric: 0, ...change },
})
const update = (set: object, id = 1): Command => ({
  ...{ type: 'staticRoute.update', id: id as never, set },
})

/** Subnet 1 10.0.0.0/24 with DHCP over .100–.199, subnet 2 10.1.0.0/24, route 1 from 1 to 2 over 10.0.0.9. */
function routedLab(): Lab {
  const lab = makeNewestLab()
  lab.ok(newSubnet('10.1.0.0/24', 5001))
  t.equal(lab.ok(route()).id, 1)
  return lab
}

const refusals: readonly {
  readonly name: string
  readonly command: Command
  readonly code?: string
  readonly field?: string
  readonly says?: RegExp
}[] = [
  { name: 'no such source', command: route({ source: 9 }), field: 'source' },
  { name: 'no such destination', command: route({ destination: 9 }), field: 'destination' },
  {
    name: 'to itself',
    command: route({ destination: 1 }),
    field: '__all__',
    says: /cannot be the same subnet/,
  },
  { name: 'metric negative', command: route({ metric: -1 }), field: 'metric' },
  { name: 'metric too large', command: route({ metric: 2 ** 31 }), field: 'metric' },
  { name: 'metric broken', command: route({ metric: 1.5 }), field: 'metric' },
  {
    name: 'the same again',
    command: route({ metric: 5 }),
    field: '__all__',
    says: /static route 1 from 10\.0\.0\.0\/24 to 10\.1\.0\.0\/24/,
  },
  {
    name: 'gateway outside of the source',
    command: route({ gatewayIp: ip('10.1.0.9') }),
    field: 'gateway_ip',
    says: /10\.1\.0\.9 must be a host address of 10\.0\.0\.0\/24/,
  },
  {
    name: 'gateway is the broadcast address',
    command: route({ gatewayIp: ip('10.0.0.255') }),
    field: 'gateway_ip',
  },
  {
    name: 'gateway in a dynamic range',
    command: route({ gatewayIp: ip('10.0.0.150') }),
    field: 'gateway_ip',
    says: /dynamic range 10\.0\.0\.100-10\.0\.0\.199/,
  },
  {
    name: 'update to a bad gateway',
    command: update({ gatewayIp: ip('10.1.0.9') }),
    field: 'gateway_ip',
  },
  { name: 'update of none', command: update({}, 9), code: 'NOT_FOUND' },
  {
    name: 'delete none',
    command: { type: 'staticRoute.delete', id: 9 as never },
    code: 'NOT_FOUND',
  },
  {
    name: 'delete of the source',
    command: { type: 'subnet.delete', id: 1 as never },
    says: /DHCP serves/,
  },
  {
    name: 'delete of the destination',
    command: { type: 'subnet.delete', id: 2 as never },
    says: /static route 1 from 10\.0\.0\.0\/24 to 10\.1\.0\.0\/24 uses it/,
  },
  {
    name: 'a CIDR that leaves the gateway outside',
    command: { type: 'subnet.update', id: 1 as never, set: { cidr: cidr('10.0.0.64/26') } },
    field: 'cidr',
  },
  {
    name: 'a dynamic range over the gateway',
    command: newRange('dynamic', 1, ['10.0.0.5', '10.0.0.20']),
    says: /gateway of static route 1 .* 10\.0\.0\.9/,
  },
]
for (const { name, command, code = 'VALIDATION', field, says } of refusals) {
  t.test(`refused, and nothing changes: ${name}`, async (t) => {
    const lab = routedLab()
    const content = contentOf(lab.state)
    const refusal = lab.refused(command)
    t.equal(refusal.code, code)
    if (field !== undefined) t.same(Object.keys(refusal.fields ?? {}), [field])
    if (says !== undefined) t.match(refusal.message, says)
    t.equal(contentOf(lab.state), content)
  })
}

t.test('the gateway of a route is checked when its source shrinks', async (t) => {
  const lab = routedLab()
  lab.ok({ type: 'ipRange.delete', id: 1 as never })
  const set = { cidr: cidr('10.0.0.128/25') }
  const refusal = lab.refused({ type: 'subnet.update', id: 1 as never, set })
  t.match(refusal.message, /The gateway of static route 1 .* would be outside/)
})

t.test('a route is changed and deleted; its id is not given again', async (t) => {
  const lab = routedLab()
  lab.ok(update({ metric: 7, gatewayIp: ip('10.0.0.10') }))
  t.match(lab.state.staticRoutes.get(1 as never), { metric: 7, gatewayIp: ip('10.0.0.10') })
  lab.ok({ type: 'staticRoute.delete', id: 1 as never })
  t.equal(lab.state.staticRoutes.size, 0)
  t.equal(lab.ok(route()).id, 2)
})

t.test('a subnet that goes by force takes its routes with it', async (t) => {
  const lab = routedLab()
  lab.ok({ type: 'subnet.delete', id: 2 as never, force: true })
  t.equal(lab.state.staticRoutes.size, 0)
})

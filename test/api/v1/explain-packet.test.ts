// What would be answered to a packet or a question that nobody sent, through the API: by the racks' own functions.
import t, { type Test } from 'tap'
import type { DhcpQuestion } from '#model/explain.ts'
import { decodePacket } from '#rack/dhcp/decode.ts'
import { decide } from '#rack/dhcp/decide.ts'
import { hypotheticalPacket } from '#rack/dhcp/hypothetical.ts'
import { Offers } from '#rack/dhcp/offers.ts'
import { parametersOf } from '#rack/dhcp/parameters.ts'
import { makeReply } from '#rack/dhcp/reply.ts'
import { ViewIndex } from '#rack/dhcp/view-index.ts'
import { WaitingClients } from '#rack/dhcp/waiting-clients.ts'
import { fullView } from '#node/rack-view.ts'
import { makeView } from '#test/support/rack-view.ts'
import { bind, ip, mac } from '#test/support/region-state.ts'
import { PLAIN, SYSTEM, type TestApi } from '../support/api.ts'
import { startSite } from '../support/site.ts'

const MAC = mac(1)
const explain = async (api: TestApi, query: string) =>
  (await api.get(`/api/v1/explain/dhcp?mac=${MAC}&${query}`, { key: PLAIN })).json
const option = ({ options }: Explained, code: number) => options.find((one) => one.code === code)
type Explained = { options: { code: number; value: string; scope: string; origin: string }[] }

async function makeSite(t: Test) {
  const api = await startSite(t)
  const set = (at: string, value: unknown) =>
    api.ask('PUT', `/api/v1/dhcp-options/${at}`, { json: { value } })
  await set('global/26', 1_400)
  await set('subnet:1/domain-search', ['a.example', 'b.example'])
  await set(`host:${MAC}/routers`, '192.0.2.7')
  await api.post('dhcp-snippets/', {
    ...{ name: 'boot', subnet: '1', value: 'filename "x.efi"; next-server 192.0.2.9;' },
  })
  return api
}

t.test('a DHCPDISCOVER: who answers, with what, from where', async (t) => {
  const api = await makeSite(t)
  const found = await explain(api, 'vlan=5001&client=pxe&architecture=7')
  t.match(found, {
    ...{ answer: 'offer', rack: 'rack01', vlan: { id: 5001 } },
    racks: [{ system_id: 'rack01', connected: true }, { system_id: 'rack02' }],
    ...{ address: { ip: /^192\.0\.2\.1\d\d$/, lease_seconds: 30 } },
    boot: { file: 'x.efi', server: '192.0.2.9' },
    steps: [/on VLAN/, /Rack host-rack01 answers/, /first free address/, /boot client \(pxe\)/],
  })
  t.match(option(found, 26), { value: '1400', scope: 'global', origin: 'option of global' })
  t.match(option(found, 3), { value: '192.0.2.7', scope: 'host' })
  t.match(option(found, 119), { scope: 'subnet' })
  t.match(option(found, 54), { value: '192.0.2.2' })
  t.match(found.steps.join(' '), /The boot file is from snippet 1 \(boot\)/)
})

t.test(
  'statements of snippets that are not served are named, those for others are not',
  async (t) => {
    const api = await makeSite(t)
    const value = 'if known { filename "y"; }'
    await api.post('dhcp-snippets/', { name: 'all', value })
    await api.post('dhcp-snippets/', { name: 'two', subnet: '2', value })
    await api.post('dhcp-snippets/', { name: 'off', enabled: 'false', value })
    const { steps } = await explain(api, 'vlan=5001')
    t.same(
      steps.filter((step: string) => step.startsWith('Not served')),
      ['Not served of snippet 2 (all): Line 1: if (blocks of this kind are not served).'],
    )
  },
)

t.test('the explanation is the very answer that a rack with this view gives', async (t) => {
  const api = await makeSite(t)
  const { state } = api.region.local()
  const question: DhcpQuestion = {
    ...{ message: 'discover', mac: MAC, ip: null, server: null, giaddr: null, client: 'ipxe' },
    ...{ architecture: 7, vendorClass: '', userClass: '', asks: [] },
  }
  const rackId = 'rack01' as never
  const index = new ViewIndex(makeView(fullView(state, rackId)))
  const own = { ip: ip('192.0.2.2'), prefix: 24 }
  const link = { name: 'eth0', interfaceIndex: 1, mac: mac(9), addresses: [own], vlanId: 5001 }
  const decision = decide(
    hypotheticalPacket(question, own.ip),
    { link: link as never, sourcePort: 68, destination: ip('255.255.255.255'), receivedAtMs: 0 },
    {
      ...{ rackId, index, offers: new Offers(), waiting: new WaitingClients(), nowMs: 0 },
      ...{ ownAddresses: [own.ip], rights: undefined, isConnected: true },
    },
  )
  if (decision.type !== 'offer') throw new Error(decision.type)
  const sent = decodePacket(makeReply(decision, parametersOf(index, decision, 5248)).bytes)
  if (!sent.ok) throw new Error(sent.reason)
  const found = await explain(api, 'vlan=5001&client=ipxe&architecture=7')
  t.equal(ip(found.address.ip), sent.packet.yiaddr)
  t.equal(found.boot.file, sent.packet.file)
  const computed = [53, 58, 59]
  t.same(
    found.options
      .map(({ code }: { code: number }) => code)
      .toSorted((a: number, b: number) => a - b),
    [...sent.packet.options.keys()]
      .filter((code) => !computed.includes(code))
      .toSorted((a, b) => a - b),
  )
})

t.test(
  'requests: bound, refused as another’s, without a record, for another network',
  async (t) => {
    const api = await makeSite(t)
    const client = (n: number) => `1-${mac(n).replaceAll(':', '')}`
    await api.region.propose(bind(1, '192.0.2.110', { client: client(1) }), { actor: SYSTEM })
    await api.region.propose(bind(2, '192.0.2.111', { client: client(2) }), { actor: SYSTEM })
    t.match(await explain(api, 'subnet=1'), {
      ...{ answer: 'offer', address: { ip: '192.0.2.110' } },
      steps: [/./, /./, '192.0.2.110 is leased to the client.'],
    })
    const ask = (message: string, address: string) =>
      explain(api, `vlan=5001&message=${message}&ip=${address}`)
    const kept = await ask('renewing', '192.0.2.110')
    t.match(kept, { answer: 'ack', address: { ip: '192.0.2.110', lease_seconds: 600 } })
    const taken = await ask('selecting', '192.0.2.111')
    t.match(taken, { answer: 'nak', address: null })
    t.match(taken.steps.join(' '), /region would refuse: 192\.0\.2\.111 is not free/)
    t.match(await ask('init-reboot', '192.0.2.110'), { answer: 'ack' })
    t.match(await ask('init-reboot', '10.0.0.1'), { answer: 'nak' })
    t.equal((await ask('rebinding', '192.0.2.120')).answer, 'ack')
    t.match(await ask('inform', '192.0.2.50'), { answer: 'ack', address: null })
  },
)

t.test('behind a relay: the racks of the VLAN that it points to answer', async (t) => {
  const api = await makeSite(t)
  const { json: vlan } = await api.post('fabrics/0/vlans/', { vid: '7', name: 'far' })
  await api.put(`vlans/${vlan.id}/`, { relay_vlan: '5001' })
  await api.post('subnets/', { cidr: '10.7.0.0/24', vlan: String(vlan.id) })
  await api.post('ipranges/', { type: 'dynamic', start_ip: '10.7.0.100', end_ip: '10.7.0.109' })
  const far = { answer: 'offer', rack: 'rack01', address: { ip: /^10\.7\.0\.10\d$/ } }
  t.match(await explain(api, `vlan=${vlan.id}`), {
    ...far,
    steps: [/on VLAN far/, /relay points to VLAN/, /Rack host-rack01 answers/],
  })
  t.match(await explain(api, 'giaddr=10.7.0.9'), far)
})

t.test('silence says why', async (t) => {
  const api = await makeSite(t)
  const why = async (query: string) => {
    const { answer, steps } = await explain(api, query)
    return `${answer}: ${steps.at(-1)}`
  }
  t.match(await why('giaddr=10.9.9.9'), /^silence: The relay 10\.9\.9\.9 is in no subnet/)
  const { json } = await api.post('fabrics/0/vlans/', { vid: '7' })
  t.match(await why(`vlan=${json.id}`), /^silence: DHCP is off on VLAN/)
  t.match(await why('vlan=5001&rack=rack02'), /^silence: Another rack comes first/)
  t.match(await why('vlan=5001&message=selecting&ip=192.0.2.9&server=192.0.2.99'), /another server/)
})

const WRONG: readonly (readonly [string, string])[] = [
  ['mac=zz&vlan=5001', 'mac'],
  ['vlan=5001', 'mac'],
  [`mac=${MAC}`, 'vlan'],
  [`mac=${MAC}&vlan=99`, 'vlan'],
  [`mac=${MAC}&subnet=99`, 'subnet'],
  [`mac=${MAC}&vlan=5001&rack=nobody`, 'rack'],
  [`mac=${MAC}&vlan=5001&message=offer`, 'message'],
  [`mac=${MAC}&vlan=5001&asks=1,what`, 'asks'],
]

t.test('what is wrong is named by its field', async (t) => {
  const api = await startSite(t)
  for (const [query, field] of WRONG) {
    const { status, json } = await api.get(`/api/v1/explain/dhcp?${query}`)
    t.equal(status, 400, query)
    t.same(Object.keys(json.fields), [field], query)
  }
  const { status } = await api.get(`/api/v1/explain/dhcp?mac=${MAC}&vlan=5001`, { key: null })
  t.equal(status, 401)
})

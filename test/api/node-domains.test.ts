// The domain of machines, devices and controllers: chosen, followed and shown everywhere (maas-api §8, §9).
import t from 'tap'
import { bind, mac } from '#test/support/region-state.ts'
import { SYSTEM, type TestApi } from './support/api.ts'
import { differences } from '#tools/walk/key-check.ts'
import { startSite } from './support/site.ts'

const machine = (n: number, more: Record<string, string> = {}) => ({
  ...{ architecture: 'amd64', mac_addresses: mac(n), hostname: `box${n}`, ...more },
})
type Shown = { readonly fqdn: string; readonly domain: { readonly name: string } }
const namesIn = (rows: unknown) => (rows as Shown[]).map(({ fqdn }) => fqdn)

async function startLab(t: Parameters<typeof startSite>[0]): Promise<TestApi> {
  const api = await startSite(t)
  await api.post('domains/', { name: 'lab.example' })
  return api
}

t.test(
  'a machine is in the default domain until it is put elsewhere, and can come back',
  async (t) => {
    const api = await startLab(t)
    const made = (await api.post('machines/', machine(1))).json
    t.match(made, { fqdn: 'box1.maas', domain: { id: 0, name: 'maas', is_default: true } })
    const path = `machines/${made.system_id}/`
    const moved = (await api.put(path, { domain: 'lab.example' })).json
    t.match(moved, { fqdn: 'box1.lab.example', domain: { id: 1, is_default: false } })
    t.same(differences('machine', moved), [])
    t.match((await api.put(path, { hostname: 'crate' })).json, { fqdn: 'crate.lab.example' })
    t.match((await api.put(path, { domain: '0' })).json, { fqdn: 'crate.maas' })
    t.match((await api.put(path, { hostname: 'crate.lab.example' })).json, {
      fqdn: 'crate.lab.example',
    })
    const unknown = await api.put(path, { domain: 'nowhere', description: 'x' })
    t.match([unknown.status, unknown.json.domain?.[0]], [400, /no domain nowhere/])
    t.match((await api.get(path)).json, { description: '', fqdn: 'crate.lab.example' })
  },
)

t.test(
  'chosen when it is made; an enlisting machine’s foreign domain counts for nothing',
  async (t) => {
    const api = await startLab(t)
    const made = (await api.post('machines/', machine(1, { domain: 'LAB.example' }))).json
    t.match(made, { fqdn: 'box1.lab.example' })
    const named = (await api.post('machines/', machine(2, { hostname: 'a.lab.example' }))).json
    t.match(named, { hostname: 'a', fqdn: 'a.lab.example' })
    const wrong = await api.post('machines/', machine(3, { hostname: 'a.elsewhere.example' }))
    t.match([wrong.status, wrong.json.hostname?.[0]], [400, /no domain elsewhere\.example/])
    const form = machine(3, { hostname: 'b.elsewhere.example' })
    const enlisted = (await api.post('machines/', form, { key: null })).json
    t.match(enlisted, { hostname: 'b', fqdn: 'b.maas' })
    const inLab = namesIn((await api.get('machines/?domain=lab.example')).json)
    t.same(inLab.toSorted(), ['a.lab.example', 'box1.lab.example'])
    t.same(namesIn((await api.get('machines/?domain=maas')).json), ['b.maas'])
  },
)

t.test('devices and controllers too', async (t) => {
  const api = await startLab(t)
  const form = { mac_addresses: mac(9), hostname: 'printer', domain: 'lab.example' }
  const device = (await api.post('devices/', form)).json
  t.match(device, { fqdn: 'printer.lab.example', domain: { name: 'lab.example' } })
  t.same(differences('device', device), [])
  t.equal((await api.get('devices/?domain=lab.example')).json.length, 1)
  t.equal((await api.get('devices/?domain=maas')).json.length, 0)
  const path = `devices/${device.system_id}/`
  t.match((await api.put(path, { domain: 'maas' })).json, { fqdn: 'printer.maas' })
  t.equal((await api.put(path, { domain: 'nowhere' })).status, 400)
  const rack = (await api.put('rackcontrollers/rack01/', { domain: 'lab.example' })).json
  t.match(rack, { fqdn: 'host-rack01.lab.example' })
  t.same(differences('rackcontroller', rack), [])
})

t.test(
  'another name of the default domain, and another default domain, show everywhere',
  async (t) => {
    const api = await startLab(t)
    const { system_id: id } = (await api.post('machines/', machine(1))).json
    await api.post('machines/', machine(2, { domain: 'lab.example' }))
    await api.post('devices/', { mac_addresses: mac(9), hostname: 'printer' })
    await api.region.propose(bind(1, '192.0.2.100', { rackId: 'rack01' as never }), {
      actor: SYSTEM,
    })
    const seen = async (): Promise<readonly string[]> => [
      ...namesIn((await api.get('machines/')).json),
      ...namesIn((await api.get('devices/')).json),
      ...namesIn((await api.get('rackcontrollers/')).json).slice(0, 1),
      String((await api.get('subnets/1/?op=ip_addresses')).json.at(-1).node_summary.fqdn),
      ...namesIn((await api.get('dnsresources/?all=true')).json),
    ]
    const in2 = (domain: string) => [
      ...[`box1.${domain}`, 'box2.lab.example', `printer.${domain}`, `host-rack01.${domain}`],
      ...[`box1.${domain}`, `box1.${domain}`],
    ]
    t.same((await seen()).toSorted(), in2('maas').toSorted())
    t.equal((await api.put('domains/0/', { name: 'dc.example' })).status, 200)
    t.same((await seen()).toSorted(), in2('dc.example').toSorted())
    t.match((await api.get(`machines/${id}/`)).json.domain, { id: 0, name: 'dc.example' })
    await api.put('domains/1/', { name: 'room.example' })
    await api.post('domains/', { name: 'new.example' })
    await api.post('domains/2/?op=set_default')
    const now = namesIn((await api.get('machines/')).json)
    t.same(now.toSorted(), ['box1.new.example', 'box2.room.example'])
  },
)

t.test(
  'a domain with a node in it stays, and an older cluster has none but the default one',
  async (t) => {
    const api = await startLab(t)
    const { system_id: id } = (await api.post('machines/', machine(1, { domain: '1' }))).json
    const kept = await api.ask('DELETE', 'domains/1/')
    t.match([kept.status, kept.text], [400, /cannot be deleted: box1 is in it/])
    await api.put(`machines/${id}/`, { domain: 'maas' })
    t.equal((await api.ask('DELETE', 'domains/1/')).status, 204)
    await api.post('domains/', { name: 'lab.example' })
    Object.defineProperty(api.region.local().state, 'featureLevel', { value: 2 })
    const refused = await api.post('machines/', machine(2, { domain: 'lab.example' }))
    t.match([refused.status, refused.text], [503, /needs feature level 3, the cluster is at 2/])
    t.equal((await api.post('machines/', machine(2, { domain: 'maas' }))).status, 200)
  },
)

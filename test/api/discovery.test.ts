// Neighbours that racks heard, in MAAS's shape.
import t from 'tap'
import { ip, mac, RACK } from '#test/support/region-state.ts'
import { PLAIN, SYSTEM } from './support/api.ts'
import { startSite } from './support/site.ts'

t.test('neighbours are listed, narrowed to the unknown, shown and cleared', async (t) => {
  const api = await startSite(t)
  await api.post('devices/', { mac_addresses: mac(2), hostname: 'printer' })
  await api.post('ipaddresses/?op=reserve', { ip: '192.0.2.21' })
  const neighbours = [1, 2].map((n) => ({
    ...{ vlanId: 5001 as never, ip: ip(`192.0.2.2${n}`), mac: mac(n) },
  }))
  neighbours.push({ vlanId: 5001 as never, ip: ip('192.0.2.23'), mac: mac(3) })
  await api.region.propose(
    { type: 'neighbour.report', rackId: RACK, neighbours },
    { actor: SYSTEM },
  )
  const ips = async (query: string): Promise<readonly string[]> =>
    (await api.get(`discovery/${query}`, { key: PLAIN })).json.map((row: { ip: string }) => row.ip)
  t.same(await ips(''), ['192.0.2.21', '192.0.2.22', '192.0.2.23'])
  t.same(await ips('?op=by_unknown_mac'), ['192.0.2.21', '192.0.2.23'])
  t.same(await ips('?op=by_unknown_ip'), ['192.0.2.22', '192.0.2.23'])
  t.same(await ips('?op=by_unknown_ip_and_mac'), ['192.0.2.23'])
  const [first] = (await api.get('discovery/')).json
  t.match(first, {
    ...{ ip: '192.0.2.21', mac_address: mac(1), mac_organization: null, hostname: null, vid: 0 },
    observer: { system_id: 'rack01', hostname: 'host-rack01', interface_name: 'eth0' },
  })
  t.same((await api.get(`discovery/${first.discovery_id}/`)).json, first)
  t.equal((await api.get('discovery/bm8/')).status, 404)
  const clear = (form: Record<string, string>) =>
    api.post('discovery/?op=clear_by_mac_and_ip', form)
  t.equal((await clear({ ip: '192.0.2.21', mac: mac(1) })).status, 204)
  t.equal((await clear({ ip: '192.0.2.21', mac: mac(1) })).status, 404)
  t.equal((await clear({ ip: 'x', mac: mac(1) })).status, 400)
  t.equal((await api.post('discovery/?op=clear', { mdns: 'true' })).status, 204)
  t.equal((await ips('')).length, 2, 'names alone were cleared')
  t.equal((await api.post('discovery/?op=clear', { all: 'true' })).status, 204)
  t.same(await ips(''), [])
})

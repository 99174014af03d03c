// Machines that ask for what is not theirs. MAAS gives a machine's secret to whoever asks for its preseed; each rule
// of `api/metadata/standing.ts` has its attack here.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import t from 'tap'
import { parseIp } from '#model/ip.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import type { SystemId, VlanId } from '#model/ids.ts'
import { mac, registerRack } from '#test/support/region-state.ts'
import { MachineRoom } from './support/machines.ts'

// Many requests on a busy host.
t.setTimeout(120_000)

const SECRET = /token_secret/

/** 203.0.112.0/24, on a VLAN where somebody else runs DHCP. */
async function addForeignSubnet({ api }: MachineRoom): Promise<number> {
  const { json } = await api.post('fabrics/0/vlans/', { vid: '20', name: 'theirs' })
  const made = await api.post('subnets/', { cidr: '203.0.112.0/24', vlan: String(json.id) })
  if (made.status !== 200) throw new Error(made.text)
  return Number(json.id)
}

/** As the commands of links will leave it. */
function link(
  room: MachineRoom,
  systemId: SystemId,
  { vlanId, ip }: { readonly vlanId: number; readonly ip: string },
): void {
  const { state } = room.api.region.local()
  const [nic] = state.interfacesByMachine.rows(systemId)
  if (nic === undefined) throw new Error('no interface')
  const links = [{ id: 1, mode: 'static', subnetId: null, ip: parseIp(ip) ?? null }] as const
  state.interfaces.put(nic.id, { ...nic, vlanId: vlanId as VlanId, links })
  state.journal.take()
}

t.test('a preseed is given to the address that the machine has by lease', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  await room.commission(id)
  const answer = await room.preseed(room.address(1), id)
  t.equal(answer.status, 200, answer.text)
  t.match(answer.text, SECRET)
  t.equal(answer.headers.get('cache-control'), 'no-store')
})

t.test('another machine does not get it, nor a rack, nor an address given to nobody', async (t) => {
  const room = await MachineRoom.start(t)
  const [id] = [await room.add(1), await room.add(2)]
  await room.lease(1)
  await room.lease(2)
  await room.commission(id)
  const { api } = room
  const device = { mac_addresses: mac(9), hostname: 'printer' }
  await api.post('devices/', device)
  await room.lease(9)
  const given = await api.post('ipaddresses/?op=reserve', { ip: '192.0.2.50', subnet: '1' })
  t.equal(given.status, 200, given.text)
  const elsewhere = [room.address(2), room.address(9), '192.0.2.3', '192.0.2.50', '192.0.2.77']
  for (const address of elsewhere) {
    const answer = await room.preseed(address, id)
    t.equal(answer.status, 403, `${address}: ${answer.text}`)
    t.notMatch(answer.text, SECRET)
  }
  t.equal(api.region.local().state.machineTokens.size, 0, 'no token was made')
})

t.test('where our racks serve nothing, what others have is theirs all the same', async (t) => {
  const room = await MachineRoom.start(t)
  const [id, other] = [await room.add(1), await room.add(2)]
  await room.commission(id)
  const vlanId = await addForeignSubnet(room)
  const rack = registerRack('rack01' as SystemId, ['192.0.2.2/24', '203.0.112.2/24'], 2)
  await room.run(rack)
  const form = { ip: '203.0.112.50', subnet: '203.0.112.0/24' }
  t.equal((await room.api.post('ipaddresses/?op=reserve', form)).status, 200)
  link(room, other, { vlanId, ip: '203.0.112.7' })
  for (const host of [2, 50, 7]) {
    t.equal((await room.preseed(`203.0.112.${host}`, id)).status, 403, String(host))
  }
  t.equal((await room.preseed('203.0.112.9', id)).status, 200, 'of nobody that we know')
})

t.test('a lease that has ended gives no right', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1, 30)
  await room.commission(id)
  room.api.clock.advance(24 * 3_600_000)
  // Its row is still there: only `time.advance` sweeps.
  await room.run({ type: 'machine.netboot', systemId: id, on: false })
  t.equal(room.api.region.local().state.holds.size, 1)
  t.equal((await room.preseed(room.address(1), id)).status, 403)
})

t.test('an address of a link is the machine’s own, and nobody else’s', async (t) => {
  const room = await MachineRoom.start(t)
  const [id, other] = [await room.add(1), await room.add(2)]
  await room.commission(id)
  await room.commission(other)
  link(room, id, { vlanId: 5001, ip: '198.51.100.7' })
  t.equal((await room.preseed('198.51.100.7', id)).status, 200)
  t.equal((await room.preseed('198.51.100.7', other)).status, 403)
})

t.test(
  'an address that the cluster knows nothing of is allowed, or not, by a setting',
  async (t) => {
    const room = await MachineRoom.start(t)
    const id = await room.add(1)
    await room.commission(id)
    t.equal((await room.preseed('203.0.113.9', id)).status, 200, 'somebody else runs DHCP there')
    await addForeignSubnet(room)
    t.equal((await room.preseed('203.0.112.9', id)).status, 200, 'a VLAN without our DHCP')
    t.equal((await room.preseed('198.51.100.9', id)).status, 403, 'one with it')
    const form = { name: 'metadata_unknown_addresses', value: 'false' }
    t.equal((await room.api.post('maas/?op=set_config', form)).status, 200)
    t.equal((await room.preseed('203.0.113.9', id)).status, 403)
  },
)

t.test('only racks and this host are believed about where a client is', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  await room.commission(id)
  // The last hop is the rack's word; what a client wrote before it is nothing.
  const forged = `${room.address(1)}, 192.0.2.77`
  t.equal((await room.preseed(forged, id)).status, 403)
  t.equal((await room.preseed(`192.0.2.77, ${room.address(1)}`, id)).status, 200)
  t.equal((await room.preseed('nonsense', id)).status, 403, 'it cannot be told')
})

t.test('there is a preseed only where there is something to boot', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  const asked = async () => {
    const { status, text } = await room.preseed(room.address(1), id)
    return { status, secret: SECRET.test(text) }
  }
  t.same(await asked(), { status: 200, secret: true }, 'New: it is being enlisted')
  await room.deploy(id)
  t.same(await asked(), { status: 200, secret: true }, 'Deploying')
  await room.run({ type: 'machine.netboot', systemId: id, on: false })
  t.same(await asked(), { status: 403, secret: false }, 'installed: it boots its disk')
  await room.run({ type: 'machine.booted', systemId: id })
  t.same(await asked(), { status: 403, secret: false }, 'Deployed')
  await room.run({ type: 'machine.release', systemId: id, comment: '' }, 'admin')
  t.equal(room.statusOf(id), S.READY)
  t.same(await asked(), { status: 200, secret: false }, 'Ready: it is told to switch off')
})

t.test('a token is good for one machine, one stay, and this service', async (t) => {
  const room = await MachineRoom.start(t)
  const [id, other] = [await room.add(1), await room.add(2)]
  await room.lease(1)
  await room.lease(2)
  await room.commission(id)
  await room.commission(other)
  const key = await room.keyOf(1, id)
  const at = (path: string, ask: object) => room.from(room.address(1), 'GET', path, ask)
  const ID = '2012-03-01/meta-data/instance-id'
  t.equal((await at(ID, { key })).text, id)
  t.equal((await at(ID, { key: room.adminKey })).status, 401, 'users’ keys open nothing here')
  t.equal((await room.api.get('machines/', { key })).status, 401, 'nor this one the API')
  t.equal((await room.api.get('/api/v1/leases', { key })).status, 401)
  t.equal((await at(ID, {})).status, 401)
  t.equal((await at(ID, { key: { ...key, tokenSecret: 'x'.repeat(32) } })).status, 401)
  t.equal((await at(ID, { key: { ...key, consumerKey: 'x'.repeat(18) } })).status, 401)
  const event = { name: 'x', description: 'x', event_type: 'start', origin: 'cloudinit' }
  const foreign = await room.from(room.address(1), 'POST', `status/${other}`, { key, json: event })
  t.equal(foreign.status, 403, 'it reports for itself alone')
  await room.signal(id, 'FAILED')
  t.equal((await at(ID, { key })).status, 401, 'the work is over')
  t.notOk(room.api.logs.join('').includes(key.tokenSecret), 'no secret is in the log')
})

t.test('a captured token is of no use at another machine while there is work', async (t) => {
  const room = await MachineRoom.start(t)
  const [id] = [await room.add(1), await room.add(2)]
  await room.lease(1)
  await room.lease(2)
  await room.deploy(id)
  const key = await room.keyOf(1, id)
  const ask = (address: string) =>
    room.from(address, 'GET', 'latest/meta-data/instance-id', { key })
  t.equal((await ask(room.address(2))).status, 403, 'the address of another machine')
  t.equal((await ask('192.0.2.99')).status, 403, 'one that nobody was given')
  t.equal((await ask(room.address(1))).status, 200)
  await room.run({ type: 'machine.booted', systemId: id })
  t.equal((await ask('192.0.2.99')).status, 200, 'an installed system may be anywhere')
})

t.test('an environment whose lease ran out goes on speaking from where it began', async (t) => {
  const room = await MachineRoom.start(t)
  const [id] = [await room.add(1), await room.add(2)]
  await room.lease(1, 30)
  await room.commission(id)
  const key = await room.keyOf(1, id)
  const ask = () => room.from(room.address(1), 'GET', 'latest/meta-data/instance-id', { key })
  room.api.clock.advance(3 * 3_600_000)
  await room.run({ type: 'machine.heartbeat', systemId: id })
  t.equal((await ask()).status, 200)
  await room.run({
    ...{ type: 'lease.bind', rackId: 'rack01' as never, client: `1-${mac(2)}`, mac: mac(2) },
    ...{ ip: 0xc0_00_02_65 as never, leaseSeconds: 600, kind: 'selecting', hostname: '' },
  })
  t.equal((await ask()).status, 403, 'somebody else has the address now')
})

t.test('without a key nobody turns the network boot of another machine off', async (t) => {
  const room = await MachineRoom.start(t)
  const [id] = [await room.add(1), await room.add(2)]
  await room.lease(1)
  await room.lease(2)
  await room.deploy(id)
  const off = (address: string) =>
    room.from(address, 'POST', `latest/by-id/${id}/`, { form: { op: 'netboot_off' } })
  const netboot = () => room.api.region.local().state.machines.get(id)?.netboot
  t.equal((await off(room.address(2))).status, 403)
  t.equal(netboot(), true)
  const own = await off(room.address(1))
  t.same([own.status, own.text, netboot()], [200, 'OK', false])
  t.equal((await off(room.address(1))).status, 200, 'the answer may have been lost')
  await room.run({ type: 'machine.booted', systemId: id })
  const on = { form: { op: 'netboot_on' } }
  t.equal((await room.from(room.address(1), 'POST', `latest/by-id/${id}/`, on)).status, 403)
})

t.test('who floods is refused, and nobody else', async (t) => {
  const room = await MachineRoom.start(t)
  const statuses = new Set<number>()
  for (let i = 0; i < 601; i++) {
    statuses.add((await room.from('203.0.113.9', 'GET', 'enlist/latest/')).status)
  }
  t.same([...statuses], [200, 429])
  t.equal((await room.from('203.0.113.10', 'GET', 'enlist/latest/')).status, 200)
})

t.test('a forged host does not get into a script', async (t) => {
  const room = await MachineRoom.start(t)
  const bad = { host: "x'; reboot; '" }
  const answer = await room.from('203.0.113.9', 'GET', 'enlist/latest/user-data', bad)
  t.equal(answer.status, 400)
})

t.test('nobody without a token has a long body kept, told or not', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  await room.commission(id)
  const key = await room.keyOf(1, id)
  const long = 'x'.repeat(70_000)
  const form = { op: 'signal', status: 'WORKING', error: long }
  const from = room.address(1)
  t.equal((await room.from(from, 'POST', '2012-03-01/', { form })).status, 413)
  t.equal((await room.from(from, 'POST', `status/${id}`, { json: { long } })).status, 413)
  t.equal((await room.from(from, 'POST', '2012-03-01/', { form, key })).status, 200)
  const stranger = { ...key, tokenKey: 'nobodys' }
  t.equal((await room.from(from, 'POST', '2012-03-01/', { form, key: stranger })).status, 413)
  // Without a length, so it is seen while it is read; and the refusal still arrives.
  const { hostname, port } = new URL(room.api.url)
  const asked = request({ hostname, port, method: 'POST', path: `/MAAS/metadata/status/${id}` })
  asked.write(long)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  t.equal(answer.resume().statusCode, 413)
  asked.destroy()
})

t.test('bodies of one address are kept up to 16 MiB at a time', async (t) => {
  const room = await MachineRoom.start(t)
  const id = await room.add(1)
  await room.lease(1)
  await room.commission(id)
  const key = await room.keyOf(1, id)
  const { hostname, port } = new URL(room.api.url)
  const answers = Array.from({ length: 5 }, async () => {
    const headers = { authorization: room.api.sign(key), 'x-forwarded-for': room.address(1) }
    const path = `/MAAS/metadata/status/${id}`
    const asked = request({ hostname, port, method: 'POST', path, headers, agent: false })
    // Four are never answered, as they never end.
    asked.on('error', () => {})
    t.teardown(() => asked.destroy())
    asked.write(Buffer.alloc((4 << 20) - 1, 'x'))
    return await new Promise<IncomingMessage>((resolve) => asked.once('response', resolve))
  })
  t.equal((await Promise.race(answers)).statusCode, 429)
})

// The operations on machines, each with what MAAS answers when it is possible and when it is not (maas-api §10.1).
import t from 'tap'
import { PLAIN, startTestApi, SYSTEM, type TestApi } from '#test/api/support/api.ts'
import type { Command } from '#state/command.ts'
import { until } from '#test/support/until.ts'

const ask = { key: PLAIN }

async function addMachine(
  api: TestApi,
  n: number,
  form: Record<string, string> = {},
): Promise<string> {
  const mac = `52:54:00:00:01:${n.toString(16).padStart(2, '0')}`
  const answer = await api.post('machines/', {
    ...{ architecture: 'amd64/generic', mac_addresses: mac, power_type: 'manual' },
    ...{ commission: 'false', ...form },
  })
  return answer.json.system_id
}

async function say(api: TestApi, command: Command): Promise<void> {
  const { outcome } = await api.region.propose(command, { actor: SYSTEM })
  if (!outcome.ok) throw new Error(outcome.message)
}

async function ready(api: TestApi, n: number, form: Record<string, string> = {}): Promise<string> {
  const id = await addMachine(api, n, form)
  await api.post(`machines/${id}/?op=commission`)
  await say(api, { type: 'machine.signal', systemId: id as never, status: 'OK', error: '' })
  return id
}

const op = (api: TestApi, id: string, name: string, form = {}, how = {}) =>
  api.post(`machines/${id}/?op=${name}`, form, how)

t.test('from New to Deployed and back, as a user and an administrator do it', async (t) => {
  const api = await startTestApi(t)
  const id = await addMachine(api, 1)
  const commissioning = await op(api, id, 'commission', { enable_ssh: '1', skip_storage: 'true' })
  t.match(commissioning.json, { status: 1, status_name: 'Commissioning', owner: 'admin' })
  const mine = async (): Promise<unknown> => (await api.get('machines/?op=list_allocated')).json
  t.same(await mine(), [], 'who commissions a machine was not given it')
  t.match(api.region.local().state.machineWork.get(id as never)?.work, {
    ...{ kind: 'commission', options: { enableSsh: true, skipStorage: true } },
  })
  await say(api, { type: 'machine.signal', systemId: id as never, status: 'OK', error: '' })
  t.match((await api.get(`machines/${id}/`)).json, { status_name: 'Ready', owner: null })
  const form = { agent_name: 'juju', comment: 'for a test' }
  const allocated = await api.post('machines/?op=allocate', form, ask)
  t.match(allocated.json, { system_id: id, status: 10, owner: 'plain', constraints_by_type: {} })
  t.match(await mine(), [{ system_id: id }])
  t.equal((await api.get('machines/?agent_name=juju')).json.length, 1)
  t.equal((await api.get('machines/?agent_name=other')).json.length, 0)
  const deploy = { distro_series: 'debian/bookworm', user_data: 'I2Nsb3Vk', hwe_kernel: 'ga-22.04' }
  const deploying = await op(api, id, 'deploy', deploy, ask)
  t.match(deploying.json, {
    ...{ status_name: 'Deploying', osystem: 'debian', distro_series: 'bookworm', netboot: true },
    hwe_kernel: 'ga-22.04',
  })
  t.equal(api.region.local().state.deployments.get(id as never)?.userData, 'I2Nsb3Vk')
  t.strictSame((await api.get(`machines/?op=deployment_status&machines=${id}`)).json, {
    [id]: 'Deploying',
  })
  await say(api, { type: 'machine.netboot', systemId: id as never, on: false })
  await say(api, { type: 'machine.booted', systemId: id as never })
  t.match((await api.get(`machines/${id}/`, ask)).json, { status_name: 'Deployed', netboot: false })
  await op(api, id, 'set_workload_annotations', { role: 'web' }, ask)
  const released = await op(api, id, 'release', { comment: 'done' }, ask)
  t.match(released.json, {
    ...{ status_name: 'Ready', owner: null, owner_data: {}, osystem: '', netboot: true },
  })
  t.equal((await op(api, id, 'release', {}, ask)).status, 200, 'a client may ask again')
  const texts = (await api.get(`events/?op=query&id=${id}&limit=100`)).json.events as readonly {
    readonly type: string
    readonly description: string
  }[]
  t.ok(texts.some(({ description }) => description === '(plain) - for a test'))
  t.ok(texts.some(({ description }) => description === "From 'Releasing' to 'Ready'"))
})

const REFUSALS = [
  { op: 'commission', from: 'allocated', status: 400, text: 'Commission is not available' },
  {
    op: 'deploy',
    from: 'new',
    status: 409,
    text: `Can't deploy a machine that is in the 'New' state`,
  },
  {
    op: 'release',
    from: 'new',
    status: 409,
    text: `Machine cannot be released in its current state ('New').`,
  },
  { op: 'abort', from: 'ready', status: 409, text: 'Cannot abort in current state' },
  {
    op: 'mark_fixed',
    from: 'ready',
    status: 409,
    text: `Can't mark a non-broken node as 'Ready'.`,
  },
  { op: 'lock', from: 'ready', status: 409, text: `Can't lock, machine isn't deployed` },
  { op: 'unlock', from: 'ready', status: 409, text: 'Machine is not locked' },
  {
    op: 'power_on',
    from: 'ready',
    status: 409,
    text: `Can't start node: it hasn't been allocated.`,
  },
  { op: 'exit_rescue_mode', from: 'ready', status: 409, text: 'Cannot exit rescue mode' },
  { op: 'override_failed_testing', from: 'ready', status: 409, text: 'Cannot override testing' },
]

t.test('what the status does not allow is refused in the words of MAAS', async (t) => {
  const api = await startTestApi(t)
  const ids = { new: await addMachine(api, 1), ready: await ready(api, 2), allocated: '' }
  ids.allocated = await ready(api, 3)
  await api.post('machines/?op=allocate', { system_id: ids.allocated }, ask)
  for (const { op: name, from, status, text } of REFUSALS) {
    const answer = await op(api, ids[from as keyof typeof ids], name)
    t.equal(answer.status, status, name)
    t.ok(answer.text.includes(text), `${name}: ${answer.text}`)
  }
})

t.test('who may what', async (t) => {
  const api = await startTestApi(t)
  const mine = await ready(api, 1)
  const theirs = await ready(api, 2)
  await api.post('machines/?op=allocate', { system_id: mine }, ask)
  await api.post('machines/?op=allocate', { system_id: theirs })
  for (const name of [
    'commission',
    'test',
    'mark_fixed',
    'rescue_mode',
    'override_failed_testing',
  ]) {
    t.equal((await op(api, mine, name, {}, ask)).status, 403, name)
  }
  for (const name of ['accept', 'accept_all']) {
    t.equal((await api.post(`machines/?op=${name}`, { machines: mine }, ask)).status, 403, name)
  }
  for (const name of ['release', 'deploy', 'abort', 'lock', 'power_off', 'mark_broken']) {
    t.equal((await op(api, theirs, name, {}, ask)).status, 404, `${name}: it is not even seen`)
  }
  const free = await ready(api, 3)
  for (const name of ['abort', 'lock', 'mark_broken', 'power_off', 'set_owner_data']) {
    t.equal((await op(api, free, name, {}, ask)).status, 403, `${name}: it is nobody’s`)
  }
  t.equal((await op(api, mine, 'mark_broken', { comment: 'smoke' }, ask)).status, 200)
  t.match((await api.get(`machines/${mine}/`)).json, {
    ...{ status_name: 'Broken', error_description: 'smoke', owner: null },
  })
  t.equal((await op(api, theirs, 'deploy', { user_data: '%%' })).status, 400)
  t.equal((await op(api, theirs, 'deploy', { distro_series: '../x' })).status, 400)
})

t.test('bridge_all puts bridges over what is configured, of allocate and of deploy', async (t) => {
  const api = await startTestApi(t)
  await api.post('subnets/', { cidr: '192.0.2.0/24' })
  type Nic = { readonly type: string; readonly name: string; readonly params: object }
  const bridges = ({ json }: { readonly json: { readonly interface_set: readonly Nic[] } }) =>
    json.interface_set
      .filter(({ type }) => type === 'bridge')
      .map(({ name, params }) => ({ name, ...params }))
  const id = await ready(api, 1)
  const asked = { bridge_all: 'true', bridge_type: 'ovs', bridge_stp: 'true', bridge_fd: '4' }
  const nic = (await api.get(`nodes/${id}/interfaces/`)).json[0]
  const made = { name: `br-${nic.name}`, bridge_type: 'ovs', bridge_stp: true, bridge_fd: 4 }
  for (const wrong of [{ bridge_fd: '61' }, { bridge_type: 'token ring' }]) {
    const [field = ''] = Object.keys(wrong)
    for (const path of ['machines/?op=allocate', `machines/${id}/?op=deploy`]) {
      const answer = await api.post(path, { ...asked, ...wrong }, ask)
      t.equal(answer.status, 400)
      t.ok(answer.json[field], field)
    }
  }
  const dry = await api.post('machines/?op=allocate', { ...asked, dry_run: 'true' }, ask)
  t.same(bridges(dry), [])
  t.same(bridges(await api.post('machines/?op=allocate', asked, ask)), [made])
  t.same(bridges(await op(api, id, 'release', {}, ask)), [])
  const standard = { name: `br-${nic.name}`, bridge_type: 'standard', bridge_stp: false }
  const deployed = await op(api, id, 'deploy', { bridge_all: 'true' }, ask)
  t.same(bridges(deployed), [{ ...standard, bridge_fd: 15 }])
  t.same(deployed.json.ip_addresses.length, 1)
  t.same(bridges(await op(api, id, 'release', {}, ask)), [])
  t.same((await api.get(`nodes/${id}/interfaces/`)).json[0].links, nic.links)
  t.same(bridges(await op(api, id, 'deploy', { bridge_stp: 'true' }, ask)), [], 'not asked for')
})

t.test('clone: what one has the others have, or a sentence for each that cannot', async (t) => {
  const api = await startTestApi(t)
  await api.post('subnets/', { cidr: '192.0.2.0/24' })
  const ids: string[] = []
  for (const n of [1, 2, 3]) {
    const id = await ready(api, n)
    ids.push(id)
    const form = { model: 'm', serial: `${n}`, block_size: '512', size: n === 3 ? '5G' : '10G' }
    await api.post(`nodes/${id}/blockdevices/`, { name: 'sda', ...form })
  }
  const [source = '', equal = '', small = ''] = ids
  await op(api, source, 'set_storage_layout', { storage_layout: 'lvm' })
  const [nic] = (await api.get(`nodes/${source}/interfaces/`)).json
  const vlan = { subnet: 'cidr:192.0.2.0/24', mode: 'static', force: 'true' }
  await api.post(`nodes/${source}/interfaces/${nic.id}/?op=link_subnet`, vlan)
  const clone = (form: Record<string, string>, how = {}) =>
    api.post('machines/?op=clone', { source, ...form }, how)
  const all = { destinations: `${equal},${small}`, storage: 'true', interfaces: 'true' }
  t.equal((await clone(all, ask)).status, 403)
  const refused = await clone(all)
  t.equal(refused.status, 400)
  t.equal(refused.json.destinations.length, 1)
  t.match(refused.json.destinations[0], `(${small}): its boot disk sda is smaller`)
  t.same((await api.get(`machines/${equal}/`)).json.volume_groups, [], 'nothing was done')
  t.same(Object.keys((await clone({ destinations: equal })).json), ['__all__'])
  t.same(Object.keys((await clone({ ...all, destinations: '' })).json), ['destinations'])
  t.same(Object.keys((await clone({ ...all, source: 'no id' })).json), ['source'])
  t.equal((await clone({ ...all, destinations: equal })).status, 204)
  const [from, to] = [await api.get(`machines/${source}/`), await api.get(`machines/${equal}/`)]
  t.same(to.json.virtualblockdevice_set[0].name, 'vgroot-lvroot')
  const [theirs, its] = [from.json.ip_addresses, to.json.ip_addresses]
  t.equal(its.length, 1)
  t.not(its[0], theirs[0])
})

t.test('a locked machine is left alone', async (t) => {
  const api = await startTestApi(t)
  const id = await ready(api, 1)
  await op(api, id, 'deploy')
  t.match((await op(api, id, 'lock', { comment: 'mine' })).json, { locked: true })
  t.equal((await op(api, id, 'lock')).text, 'Machine is already locked')
  for (const name of ['release', 'abort', 'power_off', 'mark_broken', 'set_owner_data']) {
    const answer = await op(api, id, name)
    t.equal(answer.status, 409, name)
    t.match(answer.text, /is locked\.$/, name)
  }
  t.equal((await api.delete(`machines/${id}/`)).status, 409)
  t.equal((await api.put(`machines/${id}/`, { description: 'x' })).status, 409)
  t.match((await op(api, id, 'unlock')).json, { locked: false })
  t.equal((await op(api, id, 'abort')).json.status_name, 'Allocated')
})

t.test('many at once, all or none', async (t) => {
  const api = await startTestApi(t)
  const [one, two, fresh] = [await ready(api, 1), await ready(api, 2), await addMachine(api, 3)]
  await api.post('machines/?op=allocate', { system_id: one }, ask)
  await api.post('machines/?op=allocate', { system_id: two })
  const both = [
    ['machines', one],
    ['machines', two],
  ] as const
  t.equal((await api.post('machines/?op=release', both, ask)).status, 400, 'one is not seen')
  t.equal((await api.get(`machines/${one}/`)).json.status_name, 'Allocated', 'nothing half done')
  const wrong = await api.post('machines/?op=release', [...both, ['machines', fresh]])
  t.equal(wrong.status, 409)
  t.match(wrong.text, `${fresh} ('New')`)
  t.strictSame(
    (await api.post('machines/?op=release', both)).json.toSorted(),
    [one, two].toSorted(),
  )
  t.strictSame((await api.post('machines/?op=release', both)).json, [], 'they are released already')
  const accepted = await api.post('machines/?op=accept_all')
  t.match(accepted.json, [{ system_id: fresh, status_name: 'Commissioning' }])
  t.strictSame((await api.post('machines/?op=accept', { machines: fresh })).json, [])
  t.equal((await api.post('machines/?op=accept', { machines: 'zzzzzz' })).status, 400)
})

t.test('rescue, test, power and what they are asked', async (t) => {
  const api = await startTestApi(t)
  const id = await ready(api, 1, {
    ...{ power_type: 'ipmi', power_parameters_power_address: '192.0.2.7' },
  })
  t.match((await op(api, id, 'rescue_mode')).json.status_name, 'Entering rescue mode')
  await say(api, { type: 'machine.signal', systemId: id as never, status: 'OK', error: '' })
  t.match((await op(api, id, 'exit_rescue_mode')).json.status_name, 'Exiting rescue mode')
  const intent = api.region.local().state.powerIntents.get(id as never)
  t.match(intent, { action: 'off', bootDevice: 'pxe', claim: null })
  await say(api, {
    ...{ type: 'power.queryReport', rackId: 'rack01' as never, systemId: id as never },
    ...{ state: 'off', message: '' },
  })
  t.strictSame((await api.get(`machines/${id}/?op=query_power_state`)).json, { state: 'off' })
  const all = await api.get(`machines/?op=power_parameters&id=${id}`)
  t.strictSame(all.json, { [id]: { power_address: '192.0.2.7' } })
  t.equal((await api.get(`machines/?op=power_parameters&id=${id}`, ask)).status, 403)
  const details = await api.get(`machines/${id}/?op=details`)
  t.equal(details.headers.get('content-type'), 'application/bson')
  t.match(details.text, /lshw.*<list>/s)
  const made = await addMachine(api, 9, { commission: 'true', enable_ssh: 'true' })
  t.equal((await api.get(`machines/${made}/`)).json.status_name, 'Commissioning')
  t.match(api.region.local().state.machineWork.get(made as never)?.work, {
    options: { enableSsh: true },
  })
  const there = await addMachine(api, 10, { deployed: 'true' })
  t.match((await api.get(`machines/${there}/`)).json, { status_name: 'Deployed', owner: 'admin' })
})

t.test('a node is marked as broken as its machine is, a device is not', async (t) => {
  const api = await startTestApi(t)
  const id = await ready(api, 1)
  const form = { error_description: 'smoke' }
  const broken = await api.post(`nodes/${id}/?op=mark_broken`, form)
  t.match(broken.json, { system_id: id, status_name: 'Broken', status_message: 'smoke' })
  t.equal((await api.post(`nodes/${id}/?op=mark_fixed`, {}, ask)).status, 403)
  t.match((await api.post(`nodes/${id}/?op=mark_fixed`)).json, { status_name: 'Ready' })
  const device = await api.post('devices/', { mac_addresses: '52:54:00:00:02:01' })
  const of = device.json.system_id
  t.equal((await api.post(`nodes/${of}/?op=mark_broken`)).status, 404)
  t.equal((await api.post(`nodes/zzzzzz/?op=mark_broken`)).status, 404)
})

t.test('whether a machine is on is asked of its BMC', async (t) => {
  const api = await startTestApi(t)
  const bmc = { power_type: 'ipmi', power_parameters_power_address: '192.0.2.7' }
  const id = await ready(api, 1, bmc)
  const systemId = id as never
  const path = `machines/${id}/?op=query_power_state`
  const intent = () => api.region.local().state.powerIntents.get(systemId)
  const open = intent()
  if (open !== undefined) await end(api, systemId, open.fence)
  t.equal((await api.get(path)).status, 503, 'no rack is connected')
  const rack = { hostname: 'rack', version: '1', architecture: 'amd64', interfaces: [] }
  await say(api, {
    ...{ type: 'rack.register', systemId: 'rack01' as never, ...rack },
    ...{ cpuCount: 1, memoryMib: 1, incarnation: 1 },
  })
  const asked = [api.get(path), api.get(path)]
  const questions = () => api.region.proposed.filter(({ type }) => type === 'power.query').length
  await until('both questions', () => questions() === 2)
  t.match(intent(), { action: 'query' })
  await end(api, systemId, intent()?.fence ?? 0)
  const answers = await Promise.all(asked)
  t.same(
    answers.map(({ json }) => json),
    [{ state: 'on' }, { state: 'on' }],
  )
  const byHand = await ready(api, 2, {})
  t.same((await api.get(`machines/${byHand}/?op=query_power_state`)).json, { state: 'unknown' })
})

/** A rack does what is wanted, and the machine is on. */
async function end(api: TestApi, systemId: never, fence: number): Promise<void> {
  const rackId = 'rack01' as never
  await say(api, { type: 'power.claim', rackId, systemId, fence })
  const token = api.region.local().state.powerIntents.get(systemId)?.claim?.token ?? 0
  await say(api, {
    ...{ type: 'power.report', rackId, systemId, token, result: 'done', state: 'on', message: '' },
  })
}

// `ephemeral_deploy` as clients use it: asked for, shown, given back, and refused where it cannot be.
import t from 'tap'
import type { Test } from 'tap'
import { SYSTEM, startTestApi, type TestApi } from '#test/api/support/api.ts'
import type { SystemId } from '#model/ids.ts'
import type { Command } from '#state/command.ts'
import { mac } from '#test/support/region-state.ts'

async function say(api: TestApi, command: Command): Promise<void> {
  const { outcome } = await api.region.propose(command, { actor: SYSTEM })
  if (!outcome.ok) throw new Error(outcome.message)
}

/** With a machine that is Allocated. */
async function startAllocated(t: Test): Promise<{ api: TestApi; id: SystemId }> {
  const api = await startTestApi(t)
  const form = { architecture: 'amd64/generic', mac_addresses: mac(1), power_type: 'manual' }
  const made = await api.post('machines/', form)
  const id = made.json.system_id as SystemId
  await say(api, { type: 'machine.signal', systemId: id, status: 'OK', error: '' })
  await api.post('machines/?op=allocate', { system_id: id })
  return { api, id }
}

t.test('from Allocated to Deployed and back, without erasing', async (t) => {
  const { api, id } = await startAllocated(t)
  const op = (name: string, form = {}) => api.post(`machines/${id}/?op=${name}`, form)
  const asked = { ephemeral_deploy: 'true', distro_series: 'debian/bookworm' }
  t.match((await op('deploy', asked)).json, {
    ...{ status_name: 'Deploying', ephemeral_deploy: true, netboot: true },
    ...{ osystem: 'debian', distro_series: 'bookworm' },
  })
  const curtin = await api.get(`machines/${id}/?op=get_curtin_config`)
  const nothing = `Machine ${id} runs from memory: nothing is installed.`
  t.same([curtin.status, curtin.text], [400, nothing])
  await say(api, { type: 'machine.booted', systemId: id })
  const deployed = { status_name: 'Deployed', ephemeral_deploy: true, netboot: true }
  t.match((await api.get(`machines/${id}/`)).json, deployed)
  await op('lock')
  t.equal((await op('release')).status, 409, 'locked')
  await op('unlock')
  const free = { status_name: 'Ready', owner: null, ephemeral_deploy: false, osystem: '' }
  t.match((await op('release')).json, free)
  const installed = await op('deploy')
  t.match(installed.json, { status_name: 'Deploying', ephemeral_deploy: false })
})

t.test('what cannot run from memory is refused, and nothing is changed', async (t) => {
  const { api, id } = await startAllocated(t)
  const files = [
    { kind: 'squashfs', filename: 'squashfs', sha256: '7'.repeat(64), sizeBytes: 9 } as const,
  ]
  const image = { name: 'custom/root', architecture: 'amd64/generic', title: '', files }
  await say(api, { type: 'bootResource.put', ...image })
  const deploy = (form: Record<string, string>) =>
    api.post(`machines/${id}/?op=deploy`, { ephemeral_deploy: 'true', ...form })
  for (const distro_series of ['custom/root', 'ubuntu/jammy']) {
    const { status, json } = await deploy({ distro_series })
    t.equal(status, 400, distro_series)
    t.match(json, { ephemeral_deploy: [/cannot run from memory: it takes boot-kernel/] })
  }
  const unknown = await deploy({ distro_series: 'debian/none' })
  t.match(unknown.json, { distro_series: [/is not a valid distro_series/] })
  const bridged = await deploy({ distro_series: 'debian/bookworm', bridge_all: 'true' })
  t.equal(bridged.status, 400)
  t.match(bridged.json, { bridge_all: [/no bridges/] })
  t.match((await api.get(`machines/${id}/`)).json, { status_name: 'Allocated', osystem: '' })
})

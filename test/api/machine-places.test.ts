// Where a machine is put by the call that makes it, as Terraform and Ansible do: what is wrong makes no machine, and who
// enlists has no say.
import t from 'tap'
import { startTestApi, type TestApi } from './support/api.ts'

const FORM = {
  ...{ architecture: 'amd64/generic', mac_addresses: '52:54:00:00:02:01', power_type: 'manual' },
  commission: 'false',
}

async function furnished(t: Parameters<typeof startTestApi>[0]): Promise<TestApi> {
  const api = await startTestApi(t)
  await api.post('zones/', { name: 'north' })
  await api.post('resourcepools/', { name: 'lab' })
  return api
}

t.test('a machine is made with its zone, pool, kernel, CPUs and memory', async (t) => {
  const api = await furnished(t)
  const counted = { min_hwe_kernel: 'ga-22.04', cpu_count: '8', memory: '4096' }
  const { json } = await api.post('machines/', { ...FORM, zone: 'north', pool: 'lab', ...counted })
  const shown = { min_hwe_kernel: 'ga-22.04', cpu_count: 8, memory: 4_096 }
  t.match(json, { zone: { name: 'north' }, pool: { name: 'lab' }, ...shown })
  t.match((await api.get(`machines/${json.system_id}/`)).json, {
    zone: { name: 'north' },
    ...shown,
  })
})

t.test('what names nothing makes no machine', async (t) => {
  const api = await furnished(t)
  for (const wrong of [{ zone: 'south' }, { pool: 'none' }, { cpu_count: 'x' }]) {
    const { status, json } = await api.post('machines/', { ...FORM, ...wrong })
    t.equal(status, 400)
    t.strictSame(Object.keys(json), Object.keys(wrong))
  }
  t.strictSame((await api.get('machines/')).json, [])
})

t.test('a machine that enlists decides none of it', async (t) => {
  const api = await furnished(t)
  const form = { ...FORM, zone: 'north', pool: 'none', min_hwe_kernel: 'ga-22.04' }
  const { status, json } = await api.post('machines/', form, { key: null })
  t.equal(status, 200)
  const { json: machine } = await api.get(`machines/${json.system_id}/`)
  t.match(machine, { zone: { name: 'default' }, pool: { name: 'default' }, min_hwe_kernel: '' })
})

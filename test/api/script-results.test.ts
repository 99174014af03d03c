// nodes/{system_id}/results/ and devices/, commissioning-results/, and what a machine shows of its scripts (maas-api §8, §9).
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseFoundHardware } from '#api/hardware-details.ts'
import type { SystemId } from '#model/ids.ts'
import { RESULT_TYPE as T, SCRIPT_STATUS as S } from '#model/script-result.ts'
import { currentResults } from '#state/script-query.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'
import { differences } from '#tools/walk/key-check.ts'
import { ADMIN, PLAIN, startTestApi, SYSTEM } from './support/api.ts'

const HARDWARE = {
  nics: [{ name: 'ens1', mac: '52:54:00:aa:00:01', carrier: 1 }],
  disks: [{ name: 'sda', size_bytes: 2 ** 30, serial: 's1' }],
  numa: [{ index: 0, cpus: '0-1', memory_mib: 64, hugepages: [{ kib: 2_048, total: 4 }] }],
  pci: [
    {
      ...{ address: '0000:00:03.0', class: '0x020000', vendor_id: '1af4', product_id: '1000' },
      ...{ vendor: 'Red Hat', product: 'Virtio', driver: 'virtio-pci' },
    },
  ],
  usb: [{ bus: 1, device: 1, vendor_id: '1d6b', product_id: '0002' }],
}

async function commissioning(t: Test) {
  const api = await startTestApi(t)
  const form = { architecture: 'amd64', mac_addresses: '52:54:00:aa:00:01', power_type: 'manual' }
  const { json } = await api.post('machines/', form, { key: null })
  const systemId = json.system_id as SystemId
  await api.post(`machines/${systemId}/?op=commission`)
  const facts = parseFoundHardware(JSON.stringify(HARDWARE))!
  await api.region.propose({ type: 'machine.facts', systemId, facts }, { actor: SYSTEM })
  const report = async (name: string, more: object) => {
    const { state } = api.region.local()
    const all = [T.COMMISSIONING, T.TESTING].flatMap((type) =>
      currentResults(state, systemId, type),
    )
    const row = all.find((each) => each.name === name)!
    const texts = { output: '', stdout: '', stderr: '', result: '' }
    const said = { resultId: row.id, status: S.PASSED, exitStatus: 0, runtimeMs: 61_000 }
    await api.region.propose(
      { type: 'scriptResult.report', systemId, ...said, ...texts, ...more },
      { actor: SYSTEM },
    )
  }
  return { api, systemId, report, root: `nodes/${systemId}/results/` }
}

t.test('sets have MAAS’s keys, their status and their times', async (t) => {
  const { api, report, root } = await commissioning(t)
  const pending = await api.get(root)
  t.equal(pending.status, 200)
  t.equal(pending.json.length, 2)
  for (const set of pending.json) t.strictSame(differences('script-set', set), [])
  t.match(pending.json[0], { type_name: 'Commissioning', status: 0, status_name: 'Pending' })
  t.match(pending.json[0], { started: '', ended: '', runtime: '', last_ping: null })
  await report('maas-lshw', { status: S.RUNNING, exitStatus: null, runtimeMs: null })
  t.match((await api.get(root)).json[0], { status_name: 'Running', last_ping: /^\w{3}, \d\d/ })
  await report('smartctl-validate', { status: S.FAILED, exitStatus: 1 })
  const testing = (await api.get(`${root}current-testing/`)).json
  t.match(testing, { type: 2, status: 3, status_name: 'Failed', runtime: '0:01:01' })
  t.match(testing.results, [
    {
      ...{ name: 'smartctl-validate', exit_status: 1, runtime: '0:01:01', suppressed: false },
      parameters: { storage: { type: 'storage', value: { name: 'sda', serial: 's1' } } },
      ...{ script_id: null, estimated_runtime: '0:05:00' },
    },
  ])
  t.equal(testing.results[0].endtime - testing.results[0].starttime, 61)
})

t.test('results are chosen by type, hardware and name, with outputs on request', async (t) => {
  const { api, report, root } = await commissioning(t)
  await report('maas-lshw', { stdout: 'größer', stderr: 'oh' })
  t.equal((await api.get(`${root}?type=testing`)).json.length, 1)
  t.equal((await api.get(`${root}?type=0`)).json.length, 1)
  const bad = await api.get(`${root}?type=nothing`)
  t.equal(bad.status, 400)
  const names = async (query: string): Promise<readonly string[]> =>
    (await api.get(`${root}current-commissioning/?${query}`)).json.results.map(
      ({ name }: { readonly name: string }) => name,
    )
  t.same(await names('filters=maas-lshw,maas-serial-ports'), ['maas-lshw', 'maas-serial-ports'])
  const network = ['20-maas-02-dhcp-unconfigured-ifaces', 'maas-capture-lldpd']
  t.same(await names('hardware_type=network'), network)
  const path = `${root}current-commissioning/?filters=maas-lshw&include_output=true`
  const [row] = (await api.get(path)).json.results
  const text = (base64: string): string => Buffer.from(base64, 'base64').toString()
  t.same([row.output, row.stdout, row.stderr, row.result].map(text), [
    'größeroh',
    'größer',
    'oh',
    '',
  ])
  t.equal((await api.get(`${root}?filters=maas-lshw`)).json[0].results[0].output, undefined)
})

t.test('administrators suppress failures, and the machine shows it', async (t) => {
  const { api, systemId, report, root } = await commissioning(t)
  await report('smartctl-validate', { status: S.FAILED, exitStatus: 1 })
  const shown = async () => (await api.get(`machines/${systemId}/`)).json
  const set = (await api.get(`${root}current-testing/`)).json
  t.match(await shown(), {
    ...{ testing_status: 3, testing_status_name: 'Failed', storage_test_status: 3 },
    ...{ cpu_test_status: -1, cpu_test_status_name: 'Unknown', commissioning_status: 0 },
    ...{ current_testing_result_id: set.id, current_installation_result_id: null },
  })
  const answer = await api.put(`${root}current-testing/`, { suppressed: 'true' })
  t.match(answer.json, { status: 2, results: [{ suppressed: true, status: 3 }] })
  t.match(await shown(), { testing_status: 2, storage_test_status_name: 'Passed' })
  t.equal((await api.put(`${root}${set.id}/`, {}, { key: PLAIN })).status, 403)
  t.strictSame(differences('machine', await shown()), [])
})

t.test('a set is deleted; one that is not there is 404', async (t) => {
  const { api, systemId, root } = await commissioning(t)
  const { id } = (await api.get(`${root}current-testing/`)).json
  t.equal((await api.delete(`${root}${id}/`, { key: PLAIN })).status, 403)
  t.equal((await api.delete(`${root}${id}/`)).status, 204)
  t.equal((await api.get(`${root}${id}/`)).status, 404)
  t.equal((await api.get(`${root}current-testing/`)).status, 404)
  t.equal((await api.get(`${root}toString/`)).status, 404)
  t.match(await api.get('nodes/zzzzzz/results/'), { status: 404 })
  const other = { architecture: 'amd64', mac_addresses: '52:54:00:aa:00:02' }
  const { json } = await api.post('machines/', other, { key: null })
  await api.post(`machines/${json.system_id}/?op=commission`)
  const theirs = (await api.get(`nodes/${json.system_id}/results/current-testing/`)).json.id
  t.equal((await api.get(`nodes/${systemId}/results/${theirs}/`)).status, 404)
})

t.test('who may not see a machine sees none of its results', async (t) => {
  const { api, systemId, root, report } = await commissioning(t)
  await report('maas-lshw', { stdout: 'x' })
  t.equal((await api.get('commissioning-results/')).json.length, 1)
  // The administrator who commissions it has it until it is done.
  t.equal((await api.get(root, { key: PLAIN })).status, 404)
  t.equal((await api.get(`nodes/${systemId}/devices/`, { key: PLAIN })).status, 404)
  t.same((await api.get('commissioning-results/', { key: PLAIN })).json, [])
})

t.test('outputs are downloaded as one text or as an archive', async (t) => {
  const { api, report, root } = await commissioning(t)
  await report('maas-lshw', { stdout: 'one\n', stderr: 'oh' })
  await report('maas-serial-ports', { stdout: 'two' })
  const path = `${root}current-commissioning/?op=download&filters=`
  t.equal((await api.get(`${path}maas-lshw`)).text, 'one\noh')
  t.equal((await api.get(`${path}maas-lshw&output=stderr`)).text, 'oh')
  t.equal(
    (await api.get(`${path}maas-lshw,maas-serial-ports&output=stdout`)).text,
    `maas-lshw.out\n${'-'.repeat(13)}\none\n\nmaas-serial-ports.out\n${'-'.repeat(21)}\ntwo\n\n`,
  )
  t.equal((await api.get(`${path}maas-lshw&output=odd`)).status, 400)
  t.equal((await api.get(`${path}maas-lshw&filetype=zip`)).status, 400)
  if (spawnSync('xz', ['--version']).status !== 0) return
  const file = join(await temporaryDirectory(t), 'a.tar.xz')
  const answer = await fetch(
    `${api.url}/MAAS/api/2.0/${path}maas-lshw&output=all&filetype=tar.xz`,
    {
      headers: { authorization: api.sign(ADMIN) },
    },
  )
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()))
  const read = (name: string) => execFileSync('tar', ['-xJOf', file, name], { encoding: 'utf8' })
  t.equal(read('maas-lshw.err'), 'oh')
  t.equal(read('maas-lshw.txt'), 'one\noh')
})

t.test('MAAS 2.0’s lists show each output once', async (t) => {
  const { api, systemId, report } = await commissioning(t)
  await report('maas-lshw', { stdout: 'one', stderr: 'oh', status: S.FAILED, exitStatus: 4 })
  await report('smartctl-validate', { stdout: 'two' })
  for (const path of ['commissioning-results/', 'installation-results/']) {
    const { json } = await api.get(path)
    for (const entry of json) t.strictSame(differences('node-result', entry), [])
    t.match(json, [
      { name: 'maas-lshw', script_result: 4, result_type: 0, node: { system_id: systemId } },
      { name: 'maas-lshw.err', data: Buffer.from('oh').toString('base64') },
      { name: 'smartctl-validate', script_result: 0, result_type: 2 },
    ])
  }
  const some = async (query: string): Promise<number> =>
    (await api.get(`commissioning-results/?${query}`)).json.length
  t.equal(await some('op=list'), 3)
  t.equal(await some('result_type=2'), 1)
  t.equal(await some('name=maas-lshw.err'), 1)
  t.equal(await some('system_id=zzzzzz'), 0)
  t.equal((await api.get('commissioning-results/?result_type=9')).status, 400)
})

t.test('devices are listed, chosen, shown and forgotten', async (t) => {
  const { api, systemId } = await commissioning(t)
  const root = `nodes/${systemId}/devices/`
  const { json } = await api.get(root)
  t.equal(json.length, 2)
  for (const device of json) t.strictSame(differences('node-device', device), [])
  t.match(json[0], {
    ...{
      bus_name: 'PCIE',
      hardware_type_name: 'Network',
      vendor_id: '1af4',
      product_name: 'Virtio',
    },
    ...{ commissioning_driver: 'virtio-pci', pci_address: '0000:00:03.0' },
  })
  for (const [query, count] of [
    ['bus=usb', 1],
    ['bus=1', 1],
    ['hardware_type=network', 1],
    ['vendor_id=1AF4', 1],
    ['vendor_name=Intel', 0],
    ['commissioning_driver=virtio-pci', 1],
  ] as const) {
    t.equal((await api.get(`${root}?${query}`)).json.length, count, query)
  }
  t.equal((await api.get(`${root}?bus=isa`)).status, 400)
  const one = `${root}${json[0].id}/`
  t.same((await api.get(one)).json, json[0])
  t.equal((await api.delete(one, { key: PLAIN })).status, 403)
  t.equal((await api.delete(one)).status, 204)
  t.equal((await api.get(one)).status, 404)
})

t.test('a machine shows its NUMA nodes', async (t) => {
  const { api, systemId } = await commissioning(t)
  t.same((await api.get(`machines/${systemId}/`)).json.numanode_set, [
    { index: 0, cores: [0, 1], memory: 64, hugepages_set: [{ page_size: 2_097_152, total: 4 }] },
  ])
})

t.test('what a script says in its header holds where the form says nothing', async (t) => {
  const api = await startTestApi(t)
  const script = [
    '#!/bin/sh',
    '# --- Start MAAS 1.0 script metadata ---',
    '# title: Mine',
    '# hardware_type: storage',
    '# timeout: 0:02:00',
    '# parallel: instance',
    '# tags: one, two',
    '# destructive: true',
    '# parameters: {storage: {type: storage}}',
    '# packages: {apt: [fio]}',
    '# --- End MAAS 1.0 script metadata ---',
  ].join('\n')
  const { json } = await api.post('scripts/', { name: 'mine', title: 'Form', script })
  t.match(json, {
    ...{ title: 'Form', hardware_type: 3, timeout: '0:02:00', parallel: 1, destructive: true },
    ...{ tags: ['one', 'two'], parameters: { storage: { type: 'storage' } } },
    ...{ packages: { apt: ['fio'] }, type: 2 },
  })
  for (const [line, why] of [
    ['# title: Mine', '# timeout: soon'],
    ['# parallel: instance', '# parallel: odd'],
    ['# tags: one, two', '# tags: [one'],
  ] as const) {
    const answer = await api.post('scripts/', { name: 'bad', script: script.replace(line, why) })
    t.equal(answer.status, 400, why)
    t.match(answer.json, { script: [/metadata|Line|not understood/] })
  }
})

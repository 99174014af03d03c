// What each controller is asked, and which machines are made of the answers.
import t from 'tap'
import type { AskBmc } from '#rack/power/bmc-http.ts'
import { listProxmox, listRedfish, listVirsh } from '#rack/power/chassis-listers.ts'

const signal = AbortSignal.timeout(60_000)
const sleep = async (): Promise<void> => await Promise.resolve()

function answers(bodies: Readonly<Record<string, unknown>>) {
  const asked: string[] = []
  const ask: AskBmc = async ({ method, url }) => {
    const path = `${url.pathname}${url.search}`
    asked.push(`${method} ${path}`)
    const body = bodies[path]
    const status = body === undefined ? 404 : 200
    return await Promise.resolve({ status, headers: {}, text: JSON.stringify(body ?? {}) })
  }
  return { ask, asked }
}

t.test('virsh: domains with a MAC, by prefix', async (t) => {
  const texts: Readonly<Record<string, string>> = {
    'list --all --name': 'vm1\nvm2\nother\n-x\n\n',
    'domiflist vm1':
      ' vnet0  bridge  br0  virtio  52:54:00:aa:00:01\n - bridge br1 e1000 52:54:00:AA:00:02\n',
    'domiflist vm2': '\n',
  }
  const asked: string[] = []
  const list = listVirsh(async ({ args }) => {
    const words = args.slice(3).join(' ')
    asked.push(words)
    return await Promise.resolve({ code: 0, stdout: texts[words] ?? '', stderr: '' })
  })
  const parameters = { power_address: 'qemu:///system' }
  t.same(await list(parameters, 'vm', signal), [
    { name: 'vm1', node: 'vm1', macs: ['52:54:00:aa:00:01', '52:54:00:aa:00:02'] },
  ])
  t.same(asked, ['list --all --name', 'domiflist vm1', 'domiflist vm2'])
  await t.rejects(list({ power_address: '-c x' }, '', signal), { code: 'settings' })
})

t.test('proxmox: virtual machines, no containers', async (t) => {
  const guest = { node: 'pve', type: 'qemu', vmid: 100, name: 'vm1' }
  const { ask, asked } = answers({
    '/api2/json/cluster/resources?type=vm': {
      data: [guest, { ...guest, type: 'lxc', vmid: 101 }, { ...guest, vmid: 102, name: 'web' }],
    },
    '/api2/json/nodes/pve/qemu/100/config': {
      data: { net0: 'virtio=52:54:00:BB:00:01,bridge=vmbr0', memory: '2048', scsi0: 'x' },
    },
  })
  const parameters = {
    ...{ power_address: 'pve.example.org', power_user: 'root@pam' },
    ...{ power_token_name: 'ironraft', power_token_secret: 's' },
  }
  t.same(await listProxmox(ask)(parameters, 'vm', signal), [
    { name: 'vm1', node: '100', macs: ['52:54:00:bb:00:01'] },
  ])
  t.notOk(
    asked.some((line) => line.includes('102')),
    'what the prefix leaves out is not asked',
  )
})

t.test('redfish: systems with the addresses of their interfaces', async (t) => {
  const systems = '/redfish/v1/Systems'
  const { ask } = answers({
    [systems]: { Members: [{ '@odata.id': `${systems}/a` }, { '@odata.id': `${systems}/b` }] },
    [`${systems}/a`]: { Name: 'node-a', EthernetInterfaces: { '@odata.id': `${systems}/a/nics` } },
    [`${systems}/b`]: { Name: 'node-b' },
    [`${systems}/a/nics`]: { Members: [{ '@odata.id': `${systems}/a/nics/1` }] },
    [`${systems}/a/nics/1`]: { MACAddress: '52-54-00-CC-00-01' },
  })
  const parameters = { power_address: 'http://bmc.example.org', power_user: 'u', power_pass: 'p' }
  const list = listRedfish({ askBmc: ask, sleep })
  t.same(await list(parameters, '', signal), [
    { name: 'node-a', node: 'a', macs: ['52:54:00:cc:00:01'] },
  ])
  t.same(await list(parameters, 'x', signal), [])
})

import t from 'tap'
import { PLAIN, startTestApi, SYSTEM } from '#test/api/support/api.ts'

const PROXMOX = {
  ...{ chassis_type: 'proxmox', hostname: 'pve.example.org', username: 'root@pam' },
  password: 'hunter2',
}
const PATH = 'machines/?op=add_chassis'

t.test('a chassis becomes a job with the parameters of its power type', async (t) => {
  const api = await startTestApi(t)
  const jobs = () => [...api.region.local().state.chassisJobs.values()]
  const rack = { hostname: 'hall', version: '1', architecture: 'amd64', interfaces: [] }
  await api.region.propose(
    {
      ...{ type: 'rack.register', systemId: 'rack01' as never, ...rack },
      ...{ cpuCount: 1, memoryMib: 1, incarnation: 1 },
    },
    { actor: SYSTEM },
  )
  const more = { prefix_filter: 'vm', accept_all: 'true', rack_controller: 'hall' }
  const answer = await api.post(PATH, { ...PROXMOX, ...more })
  t.equal(answer.status, 200, answer.text)
  t.equal(answer.text, 'Asking pve.example.org to add machines from chassis')
  t.match(jobs(), [
    {
      ...{ chassisType: 'proxmox', prefixFilter: 'vm', rackId: 'rack01', username: 'admin' },
      parameters: {
        ...{ power_address: 'pve.example.org', power_user: 'root@pam', power_pass: 'hunter2' },
        power_verify_ssl: 'n',
      },
      begin: {},
    },
  ])
  t.equal((await api.post(PATH, { chassis_type: 'virsh', hostname: 'qemu:///system' })).status, 200)
  t.match(jobs()[1], { begin: null, rackId: null, parameters: { power_address: 'qemu:///system' } })
})

const WRONG: readonly (readonly [Record<string, string>, number, RegExp])[] = [
  [{ chassis_type: 'virsh' }, 400, /hostname/],
  [{ hostname: 'x' }, 400, /chassis_type/],
  [{ ...PROXMOX, chassis_type: 'ucsm' }, 400, /virsh, proxmox, redfish only/],
  [{ ...PROXMOX, username: '' }, 400, /username/],
  [{ ...PROXMOX, password: '' }, 400, /password/],
  [{ ...PROXMOX, power_control: 'ipmi' }, 400, /can not be specified/],
  [{ chassis_type: 'virsh', hostname: 'x', token_name: 'a' }, 400, /token_name/],
  [{ chassis_type: 'virsh', hostname: 'x', username: 'root' }, 400, /URI/],
  [{ ...PROXMOX, rack_controller: 'nobody' }, 404, /RackController/],
  [{ ...PROXMOX, domain: 'nowhere' }, 400, /domain/],
]

t.test('what cannot be done is refused, and nothing is kept', async (t) => {
  const api = await startTestApi(t)
  for (const [form, status, says] of WRONG) {
    const answer = await api.post(PATH, form)
    t.equal(answer.status, status, answer.text)
    t.match(answer.text, says)
  }
  t.equal((await api.post(PATH, PROXMOX, { key: PLAIN })).status, 403)
  t.equal(api.region.local().state.chassisJobs.size, 0)
})

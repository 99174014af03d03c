// Who may say how a machine is powered.
import t from 'tap'
import { PLAIN, startTestApi } from './support/api.ts'

const MACHINE = { architecture: 'amd64/generic', power_type: 'ipmi' }

t.test('who is no administrator sends racks to no webhook and no libvirt', async (t) => {
  const api = await startTestApi(t)
  const machine = { ...MACHINE, hostname: 'evil', mac_addresses: '52:54:00:00:00:77' }
  for (const power_type of ['webhook', 'virsh', 'proxmox', 'made-up']) {
    for (const key of [null, PLAIN]) {
      const { status, json } = await api.post('machines/', { ...machine, power_type }, { key })
      t.equal(status, 400, power_type)
      t.match(json, { power_type: [/administrator/] })
    }
  }
  t.equal((await api.post('machines/', machine, { key: null })).status, 200, 'ipmi is its own')
  const other = { ...machine, hostname: 'vm', mac_addresses: '52:54:00:00:00:78' }
  t.equal((await api.post('machines/', { ...other, power_type: 'virsh' })).status, 200)
})

// Filters of the list that are answered by an index: the same rows in the same order as a look at all of them.
import t from 'tap'
import { startTestApi } from './support/api.ts'

t.test(
  'machines named by several host names come in the order of their ids, each once',
  async (t) => {
    const api = await startTestApi(t)
    for (const [n, hostname] of ['db', 'web', 'Cache', 'mail'].entries()) {
      const mac = `52:54:00:00:01:0${n}`
      const machine = { architecture: 'amd64', mac_addresses: mac, power_type: 'manual', hostname }
      t.equal((await api.post('machines/', { ...machine, commission: 'false' })).status, 200)
    }
    type Listed = { readonly system_id: string; readonly hostname: string }
    const all: readonly Listed[] = (await api.get('machines/')).json
    for (const wanted of [
      ['web', 'db', 'cache.maas'],
      ['mail', 'WEB', 'web'],
      ['db'],
      ['no', 'db'],
    ]) {
      const query = wanted.map((name) => `hostname=${name}`).join('&')
      const names = wanted.map((name) => name.split('.')[0]?.toLowerCase())
      const listed: readonly Listed[] = (await api.get(`machines/?${query}`)).json
      const looked = all.filter(({ hostname }) => names.includes(hostname.toLowerCase()))
      t.same(
        listed.map((machine) => machine.system_id),
        looked.map((machine) => machine.system_id),
        query,
      )
    }
    t.same((await api.get('machines/?hostname=no')).json, [])
    const narrowed = (await api.get('machines/?hostname=db&hostname=web&pool=nowhere')).json
    t.same(narrowed, [], 'other filters count too')
  },
)

// `ironraft machines … --wait` against a real API over the memory region.
import t from 'tap'
import { ADMIN, startTestApi, SYSTEM } from '#test/api/support/api.ts'
import { fakeIo } from '#test/support/fake-io.ts'
import { until } from '#test/support/until.ts'
import { MACHINE_STATUS } from '#model/machine.ts'
import { EXIT } from '#tools/exit-codes.ts'
import { main } from '#tools/main.ts'

t.test('--wait returns when the machine is done, failed, or too slow', async (t) => {
  const api = await startTestApi(t)
  const env = {
    IRONRAFT_ENDPOINT: api.url,
    IRONRAFT_API_KEY: `${ADMIN.consumerKey}:${ADMIN.tokenKey}:${ADMIN.tokenSecret}`,
  }
  const begin = (...words: string[]) => {
    const io = fakeIo(env)
    return { io, ended: main(['machines', ...words], io) }
  }
  const form = {
    ...{ architecture: 'amd64', mac_addresses: '52:54:00:00:01:01', power_type: 'manual' },
    commission: 'false',
  }
  const id = (await api.post('machines/', form)).json.system_id as string
  const commissioning = () =>
    until('it is being commissioned', () => {
      const machine = api.region.local().state.machines.get(id as never)
      return machine?.status === MACHINE_STATUS.COMMISSIONING
    })
  const say = (word: 'OK' | 'FAILED') =>
    api.region.propose(
      { type: 'machine.signal', systemId: id as never, status: word, error: 'no disk' },
      { actor: SYSTEM },
    )

  const done = begin('commission', id, '--wait', '--json')
  await commissioning()
  await say('OK')
  t.equal(await done.ended, EXIT.ok)
  t.equal(JSON.parse(done.io.printed.join('')).status_name, 'Ready')

  const slow = begin('commission', id, '--wait', '--timeout', '1')
  t.equal(await slow.ended, EXIT.timeout)
  t.match(slow.io.complained.join(), /after 1 s the machine is still in 'Commissioning'/)

  t.equal(await begin('abort', id).ended, EXIT.ok)
  const failed = begin('commission', id, '--wait')
  await commissioning()
  await say('FAILED')
  t.equal(await failed.ended, EXIT.error)
  t.match(failed.io.complained.join(), /'Failed commissioning': no disk/)

  const wrong = begin('deploy', id)
  t.equal(await wrong.ended, EXIT.conflict)
  const allocated = begin('allocate', '--arch', 'arm64')
  t.equal(await allocated.ended, EXIT.conflict)
  t.match(allocated.io.complained.join(), /matches constraints: arch=arm64/)
})

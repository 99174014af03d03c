import t from 'tap'
import {
  CHASSIS_CLAIM_MS,
  CHASSIS_JOB_MS,
  CHASSIS_JOBS_MAX,
  type FoundMachine,
} from '#model/chassis.ts'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import { makeRoom, SYSTEM } from '#test/support/life-cycle.ts'
import { ADMIN, mac, RACK, RACK_2, type Lab } from '#test/support/region-state.ts'

const PARAMETERS = {
  power_address: 'pve.example.org',
  power_user: 'root@pam',
  power_pass: 'hunter2',
}
const WISH = {
  ...({ type: 'chassis.add', chassisType: 'proxmox', parameters: PARAMETERS } as const),
  ...{ prefixFilter: 'vm', begin: null, rackId: null, domainId: null },
}

function asked(more: Partial<typeof WISH> | object = {}): {
  readonly lab: Lab
  readonly id: number
} {
  const lab = makeRoom()
  lab.actor = ADMIN
  const { id } = lab.ok({ ...WISH, ...more })
  lab.actor = SYSTEM
  return { lab, id }
}
const claim = (id: number, rackId: SystemId = RACK) =>
  ({ type: 'chassis.claim', rackId, id }) as const
const found = (n: number, more: Partial<FoundMachine> = {}): FoundMachine => ({
  ...{ systemId: `vm000${n}` as SystemId, name: `VM ${n}`, node: String(100 + n), macs: [mac(n)] },
  ...more,
})
const report = (id: number, token: number, machines: readonly FoundMachine[]) => ({
  ...({ type: 'chassis.report', rackId: RACK, id, token, result: 'done', message: '' } as const),
  machines,
})
const eventsOf = ({ state }: Lab) => [...state.events.values()].map(({ type }) => type)

t.test(
  'who claims it is told the secrets; its report adds the machines with their power',
  async (t) => {
    const { lab, id } = asked()
    const order = lab.ok(claim(id))
    t.match(order, { id, parameters: PARAMETERS, prefixFilter: 'vm', token: lab.state.revision })
    lab.ok(report(id, order.token, [found(1), found(2)]))
    t.equal(lab.state.chassisJobs.size, 0)
    t.match(lab.state.machines.get('vm0001' as SystemId), {
      ...{ hostname: 'vm-1', description: 'VM 1', powerType: 'proxmox', status: S.NEW },
      powerParameters: { ...PARAMETERS, power_vm_name: '101' },
    })
    t.equal(lab.state.interfacesByMac.first(mac(2))?.systemId, 'vm0002')
    t.match([...lab.state.events.values()].at(-1), {
      ...{ type: 'Chassis added', username: 'admin' },
      description: 'proxmox pve.example.org: 2 of 2 machines are new',
    })
    t.notMatch(JSON.stringify([...lab.state.events.values()]), /hunter2/)
  },
)

t.test(
  'machines that are known are left as they are, names that are taken are not given',
  async (t) => {
    const { lab, id } = asked()
    const first = lab.ok(claim(id))
    lab.ok(report(id, first.token, [found(1)]))
    lab.actor = ADMIN
    const again = lab.ok(WISH)
    lab.actor = SYSTEM
    const { token } = lab.ok(claim(again.id))
    lab.ok(report(again.id, token, [found(1, { node: '999' }), found(2, { name: 'vm-1' })]))
    const [one, two] = ['vm0001', 'vm0002'].map((key) => lab.state.machines.get(key as SystemId))
    t.equal(one?.powerParameters['power_vm_name'], '101')
    t.equal(two?.hostname, 'machine-vm0002')
  },
)

t.test('accepted ones are commissioned', async (t) => {
  const { lab, id } = asked({ begin: DEFAULT_PROBE })
  const { token } = lab.ok(claim(id))
  lab.ok(report(id, token, [found(1)]))
  t.equal(lab.state.machines.get('vm0001' as SystemId)?.status, S.COMMISSIONING)
  t.match(lab.state.powerIntents.get('vm0001' as SystemId), { action: 'cycle' })
})

t.test('of a machine that cannot be commissioned as asked nothing stays', async (t) => {
  const { lab, id } = asked({ begin: { ...DEFAULT_PROBE, testingScripts: ['nothing'] } })
  const { token } = lab.ok(claim(id))
  lab.ok(report(id, token, [found(1)]))
  t.equal(lab.state.machines.size, 0)
  t.equal(lab.state.interfacesByMac.first(mac(1)), undefined)
  t.equal(lab.state.powerIntents.size, 0)
  t.match([...lab.state.events.values()].at(-1), { description: /: 0 of 1 machines are new/ })
})

t.test('one rack at a time, and only the newest claim may report', async (t) => {
  const { lab, id } = asked()
  const first = lab.ok(claim(id))
  t.match(lab.refused(claim(id, RACK_2)), { code: 'CONFLICT' })
  const second = lab.ok(claim(id, RACK_2), CHASSIS_CLAIM_MS)
  t.match(lab.refused(report(id, first.token, [found(1)])), { code: 'CONFLICT' })
  t.match(lab.refused(report(id, second.token, [found(1)])), { code: 'CONFLICT' })
  t.equal(lab.state.machines.size, 0)
  lab.ok({ ...report(id, second.token, [found(1)]), rackId: RACK_2 })
  t.equal(lab.state.machines.size, 1)
})

t.test('a rack that claims again has another token', async (t) => {
  const { lab, id } = asked()
  const first = lab.ok(claim(id))
  const second = lab.ok(claim(id), CHASSIS_CLAIM_MS)
  t.match(lab.refused(report(id, first.token, [found(1)])), { code: 'CONFLICT' })
  lab.ok(report(id, second.token, [found(1)]))
})

t.test('a job for one rack is not claimed by another', async (t) => {
  const { lab, id } = asked({ rackId: RACK })
  t.match(lab.refused(claim(id, RACK_2)), { code: 'CONFLICT' })
  lab.ok(claim(id))
  lab.actor = ADMIN
  t.match(lab.refused({ ...WISH, rackId: 'zzzzzz' as SystemId }), { code: 'NOT_FOUND' })
})

t.test('what failed, and what nobody did in time, is an event', async (t) => {
  const { lab, id } = asked()
  const { token } = lab.ok(claim(id))
  const failed = {
    ...report(id, token, []),
    result: 'failed',
    message: 'nobody is there.',
  } as const
  lab.ok(failed)
  t.equal(eventsOf(lab).at(-1), 'Failed to add chassis')
  lab.actor = ADMIN
  lab.ok(WISH)
  lab.ok({ type: 'time.advance' }, CHASSIS_JOB_MS)
  t.equal(lab.state.chassisJobs.size, 0)
  t.match([...lab.state.events.values()].at(-1)?.description, /in time/)
})

t.test('jobs are bounded', async (t) => {
  const { lab } = asked()
  lab.actor = ADMIN
  for (let count = 1; count < CHASSIS_JOBS_MAX; count += 1) lab.ok(WISH)
  t.match(lab.refused(WISH), { code: 'CONFLICT' })
})

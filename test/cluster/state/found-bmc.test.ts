// What a machine says of its BMC is used where no operator has said anything, and where it cannot hurt somebody else.
import t, { type Test } from 'tap'
import { BMC_SCRIPT } from '#model/builtin-scripts.ts'
import type { SystemId } from '#model/ids.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { DEFAULT_PROBE } from '#model/machine-work.ts'
import { RESULT_TYPE } from '#model/script-result.ts'
import { currentResults } from '#state/script-query.ts'
import { addMachine, bring, makeRoom, SYSTEM } from '#test/support/life-cycle.ts'
import { link, nicOf } from '#test/support/network-lab.ts'
import { ADMIN, bind, ip, mac, newMachine, type Lab } from '#test/support/region-state.ts'

const IPMI = { power_address: '203.0.113.7', power_user: 'maas', power_pass: 'secret' }

const found = (
  systemId: SystemId,
  powerParameters: Readonly<Record<string, string>> = IPMI,
  powerType = 'ipmi',
) => ({ type: 'machine.foundBmc', systemId, powerType, powerParameters }) as const

/** Being commissioned; nobody has set its power. */
function atWork(powerType = '') {
  const lab = makeRoom()
  const systemId = addMachine(lab, 1, { powerType })
  bring(lab, systemId, S.COMMISSIONING)
  lab.actor = SYSTEM
  const machine = () => lab.state.machines.get(systemId)
  const lastEvent = () => [...lab.state.events.values()].at(-1)
  return { lab, systemId, machine, lastEvent }
}

t.test('where nobody has set one it is used', async (t) => {
  const { lab, systemId, machine, lastEvent } = atWork()
  lab.ok(found(systemId))
  t.match(machine(), { powerType: 'ipmi', powerParameters: IPMI })
  t.match(lastEvent(), { level: 'INFO', type: 'BMC found', description: 'ipmi at 203.0.113.7' })
  t.notMatch(JSON.stringify([...lab.state.events.values()]), /secret/)
  lab.ok(found(systemId, { power_address: '203.0.113.8' }))
  t.match(machine(), { powerParameters: IPMI }, 'what is set stays')
})

t.test('by hand is what an operator has set', async (t) => {
  const { lab, systemId, machine } = atWork('manual')
  lab.ok(found(systemId))
  t.equal(machine()?.powerType, 'manual')
})

t.test('only while it is commissioned, and with the token of now', async (t) => {
  const { lab, systemId } = atWork()
  t.equal(lab.refused({ ...found(systemId), tokenKey: 'old' }).code, 'FORBIDDEN')
  lab.actor = ADMIN
  const ready = addMachine(lab, 2, { powerType: '' })
  bring(lab, ready, S.READY)
  lab.ok(found(ready))
  t.equal(lab.state.machines.get(ready)?.powerType, '')
})

function refusedFor(
  why: RegExp,
  parameters: Readonly<Record<string, string>>,
  powerType = 'ipmi',
  prepare: (lab: Lab) => void = () => {},
) {
  return async (t: Test) => {
    const { lab, systemId, machine, lastEvent } = atWork()
    lab.actor = ADMIN
    prepare(lab)
    lab.actor = SYSTEM
    lab.ok(found(systemId, parameters, powerType))
    t.same([machine()?.powerType, machine()?.powerParameters], ['', {}])
    t.match(lastEvent(), { level: 'WARNING', type: 'BMC not used', description: why })
  }
}

const at = (power_address: string) => ({ power_address })

for (const address of [
  ...['127.0.0.1', '0.0.0.0', '169.254.0.17', '224.0.0.1', '255.255.255.255'],
  ...['::1', '::', 'fe80::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', 'ff02::1'],
]) {
  t.test(`${address} is no address of a BMC`, refusedFor(/no address that a BMC/, at(address)))
}
for (const address of [
  'bmc.example.org',
  '203.0.113.7:80',
  'https://203.0.113.7/',
  '',
  '203.0.113',
]) {
  t.test(`'${address}' is no plain address`, refusedFor(/plain IP|missing/, at(address)))
}

t.test('not a rack', refusedFor(/belongs to a controller/, at('10.0.0.2')))

t.test(
  'not the BMC of another machine, by whichever protocol',
  refusedFor(
    /is the BMC of machine-/,
    { ...IPMI, power_user: 'u', power_pass: 'p' },
    'redfish',
    (lab) => {
      addMachine(lab, 2, { powerType: 'ipmi', powerParameters: at('203.0.113.7:623') })
    },
  ),
)

t.test(
  'not an address of a link',
  refusedFor(/machine or device/, at('10.0.0.7'), 'ipmi', (lab) => {
    const other = addMachine(lab, 2, { interfaces: newMachine(2).interfaces })
    const [nic] = lab.state.interfacesByMachine.rows(other)
    lab.ok(link(nicOf(lab, other, nic?.name ?? ''), { ip: ip('10.0.0.7') }))
  }),
)

t.test(
  'not what a machine leased',
  refusedFor(/machine or device/, at('10.0.0.150'), 'ipmi', (lab) => {
    lab.actor = SYSTEM
    lab.ok(bind(1, '10.0.0.150'))
  }),
)

t.test('a BMC that leased its own address is one', async (t) => {
  const { lab, systemId, machine } = atWork()
  lab.ok(bind(900, '10.0.0.150'))
  lab.ok(found(systemId, at('10.0.0.150')))
  t.equal(machine()?.powerType, 'ipmi')
})

t.test('no webhook', refusedFor(/no BMC that is found/, { power_off_uri: 'http://h/' }, 'webhook'))
t.test('no hypervisor', refusedFor(/no BMC that is found/, at('203.0.113.7'), 'virsh'))
t.test('no parameter of another type', refusedFor(/no parameter/, { ...IPMI, power_id: '7' }))
t.test('all that are needed', refusedFor(/power_user is missing/, at('203.0.113.7'), 'redfish'))
t.test('a choice is one of its choices', refusedFor(/choices/, { ...IPMI, power_driver: 'x' }))

t.test('a machine that enlists itself is looked at in the same way', async (t) => {
  const lab = makeRoom()
  addMachine(lab, 2, { powerType: 'ipmi', powerParameters: IPMI })
  const enlist = (n: number, power_address: string) => {
    lab.actor = { ...ADMIN, kind: 'anonymous', userId: null, username: '' }
    const power = { powerType: 'ipmi', powerParameters: { power_address } }
    const { systemId } = lab.ok({ ...newMachine(n), ...power, interfaces: cards(n) })
    return lab.state.machines.get(systemId)
  }
  t.match(enlist(3, '203.0.113.9'), { powerType: 'ipmi', powerParameters: at('203.0.113.9') })
  t.match(enlist(4, '203.0.113.7'), { powerType: 'manual', powerParameters: {} })
  t.match(enlist(5, '127.0.0.1'), { powerType: 'manual' })
})

const cards = (n: number) => newMachine(n).interfaces.map((nic) => ({ ...nic, mac: mac(500 + n) }))

const setsUp = ({ state }: Lab, systemId: SystemId): boolean =>
  currentResults(state, systemId, RESULT_TYPE.COMMISSIONING).some(({ name }) => name === BMC_SCRIPT)

for (const [powerType, skipBmcConfig, runs] of [
  ['', false, true],
  ['', true, false],
  ['manual', false, false],
  ['ipmi', false, false],
] as const) {
  const how = skipBmcConfig ? 'skipped' : 'not skipped'
  t.test(`powered by '${powerType}', ${how}, the BMC is set up: ${runs}`, async (t) => {
    const lab = makeRoom()
    const powerParameters = powerType === 'ipmi' ? IPMI : {}
    const systemId = addMachine(lab, 1, { powerType, powerParameters })
    const options = { ...DEFAULT_PROBE, skipBmcConfig, commissioningScripts: [BMC_SCRIPT] }
    lab.ok({ type: 'machine.commission', systemId, comment: '', options })
    t.equal(setsUp(lab, systemId), runs)
    t.ok(currentResults(lab.state, systemId, RESULT_TYPE.COMMISSIONING).length > 5)
  })
}

t.test('a machine that enlists itself sets up its BMC, once', async (t) => {
  const lab = makeRoom()
  const systemId = addMachine(lab, 1)
  lab.actor = SYSTEM
  lab.ok({ type: 'machine.signal', systemId, status: 'COMMISSIONING', error: '' })
  t.ok(setsUp(lab, systemId))
  lab.ok(found(systemId))
  lab.ok({ type: 'machine.signal', systemId, status: 'OK', error: '' })
  lab.actor = ADMIN
  lab.ok({ type: 'machine.commission', systemId, comment: '', options: DEFAULT_PROBE })
  t.notOk(setsUp(lab, systemId), 'a new password would be told to nobody')
})

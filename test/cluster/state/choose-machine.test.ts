// The choice of an allocation beyond what the API's tests show: order, disks, interfaces.
import t from 'tap'
import type { MachineConstraints } from '#model/machine-constraints.ts'
import { MACHINE_STATUS as S } from '#model/machine.ts'
import { chooseMachine } from '#state/choose-machine.ts'
import type { NewBlockDevice } from '#state/command.ts'
import { addMachine, BOB, bring, makeRoom } from '#test/support/life-cycle.ts'

const disk = (name: string, gigabytes: number, ...tags: string[]): NewBlockDevice => ({
  ...{ name, model: 'm', serial: name, idPath: '', blockSizeBytes: 512, tags },
  sizeBytes: gigabytes * 1e9,
})

function pool(...disks: readonly (readonly NewBlockDevice[])[]) {
  const lab = makeRoom()
  for (const [at, blockDevices] of disks.entries()) {
    bring(lab, addMachine(lab, at + 1, { blockDevices }), S.READY)
  }
  return lab.state
}
const wanted = (bytes: number, label = '', ...tags: string[]) => ({
  label,
  bytes: bytes * 1e9,
  tags,
})
const chosen = (state: ReturnType<typeof pool>, constraints: MachineConstraints) => {
  const choice = chooseMachine(state, constraints)
  return choice === null ? null : [choice.machine.systemId, choice.constraintsByType.storage]
}

t.test('the cheapest first, then the smaller id', async (t) => {
  const lab = makeRoom()
  for (const [n, cpuCount, memoryMib] of [
    [1, 4, 1024],
    [3, 1, 4096],
    [2, 1, 4096],
    [4, 2, 4096],
  ] as const) {
    bring(lab, addMachine(lab, n, { cpuCount, memoryMib }), S.READY)
  }
  t.equal(chooseMachine(lab.state, {})?.machine.systemId, '000001')
  const order: string[] = []
  lab.actor = BOB
  for (;;) {
    const choice = chooseMachine(lab.state, {})
    if (choice === null) break
    order.push(choice.machine.systemId)
    lab.ok({
      ...{ type: 'machine.allocate', constraints: {}, asked: '', agentName: '', comment: '' },
    })
  }
  t.strictSame(order, ['000001', '000002', '000003', '000004'])
})

t.test('every disk asked for is another one, and the first is the boot disk', async (t) => {
  const state = pool([disk('sda', 100), disk('sdb', 50, 'ssd'), disk('sdc', 500, 'ssd')])
  const sda = 1
  t.strictSame(chosen(state, { storage: [wanted(10, 'root')] }), ['000001', { root: [sda] }])
  t.equal(chosen(state, { storage: [wanted(200, 'root')] }), null, 'the boot disk is too small')
  t.equal(chosen(state, { storage: [wanted(1), wanted(1), wanted(1), wanted(1)] }), null)
  // Greedily the first `ssd` would take the small disk from the one that needs no more than that.
  const two = [wanted(1), wanted(40, 'any', 'ssd'), wanted(50, 'small', 'ssd')]
  t.ok(chosen(state, { storage: two }))
  const crossed = [wanted(1), wanted(40, 'any', 'ssd'), wanted(400, 'big', 'ssd')]
  t.strictSame(chosen(state, { storage: crossed }), ['000001', { any: [2], big: [3] }])
})

t.test('a disk taken greedily is given up where another one needs it', async (t) => {
  const state = pool([disk('sda', 10), disk('sdb', 50, 'ssd', 'fast'), disk('sdc', 60, 'ssd')])
  const storage = [wanted(1), wanted(20, 'any', 'ssd'), wanted(20, 'fast', 'fast')]
  t.strictSame(chosen(state, { storage }), ['000001', { any: [3], fast: [2] }])
})

t.test('interfaces by speed, name, MAC and tag', async (t) => {
  const state = pool([])
  const fits = (test: object) =>
    chooseMachine(state, { interfaces: [{ label: 'a', tests: [test as never] }] }) !== null
  t.ok(fits({ test: 'speed', least: 1000 }))
  t.notOk(fits({ test: 'speed', least: 1001 }))
  t.ok(fits({ test: 'name', names: ['ens3'] }))
  t.notOk(fits({ test: 'name', names: ['ens4'] }))
  t.ok(fits({ test: 'mac', macs: ['52:54:00:00:00:01'] }))
  t.notOk(fits({ test: 'tag', tags: ['sriov'] }))
  t.notOk(fits({ test: 'mode', modes: ['static'] }))
})

import fc from 'fast-check'
import t from 'tap'
import type { SubnetId, VlanId } from '#model/ids.ts'
import { parseIpv4 } from '#model/ipv4.ts'
import { parseMac } from '#model/mac-address.ts'
import type { ViewChange } from '#protocol/rack.ts'
import { RackView } from '#rack/view.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import {
  holdRow,
  known,
  machineRow,
  makeView,
  settingsRow,
  subnetRow,
  viewChanges,
  viewReset,
  vlanRow,
} from '#test/support/rack-view.ts'

const MAC = '52:54:00:00:00:01'

t.test('a view answers by table and by the services’ own questions', (t) => {
  const view = makeView([
    settingsRow({ domainName: 'lab' }),
    vlanRow(1, ['eth0']),
    subnetRow(7, 1, '192.0.2.0/25'),
    subnetRow(8, 1, '192.0.2.128/25'),
    machineRow('abc346', [MAC]),
    holdRow('192.0.2.9', MAC),
  ])
  t.equal(view.settings()?.domainName, 'lab')
  t.equal(view.vlanOfInterface('eth0')?.id, 1)
  t.equal(view.vlanOfInterface('eth1'), undefined)
  t.strictSame(
    view.subnetsOfVlan(1 as VlanId).map(({ id }) => id),
    [7, 8],
  )
  t.strictSame(view.rangesOfSubnet(7 as SubnetId), [])
  t.equal(view.machineOfMac(known(parseMac(MAC)))?.systemId, 'abc346')
  t.equal(view.machineOfAddress(known(parseIpv4('192.0.2.9')))?.systemId, 'abc346')
  t.equal(view.holdsOfClient('1-525400000001').length, 1)
  t.equal(view.table('holds').size, 1)
  t.end()
})

t.test('lookups follow changes and removals', (t) => {
  const view = makeView([machineRow('abc346', [MAC]), holdRow('192.0.2.9', MAC)])
  const hold = holdRow('192.0.2.9', MAC)
  view.apply(viewChanges(2, [{ ...hold, row: null }, machineRow('abc346', ['52:54:00:00:00:02'])]))
  t.equal(view.machineOfMac(known(parseMac(MAC))), undefined)
  t.equal(view.machineOfMac(known(parseMac('52:54:00:00:00:02')))?.systemId, 'abc346')
  t.equal(view.holdsOfClient('1-525400000001').length, 0)
  view.apply(viewChanges(3, [vlanRow(1, ['eth0'])]))
  t.equal(view.vlanOfInterface('eth0')?.id, 1)
  view.apply(viewChanges(4, [{ table: 'vlans', key: 1, row: null }]))
  t.equal(view.vlanOfInterface('eth0'), undefined)
  t.end()
})

t.test('a MAC that moves between machines belongs to the new one, in either order of rows', (t) => {
  const moves: readonly (readonly [string, readonly ViewChange[]])[] = [
    ['taken first', [machineRow('aaaaaa', []), machineRow('bbbbbb', [MAC])]],
    ['given first', [machineRow('bbbbbb', [MAC]), machineRow('aaaaaa', [])]],
  ]
  for (const [name, changes] of moves) {
    const view = makeView([machineRow('aaaaaa', [MAC])])
    view.apply(viewChanges(2, changes))
    t.equal(view.machineOfMac(known(parseMac(MAC)))?.systemId, 'bbbbbb', name)
  }
  t.end()
})

t.test('a region that lags behind does not take the view back', (t) => {
  const view = makeView([])
  view.apply(viewChanges(9, [machineRow('abc346', [MAC])]))
  view.apply(viewReset(5, [machineRow('old346', [MAC])]))
  view.apply(viewChanges(6, [machineRow('old346', [MAC])]))
  t.equal(view.revision, 9)
  t.equal(view.machineOfMac(known(parseMac(MAC)))?.systemId, 'abc346')
  view.apply(viewChanges(10, [machineRow('new346', ['52:54:00:00:00:07'])]))
  t.equal(view.revision, 10, 'what is newer counts')
  t.end()
})

t.test('another cluster begins its own count', (t) => {
  const view = makeView([settingsRow({ clusterId: 'one' })])
  view.apply(viewChanges(90, [machineRow('abc346', [MAC])]))
  view.apply(viewReset(3, [settingsRow({ clusterId: 'two' })]))
  t.equal(view.revision, 3)
  t.equal(view.table('machineBoots').size, 0)
  t.end()
})

t.test('listeners hear which tables changed, until they leave', (t) => {
  const view = makeView([])
  const heard: string[][] = []
  const leave = view.onChange((tables) => heard.push([...tables]))
  view.apply(viewChanges(2, [machineRow('abc346', [MAC]), holdRow('192.0.2.9', MAC)]))
  view.apply(viewChanges(2, [machineRow('abc346', [MAC])]))
  leave()
  view.apply(viewChanges(3, [machineRow('abc346', [MAC])]))
  t.strictSame(heard, [['machineBoots', 'holds']])
  t.end()
})

t.test('age counts from the last word of a region', (t) => {
  const clock = makeFakeClock()
  const view = new RackView(clock)
  view.confirm()
  t.equal(view.ageMs(), undefined, 'nothing was received yet')
  view.apply(viewReset(1, []))
  clock.advance(300)
  t.equal(view.ageMs(), 300)
  view.confirm()
  t.equal(view.ageMs(), 0)
  const restored = new RackView(clock)
  restored.load(view.dump())
  t.equal(restored.ageMs(), undefined, 'a view from the disk was confirmed by nobody')
  t.end()
})

t.test('dump and load give the same view, whatever happened before', (t) => {
  const mac = fc.integer({ min: 1, max: 5 }).map((n) => `52:54:00:00:00:0${n}`)
  const id = fc.constantFrom('aaaaaa', 'bbbbbb', 'cccccc')
  const change: fc.Arbitrary<ViewChange> = fc.oneof(
    fc.tuple(id, fc.uniqueArray(mac, { maxLength: 2 })).map(([i, macs]) => machineRow(i, macs)),
    id.map((i): ViewChange => ({ table: 'machineBoots', key: i, row: null })),
    mac.map((each) => holdRow('192.0.2.9', each)),
  )
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 8 }), (batches) => {
      const view = makeView([settingsRow()])
      for (const [i, batch] of batches.entries()) view.apply(viewChanges(i + 2, batch))
      const copy = new RackView(makeFakeClock())
      copy.load(view.dump())
      if (JSON.stringify(copy.dump()) !== JSON.stringify(view.dump())) throw new Error('differs')
      // The index by MAC names only machines that have that MAC.
      for (let n = 1; n <= 5; n++) {
        const each = known(parseMac(`52:54:00:00:00:0${n}`))
        const machine = view.machineOfMac(each)
        const owners = [...view.table('machineBoots').values()].filter((row) =>
          row.macs.includes(each),
        )
        const isRight = owners.length === 0 ? machine === undefined : owners.includes(machine!)
        if (!isRight) throw new Error(`wrong machine of ${each}`)
      }
    }),
    { numRuns: 300 },
  )
  t.pass('no counterexample')
  t.end()
})

import t from 'tap'
import type { MachineBoot } from '#model/boot.ts'
import type { RackCommand } from '#protocol/rack.ts'
import { BootEvents } from '#rack/boot-events.ts'
import { makeCountingMetrics } from '#test/support/counting-metrics.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import { machineRow } from '#test/support/rack-view.ts'

const machine = machineRow('abc346', []).row as MachineBoot

function makeRig() {
  const clock = makeFakeClock()
  const commands: RackCommand[] = []
  const events = new BootEvents({
    request: async (command) => {
      commands.push(command)
      return { ok: false, reason: 'noQuorum' }
    },
    clock,
    metrics: makeCountingMetrics(),
  })
  return { clock, commands, events }
}

t.test('a boot of a known machine becomes an event', (t) => {
  const { events, commands } = makeRig()
  events.record({ kind: 'pxe', machine, description: '/ipxe.cfg' })
  events.record({ kind: 'tftp', machine: undefined, description: 'x' })
  t.strictSame(commands, [
    {
      type: 'event.record',
      systemId: 'abc346',
      username: '',
      level: 'INFO',
      eventType: 'Performing PXE boot',
      description: '/ipxe.cfg',
    },
  ])
  t.end()
})

t.test('a storm is cut to 100 events and 20 a second', (t) => {
  const { events, commands, clock } = makeRig()
  const record = (times: number): void => {
    for (let i = 0; i < times; i++) events.record({ kind: 'http', machine, description: 'x' })
  }
  record(300)
  t.equal(commands.length, 100)
  clock.advance(500)
  record(300)
  t.equal(commands.length, 110)
  t.end()
})

t.test('a description is bounded', (t) => {
  const { events, commands } = makeRig()
  events.record({ kind: 'http', machine, description: 'x'.repeat(5_000) })
  t.match(commands[0], { description: 'x'.repeat(200) })
  t.equal(JSON.stringify(commands[0]).length < 500, true)
  t.end()
})

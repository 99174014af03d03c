// Who is heard is told, not too often; sweeps ask every address of what is wanted, and no more.
import t from 'tap'
import type { Scan } from '#model/network.ts'
import { formatIpv4, parseCidr } from '#model/ipv4.ts'
import type { RackCommand, RackToRegionReply, ViewChange } from '#protocol/rack.ts'
import { Neighbours } from '#rack/dhcp/neighbours.ts'
import { Sweep } from '#rack/dhcp/sweep.ts'
import { RackView } from '#rack/view.ts'
import { makeFakeClock } from '#test/support/fake-clock.ts'
import {
  CLIENT,
  ip,
  link,
  mac,
  OTHER_CLIENT,
  RACK,
  recordingLogger,
  recordingMetrics,
  rowsOf,
  settings,
  subnet,
  type WorldOptions,
} from './world.ts'

function makeLab(options: WorldOptions = {}, scanSeconds: number | null = 0) {
  const clock = makeFakeClock(50_000)
  const view = new RackView(clock)
  const discovery = scanSeconds === null ? {} : { discovery: { scanSeconds } }
  const site = { table: 'settings', key: 'rack', row: { ...settings, ...discovery } } as const
  const rows = [...rowsOf(options).filter(({ table }) => table !== 'settings'), site]
  view.apply({ type: 'viewReset', revision: 1, stamp: 10_000, rows })
  const told: RackCommand[] = []
  const state: { reply: RackToRegionReply } = {
    reply: { ok: true, outcome: { ok: true, value: null }, revision: 1 },
  }
  const request = async (command: RackCommand) => {
    told.push(command)
    return state.reply
  }
  const metrics = recordingMetrics()
  const neighbours = new Neighbours({ rackId: RACK, view, request, clock, metrics })
  const asked: string[] = []
  const ask = (_link: unknown, address: Parameters<typeof formatIpv4>[0]): boolean => {
    asked.push(formatIpv4(address))
    return true
  }
  const sweep = new Sweep({ view, ask, clock, logger: recordingLogger() })
  let revision = 1
  const scan = (number: number, cidrs: readonly string[], until = 99_000): void => {
    const row: Scan = {
      name: 'scan',
      number,
      until,
      cidrs: cidrs.flatMap((each) => parseCidr(each) ?? []),
    }
    const changes: readonly ViewChange[] = [{ table: 'scans', key: 'scan', row }]
    view.apply({ type: 'viewChanges', revision: ++revision, stamp: 10_000, changes })
  }
  return { clock, view, told, state, neighbours, asked, sweep, scan }
}

const ADDRESS = ip('192.0.2.50')

t.test('a neighbour is told once, and again after ten minutes', async (t) => {
  const { neighbours, told, clock } = makeLab()
  neighbours.heard(link, { ip: ADDRESS, mac: CLIENT })
  neighbours.heard(link, { ip: ADDRESS, mac: CLIENT })
  neighbours.tick()
  const heard = [{ vlanId: link.vlanId, ip: ADDRESS, mac: CLIENT }]
  t.same(told, [{ type: 'neighbour.report', rackId: RACK, neighbours: heard }])
  clock.advance(599_999)
  neighbours.heard(link, { ip: ADDRESS, mac: CLIENT })
  neighbours.tick()
  t.equal(told.length, 1)
  clock.advance(1)
  neighbours.heard(link, { ip: ADDRESS, mac: CLIENT })
  neighbours.tick()
  t.equal(told.length, 2)
})

t.test('reports come ten seconds apart, with 256 neighbours at most', async (t) => {
  const { neighbours, told, clock } = makeLab({ subnets: [subnet({ network: '192.0.0.0/16' })] })
  for (let n = 0; n < 300; n++) {
    neighbours.heard(link, { ip: ip(`192.0.${n >> 8}.${n & 255}`), mac: CLIENT })
  }
  neighbours.tick()
  neighbours.tick()
  clock.advance(10_000)
  neighbours.tick()
  const sizes = told.map((each) => (each.type === 'neighbour.report' ? each.neighbours.length : 0))
  t.same(sizes, [256, 44])
})

t.test('what no region took is told again', async (t) => {
  const { neighbours, told, state, clock } = makeLab()
  state.reply = { ok: false, reason: 'noQuorum' }
  neighbours.heard(link, { ip: ADDRESS, mac: CLIENT })
  neighbours.tick()
  await new Promise(setImmediate)
  clock.advance(10_000)
  neighbours.heard(link, { ip: ADDRESS, mac: CLIENT })
  neighbours.tick()
  t.equal(told.length, 2)
})

t.test('ourselves, other networks, groups and unknown VLANs are nothing', async (t) => {
  const { neighbours, told } = makeLab()
  neighbours.heard(link, { ip: ADDRESS, mac: link.mac })
  neighbours.heard(link, { ip: ip('192.0.2.1'), mac: CLIENT })
  neighbours.heard(link, { ip: ip('10.0.0.1'), mac: CLIENT })
  neighbours.heard(link, { ip: ADDRESS, mac: mac('01:00:5e:00:00:01') })
  neighbours.heard({ ...link, vlanId: null }, { ip: ADDRESS, mac: OTHER_CLIENT })
  const off = makeLab({}, null)
  off.neighbours.heard(link, { ip: ADDRESS, mac: CLIENT })
  neighbours.tick()
  off.neighbours.tick()
  t.same([told, off.told], [[], []])
})

const small = [subnet({ network: '192.0.2.0/28', activeDiscovery: true })]

t.test('a request is swept once: every address but our own, ten a step', async (t) => {
  const { sweep, asked, scan } = makeLab({ subnets: small })
  t.teardown(() => sweep.close())
  sweep.follow([link])
  t.equal(sweep.isRunning, false)
  scan(1, ['192.0.2.0/24'])
  sweep.follow([link])
  sweep.step()
  t.equal(asked.length, 10)
  sweep.step()
  t.same([asked.length, sweep.isRunning], [15, false])
  t.notOk(asked.includes('192.0.2.1'))
  sweep.follow([link])
  t.equal(sweep.isRunning, false)
  scan(2, ['198.51.100.0/24'])
  sweep.follow([link])
  t.equal(sweep.isRunning, false, 'the rack has no interface there')
  scan(3, [], 9_000)
  sweep.follow([link])
  t.equal(sweep.isRunning, false, 'nobody waits for it any more')
})

t.test('subnets with active discovery are swept regularly, others are not', async (t) => {
  const { sweep, clock } = makeLab({ subnets: small }, 60)
  const quiet = makeLab({ subnets: [subnet({ network: '192.0.2.0/28' })] }, 60)
  t.teardown(() => sweep.close())
  for (const each of [sweep, quiet.sweep]) each.follow([link])
  clock.advance(60_000)
  quiet.clock.advance(60_000)
  for (const each of [sweep, quiet.sweep]) each.follow([link])
  t.same([sweep.isRunning, quiet.sweep.isRunning], [true, false])
})

// A machine with an address of the pool set by hand: the rack asks the segment before it offers the address for
// the first time, offers another, and tells the regions (lease-protocol §6).
import { join } from 'node:path'
import t from 'tap'
import { eventually } from '../process/support/cluster.ts'
import { missingForLab, Namespaces, type Process, until } from './support/namespaces.ts'
import { command } from './support/process.ts'

const RACK_PROGRAM = join(import.meta.dirname, 'support/dhcp-rack.ts')

/** A switch with the rack, a client and a machine that nobody told about. */
function makeSegment(): Namespaces {
  const lab = new Namespaces()
  lab.name('switch')
  lab.ip('switch', 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0')
  lab.ip('switch', 'link', 'set', 'br0', 'up')
  for (const name of ['rack', 'client', 'other']) {
    lab.cable(['switch', `p-${name}`], [name, 'eth0'])
    lab.ip('switch', 'link', 'set', `p-${name}`, 'master', 'br0')
  }
  lab.ip('rack', 'address', 'add', '10.77.1.1/24', 'dev', 'eth0')
  return lab
}

async function startRack(lab: Namespaces): Promise<Process> {
  const args = ['--disable-warning=ExperimentalWarning', RACK_PROGRAM, 'ffi', '600']
  const rack = lab.start('rack', process.execPath, ...args, 'eth0=10.77.1.0/24')
  await until(() => rack.output().includes('"ready":true'), rack.output)
  return rack
}

async function address(lab: Namespaces): Promise<string> {
  return eventually('a lease', 40, async () => {
    const args = ['netns', 'exec', lab.name('client'), 'udhcpc', '-i', 'eth0', '-n', '-q', '-f']
    const { stderr } = await command('ip', [...args, '-t', '8', '-T', '1', '-s', '/bin/true'])
    return /lease of ([\d.]+) obtained/.exec(stderr)?.[1]
  })
}

t.setTimeout(120_000)
const missing = missingForLab(['ip', 'udhcpc'])
if (missing !== undefined) {
  t.pass(`SKIPPED: ${missing}`)
  process.stderr.write(`SKIPPED test/lab/address-in-use.test.ts: ${missing}\n`)
} else {
  t.test('an address in use is not offered', async (t) => {
    const lab = makeSegment()
    t.teardown(() => lab.remove())
    const first = await startRack(lab)
    const free = await address(lab)
    t.notMatch(first.output(), /address_in_use/)
    await first.stop()

    // A rack that knows of no lease would offer the client the same address again.
    lab.ip('other', 'address', 'add', `${free}/24`, 'dev', 'eth0')
    const second = await startRack(lab)
    const given = await address(lab)
    t.not(given, free)
    t.match(given, /^10\.77\.1\.1\d\d$/)
    t.match(second.output(), /"dhcp\.address_in_use"/)
    const told = /\{"type":"lease.observe".*"ip":"([\d.]+)"\}/.exec(second.output())
    t.equal(told?.[1], free, 'the regions are told')
  })
}

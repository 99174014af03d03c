// A real DHCP client keeps its address through the deaths of the leader and of the whole rack: the hold is in
// the replicated log, not in anybody's memory.
import t from 'tap'
import { command, endProcess } from './support/process.ts'
import { eventually } from '../process/support/cluster.ts'
import { makeSite } from './support/site.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(240_000)

/** One run of Debian's udhcpc to its end; the address it was given. */
async function address(namespace: string): Promise<string> {
  return eventually('a lease', 40, async () => {
    const { stderr } = await command('ip', [
      ...['netns', 'exec', namespace, 'udhcpc', '-i', 'eth0', '-n', '-q', '-f'],
      ...['-t', '6', '-T', '1', '-s', '/bin/true'],
    ])
    return /lease of ([\d.]+) obtained/.exec(stderr)?.[1]
  })
}

t.test('the same client gets the same address', async (t) => {
  const { room, cluster, racks } = await makeSite({ racks: 1 })
  t.teardown(() => room.remove())
  const host = await room.addHost('h1')
  const other = await room.addHost('h2')
  const first = await address(host)
  t.match(first, /^10\.77\.0\.1\d\d$/)
  t.not(await address(other), first, 'another client gets another')

  await t.test('after the leader was killed', async (t) => {
    const status = await room.json<{ readonly leader: string }>(
      ...['region', 'status', '--dir', room.regionDirectory],
    )
    const leader = cluster.nodes.find(({ id }) => id === status.leader)
    process.kill(leader?.pid ?? 0, 'SIGKILL')
    t.equal(await address(host), first)
    await room.bootstrap()
  })

  await t.test('after the whole rack was killed and started again', async (t) => {
    for (const rack of racks) await endProcess(rack)
    room.startRack(cluster.rack_token, 'rack-1')
    t.equal(await address(host), first)
  })
})

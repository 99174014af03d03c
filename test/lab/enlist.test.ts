// A machine with an empty disk boots from the network through our DHCP, TFTP and HTTP, runs a real kernel and enlists itself at
// three regions while the leader dies under it. Quietly, by BIOS and by UEFI: `whole-life.test.ts`.
import t from 'tap'
import { bootMachine } from './support/qemu.ts'
import { eventually } from '../process/support/cluster.ts'
import { makeSite, seenBy, type Site } from './support/site.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(900_000)

const BOOT_SECONDS = 180

async function killLeader({ room, cluster }: Site): Promise<string> {
  const status = await room.json<{ readonly leader: string }>(
    ...['region', 'status', '--dir', room.regionDirectory],
  )
  const leader = cluster.nodes.find(({ id }) => id === status.leader)
  if (leader === undefined) throw new Error(`the leader ${status.leader} is not known`)
  process.kill(leader.pid, 'SIGKILL')
  return leader.id
}

t.test('a machine enlists from an empty disk', { timeout: 900_000 }, async (t) => {
  const site = await makeSite({ racks: 1 })
  const { room } = site
  t.teardown(() => room.remove())

  await t.test('while the leader is killed between DHCPACK and kernel', async (t) => {
    const mac = '52:54:00:77:00:03'
    const { namespace, directory } = room
    const tap = await room.addTap()
    const machine = await bootMachine({
      ...{ namespace, directory, tap, mac, firmware: 'bios', serial: 'BIOS1' },
    })
    t.teardown(() => machine.kill())
    await eventually('a lease of the machine', 60, async () => {
      const log = await site.room.rackLog('rack-1')
      const acknowledged = log
        .split('\n')
        .some(
          (line) =>
            line.includes('dhcp.reply_made') && line.includes('DHCPACK') && line.includes(mac),
        )
      return acknowledged ? true : undefined
    })
    t.notMatch(await machine.serialLog(), /ironraft-agent/, 'the kernel does not run yet')
    const killed = await killLeader(site)
    t.comment(`killed ${killed}`)
    const survivors = site.cluster.nodes.filter(({ id }) => id !== killed)
    await eventually('the machine at both survivors', BOOT_SECONDS, () =>
      seenBy(site.room, survivors, mac),
    )
    t.equal(await machine.exited, 0, 'the agent powered it off')
    const again = await site.room.bootstrap()
    const seen = await eventually('the machine at the restarted region', 30, () =>
      seenBy(site.room, again.nodes, mac),
    )
    t.equal(seen.length, 3)
  })
})

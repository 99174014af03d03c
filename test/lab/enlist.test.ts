// The main job on real firmware: a machine with an empty disk boots from the network through our DHCP, TFTP
// and HTTP, runs a real kernel and enlists itself at three regions; then again while the leader dies.
import t, { type Test } from 'tap'
import type { Firmware } from '#tools/lab/plan.ts'
import { bootMachine } from './support/qemu.ts'
import { eventually } from '../process/support/cluster.ts'
import { makeSite, seenBy, type Site } from './support/site.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(900_000)

const BOOT_SECONDS = 180

async function boot(site: Site, firmware: Firmware, mac: string, serial: string) {
  const { room } = site
  const { namespace, directory } = room
  const tap = await room.addTap()
  return bootMachine({ namespace, directory, tap, mac, firmware, serial })
}

async function killLeader({ room, cluster }: Site): Promise<string> {
  const status = await room.json<{ readonly leader: string }>(
    ...['region', 'status', '--dir', room.regionDirectory],
  )
  const leader = cluster.nodes.find(({ id }) => id === status.leader)
  if (leader === undefined) throw new Error(`the leader ${status.leader} is not known`)
  process.kill(leader.pid, 'SIGKILL')
  return leader.id
}

t.test('machines enlist from an empty disk', { timeout: 900_000 }, async (t) => {
  const site = await makeSite({ racks: 1 })
  t.teardown(() => site.room.remove())

  const enlisted = (mac: string, serial: string, firmware: Firmware) => async (t: Test) => {
    const machine = await boot(site, firmware, mac, serial)
    t.teardown(() => machine.kill())
    const seen = await eventually(`${serial} at all regions`, BOOT_SECONDS, () =>
      seenBy(site.room, site.cluster.nodes, mac),
    ).catch(async (error: unknown) => {
      t.comment(await machine.serialLog())
      t.comment(await site.room.rackLog('rack-1'))
      throw error
    })
    for (const each of seen) {
      t.equal(each.system_id, seen[0]?.system_id, 'one machine everywhere')
      t.equal(each.status_name, 'New')
      t.equal(each.cpu_count, 2)
      t.equal(each.memory, 1_024)
      t.equal(Math.round(each.storage), Math.round((4 * 2 ** 30) / 1e6), 'the disk, in MB')
      t.equal(each.bios_boot_method, firmware === 'uefi' ? 'uefi' : 'pxe')
    }
    t.equal(await machine.exited, 0, 'the agent powered it off')
  }

  await t.test('by BIOS PXE', enlisted('52:54:00:77:00:01', 'BIOS1', 'bios'))
  await t.test('by UEFI PXE', enlisted('52:54:00:77:00:02', 'UEFI1', 'uefi'))

  await t.test('while the leader is killed between DHCPACK and kernel', async (t) => {
    const mac = '52:54:00:77:00:03'
    const machine = await boot(site, 'bios', mac, 'BIOS2')
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

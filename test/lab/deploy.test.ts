// The life of a machine with an empty disk on real firmware: commissioned in the ephemeral Debian, deployed to its own
// disk, Deployed once the installed system asked for its user data, and released.
import { Buffer } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { eventually } from '../process/support/cluster.ts'
import { debianImage } from './support/debian-image.ts'
import { bootMachine } from './support/qemu.ts'
import { makeSite, type MachineJson, type Site } from './support/site.ts'

t.setTimeout(900_000)

/** Five times what was measured on two quiet cores. */
const COMMISSION_SECONDS = 400
const DEPLOY_SECONDS = 600

const MAC = '52:54:00:77:02:01'
const USER_DATA = `#!/bin/sh
{
  echo "USER-DATA ran on $(hostname -f)"
  ip -4 -o address
  echo "root is $(findmnt -no SOURCE /)"
} >/dev/ttyS0
`

type Details = MachineJson & {
  readonly status_message: string
  readonly ip_addresses: readonly string[]
  readonly physicalblockdevice_set: readonly { readonly serial: string; readonly size: number }[]
}
type Booted = Awaited<ReturnType<typeof bootMachine>>

t.test('from an empty disk to Deployed', { timeout: 900_000 }, async (t) => {
  const image = await debianImage((line) => t.comment(line))
  const site = await makeSite({ racks: 1 })
  const { room } = site
  t.teardown(() => room.remove())
  await room.ironraft('boot-resources', 'import', image, '--profile', 'lab')
  const made = await room.json<Details>(
    ...['machines', 'create', '--mac-addresses', MAC, '--architecture', 'amd64/generic'],
    ...['--power-type', 'manual', 'hostname=first', '--profile', 'lab'],
  )
  const id = made.system_id
  const see = (): Promise<Details> => room.json('machines', 'get', id, '--profile', 'lab')

  await t.test('commissioning finds out what it is, and ends as Ready', async (t) => {
    const machine = await boot(t, site)
    await untilStatus(t, { site, machine, see }, 'Ready', COMMISSION_SECONDS)
    const found = await see()
    t.match(found.physicalblockdevice_set, [{ serial: 'DISK1', size: 4 * 2 ** 30 }])
    t.equal(found.cpu_count, 2)
    t.equal(await machine.exited, 0, 'it switched itself off')
  })

  await t.test('deployed, it starts from its own disk with its address', async (t) => {
    await room.ironraft('machines', 'allocate', `system_id=${id}`, '--profile', 'lab')
    const userData = Buffer.from(USER_DATA).toString('base64')
    await room.ironraft(
      ...['machines', 'deploy', id, 'distro_series=debian/bookworm', `user_data=${userData}`],
      ...['--profile', 'lab'],
    )
    const machine = await boot(t, site)
    await untilStatus(t, { site, machine, see }, 'Deployed', DEPLOY_SECONDS)
    const log = await eventually('user data to run', 120, async () => {
      const text = await machine.serialLog()
      return text.includes('root is') ? text : undefined
    }).catch(explained(t, site, machine))
    const [address] = (await see()).ip_addresses
    t.match(log, /USER-DATA ran on first\.maas/)
    t.ok(address !== undefined && log.includes(`${address}/24`), `it has ${address}`)
    t.match(log, /root is \/dev\/vda\d/)
    await machine.kill()
  })

  await t.test('released it is Ready again', async (t) => {
    await room.ironraft('machines', 'release', id, '--profile', 'lab')
    t.equal((await see()).status_name, 'Ready')
  })
})

async function boot(t: Test, { room }: Site): Promise<Booted> {
  const { namespace, directory } = room
  const tap = await room.addTap()
  const machine = await bootMachine({
    ...{ namespace, directory, tap, mac: MAC, firmware: 'bios', serial: 'DISK1' },
  })
  t.teardown(() => machine.kill())
  return machine
}

type Watched = {
  readonly site: Site
  readonly machine: Booted
  readonly see: () => Promise<Details>
}

async function untilStatus(
  t: Test,
  { site, machine, see }: Watched,
  wanted: string,
  seconds: number,
): Promise<void> {
  const status = await eventually(wanted, seconds, async () => {
    // A look starts a process, and the machine needs both processors.
    await sleep(2_000)
    const { status_name: now, status_message: why } = await see()
    return now === wanted || now.startsWith('Failed') ? `${now} ${why}`.trim() : undefined
  }).catch(explained(t, site, machine))
  if (status !== wanted) await explained(t, site, machine)(new Error(status))
}

function explained(t: Test, { room }: Site, machine: Booted) {
  return async (error: unknown): Promise<never> => {
    t.comment((await machine.serialLog()).slice(-8_000))
    t.comment((await room.rackLog('rack-1')).slice(-8_000))
    throw error
  }
}

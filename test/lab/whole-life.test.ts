// The whole life of two machines in `ironraft lab`, one with BIOS and IPMI, one with UEFI and Redfish: switched off and
// unknown, enlisted, commissioned, deployed with Debian to their own disks, used, released with erase, Ready again. One
// region is down all the time, the leader is killed while they are commissioned, and so is the rack that gives them
// their image while they are deployed.
import { Buffer } from 'node:buffer'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { eventually, freePorts } from '../process/support/cluster.ts'
import { debianImage } from './support/debian-image.ts'
import { type LabUser, makeUser } from './support/lab-user.ts'
import { command } from './support/process.ts'

t.setTimeout(1_500_000)

/** Four times and more what was measured on two quiet cores. */
const ENLIST_SECONDS = 240
const FETCH_SECONDS = 240
const COMMISSION_SECONDS = 600
const DEPLOY_SECONDS = 900
const ERASE_SECONDS = 600
const OFF_SECONDS = 240
const NAMES = ['machine-1', 'machine-2'] as const
const FETCHES_ROOT =
  /ironraft: fetching http:\/\/(10\.77\.0\.\d+):5248\/images\/[0-9a-f]{64}\/squashfs/

const USER_DATA = `#!/bin/sh
echo "$(hostname -f) on $(findmnt -no SOURCE /)" >/run/user-data-ran
`

type Machine = {
  readonly system_id: string
  readonly hostname: string
  readonly status_name: string
  readonly status_message: string
  readonly cpu_count: number
  readonly memory: number
  readonly storage: number
  readonly bios_boot_method: string
  readonly ip_addresses: readonly string[]
  readonly interface_set: readonly { readonly mac_address: string }[]
  readonly physicalblockdevice_set: readonly { readonly serial: string }[]
}

t.test('from unknown to Deployed and back', { timeout: 1_500_000 }, async (t) => {
  const image = await debianImage((line) => t.comment(line))
  const user = await makeUser(t)
  const { lab, json, ironraft } = user
  const ids = new Map<string, string>()
  const idOf = (name: string): string => ids.get(name) ?? ''
  const see = (name: string): Promise<Machine> => user.api(`machines/${idOf(name)}/`)
  const act = (verb: string, name: string, ...words: readonly string[]): Promise<Machine> =>
    json<Machine>('machines', verb, idOf(name), ...words)
  const port = await freePorts(5)
  await lab(
    ...['up', '--machines', '2', '--firmware', 'bios,uefi', '--racks', '2', '--regions', '5'],
    ...['--api-port', String(port), '--json'],
  )
  const follower = (await user.status()).processes.findLast(
    ({ name, role }) => name.startsWith('region-') && role === null,
  )
  await lab('kill', follower?.name ?? '')
  const key = await makeSshKey(user)

  await t.test('switched on, they enlist themselves', async (t) => {
    const { machines } = await user.status()
    for (const { name, power, status_name: status } of machines) {
      t.same([power, status], ['off', null])
      await lab('power', name, 'on')
    }
    for (const { name, mac_address: mac } of machines) {
      const found = await eventually(`${name} to be New`, ENLIST_SECONDS, async () => {
        await sleep(1_000)
        const listed = await user.api<readonly Machine[]>('machines/')
        return listed.find(({ interface_set: nics }) => nics.some((nic) => nic.mac_address === mac))
      }).catch(explained(t, user, name))
      ids.set(name, found.system_id)
      t.match(found, { status_name: 'New', cpu_count: 1, memory: 1_024 })
      t.equal(Math.round(found.storage), Math.round((8 * 2 ** 30) / 1e6), 'the disk, in MB')
    }
    await untilOff(user)
  })

  await t.test('commissioned while the leader dies, they are Ready', async (t) => {
    await ironraft('boot-resources', 'import', image, '--profile', 'lab')
    for (const { name, create } of (await user.status()).machines) {
      const settings = create.split(' ').filter((word) => word.startsWith('power_parameters_'))
      const [type] = /(?<=--power-type )\S+/.exec(create) ?? []
      await act('update', name, '--hostname', name, '--power-type', type ?? '', ...settings)
      await act('commission', name)
    }
    for (const name of NAMES) await untilFetching(t, user, name)
    const { processes } = await user.status()
    const leader = processes.find(({ role }) => role === 'leader')?.name
    await lab('kill', 'leader')
    t.match(leader, /^region-\d$/)
    await Promise.all(
      NAMES.map((name) => untilStatus(t, user, { see, name }, 'Ready', COMMISSION_SECONDS)),
    )
    t.same(
      (await Promise.all(NAMES.map(see))).map((each) => [
        each.bios_boot_method,
        each.physicalblockdevice_set.map(({ serial }) => serial),
      ]),
      [
        ['pxe', ['machine-1']],
        ['uefi', ['machine-2']],
      ],
    )
  })

  await t.test('deployed while the rack that gives the image dies, they run it', async (t) => {
    await untilOff(user)
    const userData = Buffer.from(USER_DATA).toString('base64')
    for (const name of NAMES) {
      await json('machines', 'allocate', '--system-id', idOf(name))
      await act('deploy', name, '--distro-series', 'debian/bookworm', '--user-data', userData)
    }
    const addresses = await Promise.all(NAMES.map((name) => untilFetching(t, user, name)))
    const rack = addresses[0] === '10.77.0.11' ? 'rack-1' : 'rack-2'
    await lab('kill', rack)
    t.comment(`${rack} was killed; images came from ${addresses.join(' and ')}`)
    await Promise.all(
      NAMES.map((name) => untilStatus(t, user, { see, name }, 'Deployed', DEPLOY_SECONDS)),
    )
    for (const name of NAMES) {
      const {
        ip_addresses: [address = ''],
      } = await see(name)
      const inside = await eventually(`${name} to be reached`, 120, async () => {
        await sleep(1_000)
        return ssh(user, key, address).catch(() => undefined)
      }).catch(explained(t, user, name))
      t.match(inside, new RegExp(`^${name}\\.maas on /dev/vda\\d$`, 'm'), 'user data ran')
      t.ok(inside.includes(`inet ${address}/24`), `it has ${address}`)
    }
  })

  await t.test('released with erase they are Ready again, and empty', async (t) => {
    for (const name of NAMES) await act('release', name, '--erase', '--quick-erase')
    t.match((await see('machine-1')).status_name, /erasing/i)
    await Promise.all(
      NAMES.map((name) => untilStatus(t, user, { see, name }, 'Ready', ERASE_SECONDS)),
    )
    await untilOff(user)
    for (const name of NAMES)
      t.notOk(await hasPartitions(user, name), `the disk of ${name} is empty`)
    t.notOk((await json<readonly unknown[]>('machines', 'list')).length > 2)
  })
})

type Watched = { readonly see: (name: string) => Promise<Machine>; readonly name: string }

/** A status that says that it failed ends the wait. */
async function untilStatus(
  t: Test,
  user: LabUser,
  { see, name }: Watched,
  wanted: string,
  seconds: number,
): Promise<void> {
  const status = await eventually(`${name} to be ${wanted}`, seconds, async () => {
    await sleep(1_000)
    const { status_name: now, status_message: why } = await see(name)
    return now === wanted || now.startsWith('Failed') ? `${now} ${why}`.trim() : undefined
  }).catch(explained(t, user, name))
  if (!status.startsWith(wanted)) await explained(t, user, name)(new Error(`${name}: ${status}`))
}

async function untilOff(user: LabUser): Promise<void> {
  await eventually('all to be off', OFF_SECONDS, async () => {
    await sleep(1_000)
    const on = await Promise.all(NAMES.map((name) => user.isOn(name)))
    return on.includes(true) ? undefined : true
  })
}

/** Until it, off before, gets its root filesystem; the address of the rack that it asks. */
async function untilFetching(t: Test, user: LabUser, name: string): Promise<string> {
  await eventually(`${name} to be on`, FETCH_SECONDS, async () => {
    await sleep(500)
    return (await user.isOn(name)) ? true : undefined
  })
  return eventually(`${name} to fetch its root`, FETCH_SECONDS, async () => {
    await sleep(500)
    return FETCHES_ROOT.exec(await user.console(name))?.[1]
  }).catch(explained(t, user, name))
}

function explained(t: Test, user: LabUser, name: string) {
  return async (error: unknown): Promise<never> => {
    t.comment((await user.console(name)).slice(-8_000))
    for (const rack of ['rack-1', 'rack-2']) {
      const log = await readFile(join(user.directory, 'run', `${rack}.log`), 'utf8')
      t.comment(`${rack}: ${log.slice(-4_000)}`)
    }
    t.comment(await user.ironraft('events', 'list', '--profile', 'lab').catch(String))
    throw error
  }
}

/** A key pair; its public half is the administrator's. Path of the private one. */
async function makeSshKey({ home, json }: LabUser): Promise<string> {
  const path = join(home, 'key')
  await command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path])
  await json('sshkeys', 'create', (await readFile(`${path}.pub`, 'utf8')).trim())
  return path
}

/** From the machines' network, as Debian's own user. */
async function ssh({ directory }: LabUser, key: string, address: string): Promise<string> {
  const { switchNamespace } = JSON.parse(await readFile(join(directory, 'lab.json'), 'utf8')) as {
    readonly switchNamespace: string
  }
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'BatchMode=yes']
  const { stdout } = await command('ip', [
    ...['netns', 'exec', switchNamespace, 'ssh', '-i', key, '-o', 'ConnectTimeout=30'],
    ...options.flatMap((option) => ['-o', option]),
    ...[`debian@${address}`, 'cat /run/user-data-ran && ip -4 -o address'],
  ])
  return stdout
}

/** Whether its disk begins with anything; the machine is off. */
async function hasPartitions({ directory, home }: LabUser, name: string): Promise<boolean> {
  const head = join(home, 'head')
  const disk = join(directory, 'machines', name, 'disk.qcow2')
  const words = ['dd', '-f', 'qcow2', '-O', 'raw', 'bs=1M', 'count=1', `if=${disk}`, `of=${head}`]
  await command('qemu-img', words)
  const bytes = await readFile(head)
  await rm(head)
  return bytes.length !== 1 << 20 || bytes.some((byte) => byte !== 0)
}

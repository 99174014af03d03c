// The ephemeral Debian on real firmware: verified before it is mounted, and fetched from our rack by the loaders that are
// not iPXE; by iPXE `whole-life.test.ts` starts it. PXELINUX only with LAB_LONG=1: a machine takes its time.
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { eventually } from '../process/support/cluster.ts'
import { debianImage } from './support/debian-image.ts'
import { lyingServer } from './support/lying-server.ts'
import { bootMachine } from './support/qemu.ts'
import { makeSite, type Site } from './support/site.ts'

t.setTimeout(1_800_000)

/** Five times what was measured on two cores. */
const BOOT_SECONDS = 300

type Booted = Awaited<ReturnType<typeof bootMachine>>
type Firmware = Parameters<typeof bootMachine>[0]['firmware']
type SubnetJson = { readonly id: number; readonly cidr: string }

t.test('the ephemeral system', { timeout: 1_800_000 }, async (t) => {
  const image = await debianImage((line) => t.comment(line))
  const site = await makeSite({ racks: 1 })
  const { room } = site
  t.teardown(() => room.remove())
  await room.ironraft('boot-resources', 'import', image, '--profile', 'lab')

  const known = async (mac: string, commission = false): Promise<string> => {
    const made = await room.json<{ readonly system_id: string }>(
      ...['machines', 'create', '--mac-addresses', mac, '--architecture', 'amd64/generic'],
      ...['--power-type', 'manual', `commission=${commission}`, '--profile', 'lab'],
    )
    return made.system_id
  }
  const boot = async (
    t: Test,
    name: string,
    mac: string,
    more: Partial<Parameters<typeof bootMachine>[0]> = {},
  ) => {
    const { namespace, directory } = room
    const tap = await room.addTap()
    const firmware: Firmware = 'bios'
    const machine = await bootMachine({
      ...{ namespace, directory, tap, mac, firmware, serial: name, ...more },
    })
    t.teardown(() => machine.kill())
    return machine
  }

  await t.test('a root filesystem that is damaged or cut off is never started', async (t) => {
    const whole = randomBytes(90_000)
    const sum = createHash('sha256').update(whole).digest('hex')
    const server = lyingServer(room.namespace, { bytes: whole })
    t.teardown(() => server.close())
    const base = 'http://10.77.0.1:5299'
    const roots = ['cut', 'altered', 'altered'].map((how) => `${base}/${how}/${sum}/squashfs`)
    const machine = await boot(t, 'EPH2', '52:54:00:77:01:02', {
      direct: {
        kernel: join(image, 'boot-kernel'),
        initrd: join(image, 'boot-initrd'),
        options: [
          ...['console=ttyS0', 'boot=ironraft', `root=squash:${roots.join(',')}`],
          'BOOTIF=01-52-54-00-77-01-02',
        ],
      },
    })
    const log = await untilSaid(t, site, machine, /damaged and is not started; restarting/)
    t.match(log, /cut\/[0-9a-f]+\/squashfs broke off or does not answer after 50000 bytes/)
    t.match(log, /altered\/.* is damaged or not what was asked for: refused \(1\)/)
    t.notMatch(log, /verified and mounted/)
    await machine.kill()
  })

  await t.test('a machine that is to be off goes off at once', async (t) => {
    const machine = await boot(t, 'EPH3', '52:54:00:77:01:05', {
      direct: {
        kernel: join(image, 'boot-kernel'),
        initrd: join(image, 'boot-initrd'),
        options: ['console=ttyS0', 'boot=ironraft', 'ironraft.poweroff'],
      },
    })
    const log = await untilSaid(t, site, machine, /ironraft: switching off/)
    t.equal(await machine.exited, 0)
    t.notMatch(log, /fetching|IP-Config/, 'and asked nobody for anything')
  })

  await t.test(
    'a machine whose rack died after it gave kernel and initrd is commissioned',
    async (t) => {
      const mac = '52:54:00:77:01:06'
      const id = await known(mac, true)
      const sum = createHash('sha256')
      for await (const chunk of createReadStream(join(image, 'squashfs')))
        sum.update(chunk as Buffer)
      // Nobody has that address: what asks there is not even refused.
      const [dead, live] = ['http://10.77.0.9:5248', 'http://10.77.0.1:5248']
      const root = `images/${sum.digest('hex')}/squashfs`
      const machine = await boot(t, 'EPH4', mac, {
        direct: {
          kernel: join(image, 'boot-kernel'),
          initrd: join(image, 'boot-initrd'),
          options: [
            ...['console=ttyS0', 'boot=ironraft', 'BOOTIF=01-52-54-00-77-01-06'],
            `root=squash:${live}/${root}`,
            `cloud-config-url=${dead}/MAAS/metadata/latest/by-id/${id}/?op=get_preseed`,
            ...[`ironraft.api=${dead}/MAAS,${live}/MAAS`, 'cc:{datasource_list:[MAAS]}end_cc'],
          ],
        },
      })
      const log = await untilSaid(
        t,
        site,
        machine,
        /ironraft-seed: from http:\/\/10\.77\.0\.1:5248/,
      )
      t.match(log, /ironraft-seed: http:\/\/10\.77\.0\.9:5248/, 'the dead one was asked first')
      await eventually('commissioned', BOOT_SECONDS, async () => {
        const { status_name } = await room.json<{ readonly status_name: string }>(
          ...['machines', 'get', id, '--profile', 'lab'],
        )
        t.notMatch(status_name, /Failed/)
        return status_name === 'Ready' ? status_name : undefined
      }).catch(explained(t, site, machine))
      await machine.exited
    },
  )

  const subnets = await room.json<readonly SubnetJson[]>('subnets', 'list', '--profile', 'lab')
  const subnet = subnets.find(({ cidr }) => cidr === '10.77.0.0/24')
  await room.ironraft(
    ...['subnets', 'update', String(subnet?.id), '--profile', 'lab'],
    'disabled_boot_architectures=ipxe',
  )
  const others: readonly (readonly [string, Firmware, string, string])[] = [
    [
      ...(['by PXELINUX where iPXE is disabled', 'bios', '52:54:00:77:01:03'] as const),
      '/pxelinux.cfg/01-52-54-00-77-01-03',
    ],
    [
      ...(['by shim and GRUB over TFTP', 'uefi', '52:54:00:77:01:04'] as const),
      'grub/grub.cfg-52:54:00:77:01:04',
    ],
  ]
  for (const [name, firmware, mac, loader] of others) {
    if (firmware === 'bios' && process.env['LAB_LONG'] !== '1') continue
    await t.test(name, async (t) => {
      const id = await known(mac)
      const machine = await boot(t, `EPH-${firmware}`, mac, { firmware })
      await untilSaid(t, site, machine, /ironraft: fetching http:\/\/10\.77\.0\.1:5248\/images/)
      t.match(await bootsOf(site, id), loader)
      await machine.kill()
    })
  }
})

/** What it loaded from the rack, as the region's events have it. */
async function bootsOf({ room }: Site, id: string): Promise<string> {
  return room.ironraft(
    ...['api', 'GET', 'events/', '--op', 'query', `id=${id}`, 'level=DEBUG', '--profile', 'lab'],
  )
}

async function untilSaid(t: Test, site: Site, machine: Booted, words: RegExp): Promise<string> {
  return eventually(`${machine.mac}: ${words.source}`, BOOT_SECONDS, async () => {
    const log = await machine.serialLog()
    return words.test(log) ? log : undefined
  }).catch(explained(t, site, machine))
}

function explained(t: Test, site: Site, machine: Booted) {
  return async (error: unknown): Promise<never> => {
    t.comment((await machine.serialLog()).slice(-6_000))
    t.comment((await site.room.rackLog('rack-1')).slice(-6_000))
    throw error
  }
}

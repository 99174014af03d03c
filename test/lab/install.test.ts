// The script of the installer on real (emulated) machines with empty disks, and what it made, started by both firmwares:
// the installed cloud-init asks for its user data, which is what makes a machine Deployed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { renderInstallScript } from '#api/installer/install-script.ts'
import type { StorageConfig } from '#model/storage.ts'
import type { Firmware } from '#tools/lab/plan.ts'
import { eventually } from '../process/support/cluster.ts'
import { FLAT, installInput, LVM_ON_RAID } from '../support/install-inputs.ts'
import { bootDisks, bootEphemeral, makeDisk } from './support/install-machine.ts'
import { installRoot, type InstallRoot } from './support/install-root.ts'
import { installSite, type InstallSite } from './support/install-site.ts'

t.setTimeout(900_000)

const NETPLAN = `network:
  version: 2
  ethernets:
    eth0:
      match: {macaddress: "52:54:00:77:01:01"}
      set-name: eth0
      dhcp4: true
`
/** Of no use to what is tested, and slow under emulation. */
const MASKED = ['apt-daily.timer', 'apt-daily-upgrade.timer', 'e2scrub_reap', 'fstrim.timer', 'ssh']
const SECONDS = 240

type Lab = { readonly site: InstallSite; readonly root: InstallRoot; readonly directory: string }

function scriptFor({ site, root }: Lab, storage: StorageConfig): string {
  return renderInstallScript(
    installInput({
      image: {
        kind: 'squashfs',
        sha256: root.sha256,
        sizeBytes: root.sizeBytes,
      },
      storage,
      netplan: NETPLAN,
      kernelOptions: `quiet ${MASKED.map((unit) => `systemd.mask=${unit}`).join(' ')}`,
      places: [{ base: `${site.url}/MAAS`, imageUrl: `${site.url}/image` }],
    }),
  )
}

async function install(
  t: Test,
  lab: Lab,
  options: {
    readonly storage: StorageConfig
    readonly disks: readonly string[]
    readonly memoryMib: number
  },
): Promise<void> {
  const { site, root, directory } = lab
  site.forget()
  site.serveScript(scriptFor(lab, options.storage))
  const machine = await bootEphemeral({
    ...{ directory, root, disks: options.disks, firmware: 'bios' },
    ...{ memoryMib: options.memoryMib, scriptUrl: `${site.url}/script` },
  })
  t.teardown(() => machine.kill())
  await machine.exited
  const last = site.events.at(-1)
  if (last?.result !== 'SUCCESS') t.comment(await machine.console())
  t.match(last, { name: 'cmd-install', event_type: 'finish', result: 'SUCCESS' })
  t.match(last?.files?.[0]?.path, '/tmp/install.log')
  t.same(
    site.events.filter(({ event_type }) => event_type === 'finish').map(({ name }) => name),
    [
      ...['early', 'partitioning', 'extract', 'curthooks', 'late'].map(
        (name) => `cmd-install/stage-${name}`,
      ),
      'cmd-install',
    ],
  )
  t.equal(site.requests.at(-1), 'POST /MAAS/metadata/latest/by-id/abc123/ op=netboot_off')
}

/** Until the user's script ran in the installed system. */
async function starts(
  t: Test,
  { site, directory }: Lab,
  disks: readonly string[],
  firmware: Firmware,
): Promise<void> {
  site.forget()
  const machine = await bootDisks({ directory, disks, firmware })
  t.teardown(() => machine.kill())
  await eventually('user data', SECONDS, () =>
    Promise.resolve(site.requests.some((line) => line.includes('user-data')) ? true : undefined),
  ).catch(async (error: unknown) => {
    t.comment(site.requests.join('\n'))
    t.comment(await machine.console())
    throw error
  })
  t.pass(`started by ${firmware}`)
  await machine.kill()
}

const skip =
  process.env['LAB_LONG'] === '1'
    ? false
    : 'ten minutes: with LAB_LONG=1 (whole-life.test.ts has flat)'

t.test('the installer writes disks that start', { timeout: 900_000, skip }, async (t) => {
  const root = await installRoot((line) => t.comment(line))
  const site = await installSite(root.squashfs)
  t.teardown(() => site.close())
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-install-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const lab = { site, root, directory }

  const disks = [await makeDisk(directory, 'DISK1'), await makeDisk(directory, 'DISK2')]

  await t.test('LVM over RAID-1', async (t) => {
    await install(t, lab, { storage: LVM_ON_RAID, disks, memoryMib: 1536 })
    await starts(t, lab, disks, 'bios')
  })

  await t.test(
    'flat, over what was there, in little memory: one disk, both firmwares',
    async (t) => {
      await install(t, lab, { storage: FLAT, disks, memoryMib: 768 })
      await starts(t, lab, disks, 'bios')
      await starts(t, lab, disks, 'uefi')
    },
  )
})

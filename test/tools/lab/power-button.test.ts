// The button without QEMU: `ip` and `qemu-img` are scripts that stand in for it, found first in the path.
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeIpmiBmc } from '#tools/lab/ipmi-bmc.ts'
import { machineDirectory, planLab } from '#tools/lab/plan.ts'
import { buttonOf, makeMachine } from '#tools/lab/power-button.ts'

type Pressed = { readonly status: number | null; readonly out: string }

async function makeButton(t: Test) {
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-button-'))
  const bin = join(directory, 'bin')
  await mkdir(bin)
  await program(bin, 'qemu-img', 'exit 0')
  // A machine is a shell that waits; its arguments name the disk, as QEMU's do.
  await program(
    bin,
    'ip',
    `echo "$@" >>'${directory}/started'
[ -e '${directory}/broken' ] && exit 1
setsid sh -c 'while :; do sleep 0.1; done' "$@" </dev/null >/dev/null 2>&1 &
echo $! >pid`,
  )
  const lab = planLab({
    ...{ directory, regionCount: 1, rackCount: 1, machineCount: 1, memoryMib: 256, cpuCount: 1 },
    ...{ firmware: ['bios'], accelerator: 'tcg', apiPort: 1, profile: 'lab', bmcPassword: 'x' },
  })
  const [machine] = lab.machines
  if (machine === undefined) throw new Error('there is a machine')
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` }
  const before = process.env['PATH']
  process.env['PATH'] = env.PATH
  await makeMachine(lab, machine)
  process.env['PATH'] = before
  const call = (file: string, ...words: readonly string[]): Pressed => {
    const { status, stdout } = spawnSync(file, words, { env, encoding: 'utf8', timeout: 20_000 })
    return { status, out: stdout.trim() }
  }
  const button = buttonOf(lab, machine)
  const press = (...words: readonly string[]): Pressed => call(button, ...words)
  t.teardown(async () => {
    press('off')
    await rm(directory, { recursive: true })
  })
  const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8')
  return { directory, machineDirectory: machineDirectory(lab, machine), button, press, call, read }
}

async function program(bin: string, name: string, script: string): Promise<void> {
  await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
  await chmod(join(bin, name), 0o755)
}

t.test('on, off and status, each again without effect', async (t) => {
  const { press, read, machineDirectory: of } = await makeButton(t)
  t.equal(press('status').out, 'off')
  t.equal(press('on', 'none').status, 0)
  t.equal(press('status').out, 'on')
  t.equal(press('on', 'disk').status, 0)
  t.equal((await read('started')).trim().split('\n').length, 1, 'one machine was started')
  t.equal(press('off').status, 0)
  t.equal(press('off').status, 0)
  t.equal(press('status').out, 'off')
  t.equal(await readFile(join(of, 'power.log'), 'utf8'), 'on none\noff\n')
})

t.test('the disk is tried first only when asked for', async (t) => {
  const { press, read } = await makeButton(t)
  press('on', 'pxe')
  press('off')
  press('on', 'disk')
  const [network, disk] = (await read('started')).split('\n')
  t.match(network, /virtio-net-pci\S*bootindex=1/)
  t.match(disk, /virtio-net-pci\S*bootindex=2/)
})

t.test(
  'a pid that the system gave to another process is no machine, and is left alone',
  async (t) => {
    const { press, machineDirectory: of } = await makeButton(t)
    await writeFile(join(of, 'pid'), String(process.pid))
    t.equal(press('status').out, 'off')
    t.equal(press('off').status, 0)
  },
)

t.test('a machine that does not start is off, and the button says so', async (t) => {
  const { press, directory } = await makeButton(t)
  await writeFile(join(directory, 'broken'), '')
  t.not(press('on').status, 0)
  t.equal(press('status').out, 'off')
})

t.test('a BMC that was told a boot device uses it once', async (t) => {
  const { button, call, directory, machineDirectory: of } = await makeButton(t)
  const bmc = join(directory, 'bmc')
  await makeIpmiBmc({
    ...{ directory: bmc, address: '127.0.0.1', port: 1, user: 'maas', password: 'x', button },
  })
  const chassis = (...words: readonly string[]): Pressed => call(join(bmc, 'chassis'), ...words)
  chassis('set', 'boot', 'pxe')
  t.equal(chassis('get', 'power', 'boot').out, 'power:0\nboot:pxe')
  chassis('set', 'power', '1')
  t.equal(chassis('get', 'power', 'boot').out, 'power:1\nboot:default')
  chassis('set', 'reset', '1')
  chassis('set', 'power', '0')
  const said = await readFile(join(of, 'power.log'), 'utf8')
  t.equal(said, 'on pxe\noff\non none\noff\n')
})

// The built-in scripts: every one of the list is a file that a POSIX shell reads, and what they print here is what the
// region understands. They run as whoever runs the tests; none of them writes outside of a temporary folder.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseFoundHardware } from '#api/hardware-details.ts'
import { BUILTIN_SCRIPTS, HARDWARE_SCRIPT } from '#model/builtin-scripts.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

t.setTimeout(120_000)

const FOLDER = join(import.meta.dirname, '../../../api/metadata/scripts')
const SHELLS = ['dash', 'busybox', 'sh'].filter(
  (shell) => spawnSync(shell, shell === 'busybox' ? ['--help'] : ['-c', ':']).status === 0,
)
const run = (
  name: string,
  args: readonly string[] = [],
  { shell = 'sh', env = {} }: { readonly shell?: string; readonly env?: object } = {},
) => {
  const first = shell === 'busybox' ? ['sh'] : []
  return spawnSync(shell, [...first, join(FOLDER, name), ...args], {
    ...{ encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 24 },
    env: { PATH: process.env['PATH'], ...env },
  })
}

const NOT_BOOTED = 'This system was not booted to be commissioned: it is left as it is.\n'

t.test('the list and the files are the same', async (t) => {
  t.same(readdirSync(FOLDER).toSorted(), BUILTIN_SCRIPTS.map(({ name }) => name).toSorted())
  for (const { name } of BUILTIN_SCRIPTS) {
    const text = readFileSync(join(FOLDER, name), 'utf8')
    t.match(text, /^#!\/bin\/sh\n# \S/, `${name} says what it does`)
    t.ok(statSync(join(FOLDER, name)).mode & 0o100, `${name} can be run`)
    for (const shell of SHELLS) {
      const first = shell === 'busybox' ? ['sh'] : []
      t.equal(spawnSync(shell, [...first, '-n', join(FOLDER, name)]).status, 0, `${shell} ${name}`)
    }
  }
})

for (const shell of SHELLS) {
  t.test(`the hardware report of this host is one that we read, by ${shell}`, async (t) => {
    const { stdout, status } = run(HARDWARE_SCRIPT, [], { shell })
    t.equal(status, 0)
    t.type(JSON.parse(stdout), 'object')
    const found = parseFoundHardware(stdout)!
    t.ok(found.cpuCount > 0)
    t.ok(found.memoryMib > 0)
    const files = (folder: string): readonly string[] => {
      try {
        return readdirSync(folder)
      } catch {
        return []
      }
    }
    const pci = files('/sys/bus/pci/devices')
    t.equal(found.devices.filter(({ bus }) => bus === 1).length, Math.min(pci.length, 256))
    const nodes = files('/sys/devices/system/node').filter((name) => /^node\d+$/.test(name))
    t.equal(found.details.numaNodes.length, nodes.length)
  })
}

t.test('what would change this host leaves it as it is', async (t) => {
  for (const name of ['20-maas-01-install-lldpd', '20-maas-02-dhcp-unconfigured-ifaces']) {
    const { status, stdout } = run(name)
    t.same([status, stdout], [0, NOT_BOOTED], name)
  }
})

t.test('what only looks ends well here, whatever is absent', async (t) => {
  const looking = ['maas-capture-lldpd', 'maas-kernel-cmdline', 'maas-list-modaliases', 'maas-lshw']
  for (const name of [...looking, 'maas-serial-ports']) {
    t.equal(run(name).status, 0, name)
  }
})

const file = async (t: Test, mib: number): Promise<string> => {
  const path = join(await temporaryDirectory(t), 'disk')
  writeFileSync(path, Buffer.alloc(mib << 20))
  return path
}

t.test('disks are read, and one that cannot be read fails', async (t) => {
  const disk = await file(t, 3)
  for (const name of ['disk-read', 'badblocks']) {
    t.equal(run(name, [`--storage=${disk}`]).status, 0, name)
    t.equal(run(name, ['--storage=/nowhere/sda']).status, 1, name)
  }
  t.equal(run('smartctl-validate', ['--storage=/nowhere/sda']).status, 1)
})

t.test('a test for which there is nothing says that it was skipped', async (t) => {
  const result = join(await temporaryDirectory(t), 'result.yaml')
  for (const name of ['disk-read', 'badblocks', 'smartctl-validate']) {
    writeFileSync(result, '')
    const { status } = run(name, ['--storage=all'], { env: { RESULT_PATH: result } })
    t.equal(status, 0, name)
    t.equal(readFileSync(result, 'utf8'), 'status: skipped\n', name)
  }
  t.equal(run('gateway-connectivity', ['--interface=none0']).status, 1)
  t.equal(run('internet-connectivity').status, 1)
})

/** Shell commands of other names first in the PATH. */
const withTools = async (t: Test, tools: Readonly<Record<string, string>>): Promise<object> => {
  const folder = join(await temporaryDirectory(t), 'bin')
  mkdirSync(folder)
  for (const [name, text] of Object.entries(tools)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  }
  return { PATH: `${folder}:${process.env['PATH']}` }
}

t.test('memory and processors pass a short test, and fail one that finds something', async (t) => {
  t.equal(run('memtester', [], { env: { MEMTEST_MIB: '2' } }).status, 0)
  const wrong = await withTools(t, { cksum: 'cat >/dev/null; date +%N' })
  t.equal(run('memtester', [], { env: { ...wrong, MEMTEST_MIB: '2' } }).status, 1)
  t.equal(run('stress-ng-cpu-short', [], { env: { STRESS_SECONDS: '0' } }).status, 0)
  const odd = await withTools(t, { sha256sum: 'cat >/dev/null; date +%N' })
  t.equal(run('stress-ng-cpu-short', [], { env: { ...odd, STRESS_SECONDS: '1' } }).status, 1)
})

t.test('LLDP neighbours, quotes and all, are in the report', async (t) => {
  const lines = [
    'lldp.eth0.via=LLDP',
    'lldp.eth0.chassis.mac=02:00:00:00:00:01',
    'lldp.eth0.chassis.name=sw"1\\',
    'lldp.eth0.port.ifname=ge-0/0/1',
    'lldp.eth1.chassis.mac=02:00:00:00:00:02',
  ]
  const env = await withTools(t, { lldpctl: `cat <<'END'\n${lines.join('\n')}\nEND` })
  const found = parseFoundHardware(run(HARDWARE_SCRIPT, [], { env }).stdout)
  t.same(found?.details.lldp, [
    { interface: 'eth0', chassis: 'sw1', port: 'ge-0/0/1' },
    { interface: 'eth1', chassis: '02:00:00:00:00:02', port: '' },
  ])
})

// Debian's DHCP clients against the rack's server, in network namespaces: obtain, renew, rebind, release.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { missingForLab, Namespaces, type Process, until } from './support/namespaces.ts'

const RACK_PROGRAM = join(import.meta.dirname, 'support/dhcp-rack.ts')
/** T2 is 17 s: three seconds of rebinding, more than dhclient ever waits between two tries below. */
const LEASE_SECONDS = 20

type Command = { type?: string; kind?: string; ip?: string; hostname?: string; ready?: boolean }
const commandsOf = (rack: Process): readonly Command[] =>
  rack
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{"') && !line.startsWith('{"time"'))
    .map((line) => JSON.parse(line) as Command)

/** Prints what the client was told and configures the interface as a client's own script would. */
const UDHCPC_SCRIPT = `#!/bin/sh
case "$1" in
  deconfig) ip addr flush dev "$interface" ;;
  bound|renew)
    ip addr replace "$ip/$mask" dev "$interface"
    echo "GOT $1 $ip/$mask router=$router dns=$dns domain=$domain lease=$lease server=$serverid" ;;
esac
`
const DHCLIENT_SCRIPT = `#!/bin/sh
case "$reason" in
  BOUND|RENEW|REBIND|REBOOT)
    ip addr replace "$new_ip_address/24" dev "$interface"
    echo "GOT $reason $new_ip_address mask=$new_subnet_mask router=$new_routers" ;;
  EXPIRE|FAIL|RELEASE|STOP) ip addr flush dev "$interface" ;;
esac
exit 0
`

/** Its own retry times are longer than the whole lease here, so it would never come to rebinding. */
const DHCLIENT_CONFIGURATION = 'initial-interval 1; backoff-cutoff 1;'

async function makeLab(backend: string) {
  const lab = new Namespaces()
  const directory = mkdtempSync(join(tmpdir(), 'ironraft-dhcp-'))
  const file = (name: string, contents: string): string => {
    writeFileSync(join(directory, name), contents)
    chmodSync(join(directory, name), 0o755)
    return join(directory, name)
  }
  lab.cable(['rack', 's0'], ['one', 'c0'])
  lab.cable(['rack', 's1'], ['two', 'c1'])
  lab.ip('rack', 'addr', 'add', '10.77.1.1/24', 'dev', 's0')
  lab.ip('rack', 'addr', 'add', '10.77.2.1/24', 'dev', 's1')
  const startRack = async (): Promise<Process> => {
    const vlans = ['s0=10.77.1.0/24', 's1=10.77.2.0/24']
    const args = [RACK_PROGRAM, backend, String(LEASE_SECONDS), ...vlans]
    const rack = lab.start(
      'rack',
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      ...args,
    )
    await until(() => commandsOf(rack).some((line) => line.ready === true), rack.output)
    return rack
  }
  const remove = async (): Promise<void> => {
    await lab.remove()
    rmSync(directory, { recursive: true })
  }
  return { lab, file, startRack, remove }
}

const saw = (rack: Process, wanted: Command, count = 1): Promise<void> =>
  until(
    () =>
      commandsOf(rack).filter((line) =>
        Object.entries(wanted).every(([key, value]) => line[key as keyof Command] === value),
      ).length >= count,
    () => `${JSON.stringify(wanted)} ×${count}\n${rack.output()}`,
  )

const printed = (client: Process, pattern: RegExp): Promise<void> =>
  until(
    () => pattern.test(client.output()),
    () => `${String(pattern)}\n${client.output()}`,
  )

t.setTimeout(300_000)
const missing = missingForLab(['ip', 'udhcpc', 'dhclient'])
if (missing !== undefined) {
  t.pass(`SKIPPED: ${missing}`)
  process.stderr.write(`SKIPPED test/lab/dhcp-clients.test.ts: ${missing}\n`)
} else {
  {
    const backend = 'ffi'
    t.test(`${backend}: udhcpc obtains, renews, rebinds and releases`, async (t) => {
      const { lab, file, startRack, remove } = await makeLab(backend)
      t.teardown(remove)
      const rack = await startRack()
      const script = file('udhcpc.sh', UDHCPC_SCRIPT)
      const client = lab.start(
        'one',
        'udhcpc',
        '-f',
        '-i',
        'c0',
        '-s',
        script,
        '-x',
        'hostname:one',
      )

      await printed(client, /GOT bound 10\.77\.1\.1\d\d\/24|GOT bound 10\.77\.1\.1\d\d\/255/)
      t.match(client.output(), /router=10\.77\.1\.254 dns=192\.0\.2\.53 domain=example\.org/)
      t.match(client.output(), /server=10\.77\.1\.1\n/)
      const [bound] = commandsOf(rack).filter((line) => line.type === 'lease.bind')
      t.match(bound, { kind: 'selecting', hostname: 'one' })

      // udhcpc renews at half the lease by itself, by unicast.
      await saw(rack, { type: 'lease.bind', kind: 'renewing', ip: bound?.ip ?? '' })
      await printed(client, /GOT renew/)

      // The server's address goes: renewing fails, the broadcast of REBINDING reaches the other one.
      lab.ip('rack', 'addr', 'del', '10.77.1.1/24', 'dev', 's0')
      lab.ip('rack', 'addr', 'add', '10.77.1.2/24', 'dev', 's0')
      await saw(rack, { type: 'lease.bind', kind: 'rebinding', ip: bound?.ip ?? '' })
      await printed(client, /server=10\.77\.1\.2\n/)

      // udhcpc releases to the server it was first bound by.
      lab.ip('rack', 'addr', 'add', '10.77.1.1/24', 'dev', 's0')
      client.child.kill('SIGUSR2')
      await saw(rack, { type: 'lease.release', ip: bound?.ip ?? '' })
    })

    t.test(`${backend}: dhclient obtains, renews, rebinds, reboots and releases`, async (t) => {
      const { lab, file, startRack, remove } = await makeLab(backend)
      t.teardown(remove)
      let rack = await startRack()
      const script = file('dhclient.sh', DHCLIENT_SCRIPT)
      const files = [
        '-lf',
        file('leases', ''),
        '-pf',
        file('pid', ''),
        '-cf',
        file('conf', DHCLIENT_CONFIGURATION),
      ]
      const flags = ['-d', '-v', '-sf', script, ...files, 'c1']
      let client = lab.start('two', 'dhclient', ...flags)

      await printed(
        client,
        /GOT BOUND 10\.77\.2\.1\d\d mask=255\.255\.255\.0 router=10\.77\.2\.254/,
      )
      const [bound] = commandsOf(rack).filter((line) => line.type === 'lease.bind')
      const ip = bound?.ip ?? ''
      await saw(rack, { type: 'lease.bind', kind: 'renewing', ip })
      await printed(client, /GOT RENEW/)

      // A client that restarts asks for the address it had (INIT-REBOOT).
      await client.stop('SIGKILL')
      client = lab.start('two', 'dhclient', ...flags)
      await saw(rack, { type: 'lease.bind', kind: 'initReboot', ip })
      await printed(client, /GOT REBOOT/)

      lab.ip('rack', 'addr', 'del', '10.77.2.1/24', 'dev', 's1')
      lab.ip('rack', 'addr', 'add', '10.77.2.2/24', 'dev', 's1')
      await saw(rack, { type: 'lease.bind', kind: 'rebinding', ip })
      await printed(client, /DHCPACK of 10\.77\.2\.1\d\d from 10\.77\.2\.2/)

      // The rack dies with all its memory: the same client is offered the same address again.
      await rack.stop('SIGKILL')
      await client.stop('SIGKILL')
      rack = await startRack()
      lab.ip('two', 'addr', 'flush', 'dev', 'c1')
      const fresh = [
        '-lf',
        file('leases2', ''),
        '-pf',
        file('pid2', ''),
        '-cf',
        file('conf', DHCLIENT_CONFIGURATION),
      ]
      const again = ['-d', '-v', '-sf', script, ...fresh, 'c1']
      client = lab.start('two', 'dhclient', ...again)
      await saw(rack, { type: 'lease.bind', kind: 'selecting', ip })
      await printed(client, /GOT BOUND/)

      const release = lab.start('two', 'dhclient', '-r', ...again)
      await saw(rack, { type: 'lease.release', ip })
      await release.stop()
    })
  }
  for (const backend of ['ffi', 'koffi']) {
    t.test(`${backend}: an interface deleted and made again is served again`, async (t) => {
      const { lab, file, startRack, remove } = await makeLab(backend)
      t.teardown(remove)
      const rack = await startRack()
      lab.ip('rack', 'link', 'del', 's0')
      await until(() => rack.output().includes('"dhcp.link_left"'), rack.output)
      lab.cable(['rack', 's0'], ['one', 'c0'])
      lab.ip('rack', 'addr', 'add', '10.77.1.1/24', 'dev', 's0')
      const script = file('udhcpc.sh', UDHCPC_SCRIPT)
      const client = lab.start('one', 'udhcpc', '-f', '-i', 'c0', '-s', script, '-q', '-t', '20')
      await printed(client, /GOT bound 10\.77\.1\.1/)
    })
  }

  t.test('dgram: udhcpc on the one link that is served obtains by broadcast', async (t) => {
    const { lab, file, startRack, remove } = await makeLab('dgram')
    t.teardown(remove)
    const rack = await startRack()
    t.match(rack.output(), /dhcp\.broadcast_only/)
    t.match(rack.output(), /dhcp\.links_not_served/)
    const script = file('udhcpc.sh', UDHCPC_SCRIPT)
    const client = lab.start('one', 'udhcpc', '-f', '-i', 'c0', '-s', script, '-q', '-t', '20')
    await printed(client, /GOT bound 10\.77\.1\.1/)
  })
}

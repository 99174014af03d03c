// A DHCP server that is none of ours on the rack's link, a neighbour, and clients that ask for options: Debian's
// dnsmasq and dhclient, in namespaces.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { missingForLab, Namespaces, type Process, until } from './support/namespaces.ts'

const RACK_PROGRAM = join(import.meta.dirname, 'support/dhcp-rack.ts')

async function startRack(lab: Namespaces, env: Readonly<Record<string, string>>): Promise<Process> {
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', RACK_PROGRAM]
  const rack = lab.start('rack', 'env', ...set, ...node, 'ffi', '600', 's0=10.77.1.0/24')
  await until(() => rack.output().includes('"ready":true'), rack.output)
  return rack
}

function makeLab(t: Test) {
  const lab = new Namespaces()
  const directory = mkdtempSync(join(tmpdir(), 'ironraft-foreign-'))
  t.teardown(async () => {
    await lab.remove()
    rmSync(directory, { recursive: true })
  })
  lab.cable(['rack', 's0'], ['other', 'c0'])
  lab.ip('rack', 'address', 'add', '10.77.1.1/24', 'dev', 's0')
  return { lab, directory }
}

t.setTimeout(60_000)
const missing = missingForLab(['ip', 'dhclient', 'dnsmasq'])
if (missing !== undefined) {
  t.pass(`SKIPPED: ${missing}`)
  process.stderr.write(`SKIPPED test/lab/foreign-dhcp.test.ts: ${missing}\n`)
} else {
  t.test('a dnsmasq on the link is found and told', async (t) => {
    const { lab } = makeLab(t)
    lab.ip('other', 'address', 'add', '10.77.1.66/24', 'dev', 'c0')
    const server = lab.start(
      'other',
      'dnsmasq',
      ...[
        ...['--no-daemon', '--port=0', '--conf-file=/dev/null', '--interface=c0', '--no-ping'],
        ...['--dhcp-range=10.77.1.200,10.77.1.220,2m', '--dhcp-leasefile=/dev/null', '--log-dhcp'],
      ],
    )
    await until(() => /DHCP, IP range/.test(server.output()), server.output)
    const rack = await startRack(lab, { RACK_PROBE_SECONDS: '2' })
    const told = /"type":"dhcp\.observe".*"vlanId":5001.*"ip":"10\.77\.1\.66"/
    await until(
      () => told.test(rack.output()),
      () => `${rack.output()}\n${server.output()}`,
    )
    t.match(server.output(), /DHCPDISCOVER/)
    t.match(rack.output(), /"event":"dhcp\.foreign_server"/)
    t.notMatch(server.output(), /DHCPACK/)
  })

  t.test('a scan finds a neighbour that says nothing by itself', async (t) => {
    const { lab } = makeLab(t)
    lab.ip('other', 'address', 'add', '10.77.1.66/24', 'dev', 'c0')
    const rack = await startRack(lab, { RACK_SCAN: '1' })
    const ip = 0x0a_4d_01_42
    const told = new RegExp(`"type":"neighbour\\.report".*"vlanId":5001,"ip":${ip},"mac":`)
    await until(() => told.test(rack.output()), rack.output)
    t.match(rack.output(), /"event":"dhcp\.scan_started"/)
  })

  t.test('dhclient gets the options that it asks for, from every scope', async (t) => {
    const { lab, directory } = makeLab(t)
    const file = (name: string, contents: string): string => {
      writeFileSync(join(directory, name), contents)
      chmodSync(join(directory, name), 0o755)
      return join(directory, name)
    }
    const rack = await startRack(lab, {
      RACK_OPTIONS: JSON.stringify([
        {
          id: 'a',
          scope: 'global',
          scopeId: null,
          code: 119,
          valueType: 'domain-list',
          value: ['a.example', 'b.c.example'],
        },
        { id: 'b', scope: 'vlan', scopeId: 5001, code: 26, valueType: 'uint16', value: 1_400 },
        { id: 'c', scope: 'subnet', scopeId: 0, code: 26, valueType: 'uint16', value: 1_300 },
        {
          id: 'd',
          scope: 'subnet',
          scopeId: 0,
          code: 121,
          valueType: 'routes',
          value: ['0.0.0.0/0 10.77.1.254'],
        },
      ]),
      RACK_SNIPPET: 'option ntp-servers 192.0.2.123, 192.0.2.124; option root-path "/srv";',
    })
    const script = file('script', '#!/bin/sh\nset | grep "^new_" | sed "s/^/GOT /"\nexit 0\n')
    const configuration = `option classless code 121 = array of unsigned integer 8;
      request subnet-mask, routers, domain-search, interface-mtu, ntp-servers, root-path, classless;`
    const files = [
      '-lf',
      file('leases', ''),
      '-pf',
      file('pid', ''),
      '-cf',
      file('conf', configuration),
    ]
    const client = lab.start('other', 'dhclient', '-d', '-1', '-v', '-sf', script, ...files, 'c0')
    await until(
      () => client.output().includes('GOT new_subnet_mask'),
      () => `${client.output()}\n${rack.output()}`,
    )
    await until(() => client.output().includes('GOT new_root_path'), client.output)
    const got = client.output()
    t.match(got, /GOT new_domain_search='?a\.example\.? b\.c\.example/)
    t.match(got, /GOT new_interface_mtu='?1300/)
    t.match(got, /GOT new_ntp_servers='192\.0\.2\.123 192\.0\.2\.124'/)
    t.match(got, /GOT new_root_path='?\/srv/)
    t.match(got, /GOT new_classless='0 10 77 1 254'/)
  })
}

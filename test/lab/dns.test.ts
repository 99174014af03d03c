// The tools people have: `dig`, `kdig` and `drill` get the right answer to every type of record, forward and reverse,
// by UDP and TCP, with and without EDNS, from every region, and from a rack while no region runs.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import {
  eventually,
  freePorts,
  ironraft,
  signed,
  TestCluster,
  type Bootstrapped,
} from '../process/support/cluster.ts'
import { command, endProcess } from './support/process.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(300_000)

const LAUNCH = join(import.meta.dirname, '..', '..', 'tools', 'launch.cjs')
const TEXT = 'x'.repeat(700)

async function post(
  { nodes, admin }: Bootstrapped,
  path: string,
  form: Record<string, string>,
): Promise<void> {
  const response = await fetch(`${nodes[0]?.api_url}/MAAS/api/2.0/${path}`, {
    method: 'POST',
    headers: signed(admin.api_key),
    body: new URLSearchParams(form),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
}

const RECORDS: readonly [string, string, string][] = [
  ['six.maas', 'AAAA', '2001:db8::7'],
  ['alias.maas', 'CNAME', 'www'],
  ['mail.maas', 'MX', '10 www'],
  ['sub.maas', 'NS', 'ns.example.net.'],
  ['_sip._tcp.maas', 'SRV', '1 2 5060 www'],
  ['text.maas', 'TXT', '"one" "two"'],
  ['big.maas', 'TXT', TEXT],
  ['key.maas', 'SSHFP', '1 2 ' + 'AB'.repeat(32)],
  ['ca.maas', 'CAA', '0 issue "ca.example.net"'],
  ['ptr.maas', 'PTR', 'www'],
]

async function fill(cluster: Bootstrapped): Promise<void> {
  await post(cluster, 'subnets/', { cidr: '10.66.5.0/24', rdns_mode: '2' })
  await post(cluster, 'subnets/', { cidr: '10.66.6.64/26', rdns_mode: '2' })
  await post(cluster, 'dnsresources/', { fqdn: 'www.maas', ip_addresses: '10.66.5.7 10.66.6.70' })
  await post(cluster, 'dnsresources/', { fqdn: '*.apps.maas', ip_addresses: '10.66.5.8' })
  for (const [fqdn, rrtype, rrdata] of RECORDS) {
    await post(cluster, 'dnsresourcerecords/', { fqdn, rrtype, rrdata })
  }
}

/** Question → what must be among the answers, in the presentation form that all three tools print. */
const QUESTIONS: readonly [string, string, readonly string[]][] = [
  ['www.maas', 'A', ['10.66.5.7', '10.66.6.70']],
  ['WWW.Maas', 'A', ['10.66.5.7']],
  ['x.y.apps.maas', 'A', ['10.66.5.8']],
  ['six.maas', 'AAAA', ['2001:db8::7']],
  ['alias.maas', 'A', ['www.maas.', '10.66.5.7']],
  ['mail.maas', 'MX', ['10 www.maas.']],
  ['_sip._tcp.maas', 'SRV', ['1 2 5060 www.maas.']],
  ['text.maas', 'TXT', ['"one" "two"']],
  ['big.maas', 'TXT', ['x'.repeat(255)]],
  ['key.maas', 'SSHFP', ['1 2 ABABABAB']],
  ['ca.maas', 'CAA', ['0 issue "ca.example.net"']],
  ['ptr.maas', 'PTR', ['www.maas.']],
  ['maas', 'SOA', ['maas. nobody.maas.']],
  ['maas', 'NS', ['maas.']],
  ['7.5.66.10.in-addr.arpa', 'PTR', ['www.maas.']],
  ['70.6.66.10.in-addr.arpa', 'PTR', ['70.64-26.6.66.10.in-addr.arpa.', 'www.maas.']],
]

type Tool = (port: number, name: string, type: string) => readonly string[]
const dig =
  (...flags: readonly string[]): Tool =>
  (port, name, type) => ['dig', '@127.0.0.1', '-p', `${port}`, name, type, '+tries=2', ...flags]
const kdig =
  (...flags: readonly string[]): Tool =>
  (port, name, type) => ['kdig', '@127.0.0.1', '-p', `${port}`, name, type, ...flags]
const drill =
  (...flags: readonly string[]): Tool =>
  (port, name, type) => ['drill', '-p', `${port}`, ...flags, name, '@127.0.0.1', type]

const TOOLS: readonly [string, Tool][] = [
  ['dig', dig()],
  ['dig +noedns', dig('+noedns')],
  ['dig +tcp', dig('+tcp')],
  ['dig +tcp +noedns', dig('+tcp', '+noedns')],
  ['dig +bufsize=4096 +nocookie', dig('+bufsize=4096', '+nocookie')],
  ['kdig', kdig()],
  ['kdig +edns +cookie', kdig('+edns', '+cookie')],
  ['kdig +tcp', kdig('+tcp')],
  ['drill', drill()],
  ['drill -t', drill('-t')],
  ['drill -b 4096', drill('-b', '4096')],
]

/** All questions by one tool, at once; what is missing. */
async function wrongAnswers(tool: Tool, port: number): Promise<readonly string[]> {
  const found = QUESTIONS.map(async ([name, type, expected]) => {
    const [program = '', ...args] = tool(port, name, type)
    const { stdout } = await command(program, args)
    // Some print hexadecimal data in small letters.
    const text = type === 'SSHFP' ? stdout.toUpperCase() : stdout
    // `drill` alone does not go on by TCP; it says that it should.
    const mayBeCut = name === 'big.maas' && program === 'drill'
    if (mayBeCut && text.includes('The answer packet was truncated')) return []
    const missing = expected.filter((each) => !text.includes(each))
    return missing.length === 0 ? [] : [`${name} ${type}: no ${missing.join(', ')} in ${stdout}`]
  })
  return (await Promise.all(found)).flat()
}

/** NXDOMAIN, NODATA, referral, refusal: by header and section. */
async function otherAnswers(port: number): Promise<readonly string[]> {
  const ask = async (...args: readonly string[]) =>
    (await command('dig', ['@127.0.0.1', '-p', `${port}`, ...args])).stdout
  const found = [
    [await ask('none.maas'), 'status: NXDOMAIN', 'SOA'],
    [await ask('www.maas', 'MX'), 'status: NOERROR', 'SOA'],
    [await ask('x.sub.maas'), 'AUTHORITY: 1', 'ns.example.net.'],
    [await ask('example.com'), 'status: REFUSED'],
    [await ask('maas', 'AXFR', '+tcp'), 'Transfer failed'],
    [await ask('www.maas', '+edns=1', '+noednsnegotiation'), 'status: BADVERS'],
    [await ask('www.maas', '+opcode=STATUS'), 'status: NOTIMP'],
    [await ask('www.maas', 'ANY', '+notcp'), 'RFC8482'],
  ]
  return found.flatMap(([text = '', ...expected]) =>
    expected.filter((each) => !text.includes(each)).map((each) => `no ${each} in ${text}`),
  )
}

function startRack(token: string, directory: string, port: number): ChildProcess {
  const others = ['--http-port', String(port + 1), '--tftp-port', String(port + 2)]
  const ports = [...others, '--dns', `127.0.0.1:${port}`]
  const args = [LAUNCH, 'rack', 'start', '--token', token, '--dir', directory, ...ports]
  return spawn('node', args, { stdio: 'ignore' })
}

t.test('every type, forward and reverse, over every transport', async (t) => {
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  const port = await freePorts(6)
  const bootstrapped = await cluster.bootstrap('--dns', `127.0.0.1:${port}`)
  const directory = join(cluster.directory, '..', 'rack')
  let rack = startRack(bootstrapped.rack_token, directory, port + 3)
  t.teardown(() => endProcess(rack))
  await fill(bootstrapped)
  const last = ['@127.0.0.1', '-p', String(port + 3), 'ptr.maas', 'PTR', '+short', '+tries=1']
  const rackHasAll = () =>
    eventually('the last record at the rack', 60, async () => {
      const { stdout } = await command('dig', [...last, '+time=1'])
      return stdout.includes('www.maas.') ? true : undefined
    })
  await rackHasAll()

  for (const [at, node] of bootstrapped.nodes.entries()) {
    await t.test(`region ${at + 1} (${node.id})`, async (t) => {
      for (const [name, tool] of TOOLS) t.same(await wrongAnswers(tool, port + at), [], name)
      t.same(await otherAnswers(port + at), [])
    })
  }

  await t.test('the rack, with all regions stopped', async (t) => {
    const { code } = await ironraft('region', 'stop', '--dir', cluster.directory)
    t.equal(code, 0)
    for (const [name, tool] of TOOLS) t.same(await wrongAnswers(tool, port + 3), [], name)
    t.same(await otherAnswers(port + 3), [])
  })

  await t.test('the rack, started again without any region', async (t) => {
    await endProcess(rack)
    rack = startRack(bootstrapped.rack_token, directory, port + 3)
    await rackHasAll()
    t.same(await wrongAnswers(dig(), port + 3), [])
  })
})

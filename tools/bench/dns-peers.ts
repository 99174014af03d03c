// The name servers that P7 compares with, each with the same zone of 10,000 hosts on a port of its own on loopback, from
// Debian's packages, one thread each as ours has one. One that is not installed is left out with a line.
import { execFile, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

export const ZONE = 'bench.test'
export const HOSTS = 10_000

/** A name server that runs; `pid` is the one whose CPU, with its children's, counts. */
export type NameServer = {
  readonly name: string
  readonly port: number
  readonly pid: number
  readonly stop: () => void
}

type Peer = {
  readonly name: string
  readonly program: string
  readonly debianPackage: string
  /** Writes its configuration below `directory`; its command line. */
  readonly prepare: (directory: string, port: number) => Promise<readonly string[]>
}

export function addressOf(host: number): string {
  return `10.${1 + Math.floor(host / 65_536)}.${Math.floor(host / 256) % 256}.${host % 256}`
}

function zoneText(): string {
  const head = ['$TTL 300', `$ORIGIN ${ZONE}.`, '@ IN SOA ns1 admin 1 3600 600 86400 300']
  const servers = ['@ IN NS ns1', 'ns1 IN A 127.0.0.1']
  const hosts = Array.from({ length: HOSTS }, (_, host) => `host${host} IN A ${addressOf(host)}`)
  return `${[...head, ...servers, ...hosts].join('\n')}\n`
}

const BIND: Peer = {
  ...{ name: 'BIND', program: 'named', debianPackage: 'bind9' },
  prepare: async (directory, port) => {
    const file = join(directory, 'named.conf')
    const text = `options { directory "${directory}"; listen-on port ${port} { 127.0.0.1; };
      listen-on-v6 { none; }; recursion no; pid-file "${directory}/pid"; querylog no;
      session-keyfile "${directory}/key"; minimal-responses yes; }; controls { };
      zone "${ZONE}" { type primary; file "${directory}/zone"; };`
    await writeFile(file, text)
    return ['-f', '-n', '1', '-c', file]
  },
}

const NSD: Peer = {
  ...{ name: 'NSD', program: 'nsd', debianPackage: 'nsd' },
  prepare: async (directory, port) => {
    const file = join(directory, 'nsd.conf')
    const text = `server:
  ip-address: 127.0.0.1@${port}
  server-count: 1
  username: ""
  zonesdir: "${directory}"
  pidfile: "${directory}/pid"
  xfrdfile: "${directory}/xfrd"
  zonelistfile: "${directory}/zones"
  rrl-ratelimit: 0
  do-ip6: no
remote-control:
  control-enable: no
zone:
  name: ${ZONE}
  zonefile: zone
`
    await writeFile(file, text)
    return ['-d', '-c', file]
  },
}

const KNOT: Peer = {
  ...{ name: 'Knot', program: 'knotd', debianPackage: 'knot' },
  prepare: async (directory, port) => {
    const file = join(directory, 'knot.conf')
    const text = `server:
    rundir: "${directory}"
    listen: 127.0.0.1@${port}
    udp-workers: 1
    user: root:root
database:
    storage: "${directory}/database"
zone:
  - domain: ${ZONE}
    storage: "${directory}"
    file: "zone"
`
    await writeFile(file, text)
    return ['-c', file]
  },
}

const DNSMASQ: Peer = {
  ...{ name: 'dnsmasq', program: 'dnsmasq', debianPackage: 'dnsmasq-base' },
  prepare: async (directory, port) => {
    const hosts = Array.from({ length: HOSTS }, (_, i) => `${addressOf(i)} host${i}.${ZONE}`)
    await writeFile(join(directory, 'hosts'), `${hosts.join('\n')}\n`)
    return [
      ...['-k', '-C', '/dev/null', `--port=${port}`, '--listen-address=127.0.0.1'],
      ...['--bind-interfaces', '--no-resolv', '--no-hosts', `--local=/${ZONE}/`],
      ...[`--addn-hosts=${join(directory, 'hosts')}`, '--cache-size=10000', '--local-ttl=300'],
      ...['--user=root', '--log-facility=-'],
    ]
  },
}

const FIRST_PORT = 15_301

/** Those that are installed, running; the caller waits until they answer. */
export async function startPeers(
  directory: string,
  say: (line: string) => void,
): Promise<readonly NameServer[]> {
  const started: NameServer[] = []
  for (const [at, peer] of [BIND, NSD, KNOT, DNSMASQ].entries()) {
    const { name, program, debianPackage, prepare } = peer
    if (!(await isInstalled(program))) {
      say(`${name} is not installed (Debian: ${debianPackage}): left out`)
      continue
    }
    const own = join(directory, program)
    await mkdir(join(own, 'database'), { recursive: true })
    await writeFile(join(own, 'zone'), zoneText())
    const port = FIRST_PORT + at
    const child = spawn(program, await prepare(own, port), { stdio: 'ignore' })
    child.on('error', (error) => say(`${name}: ${error.message}`))
    started.push({ name, port, pid: child.pid ?? 0, stop: () => void child.kill('SIGTERM') })
  }
  return started
}

async function isInstalled(program: string): Promise<boolean> {
  const found = promisify(execFile)('sh', ['-c', `command -v ${program}`])
  return found.then(
    () => true,
    () => false,
  )
}

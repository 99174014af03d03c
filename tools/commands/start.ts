// `npm start`: three regions and a rack on this host, to try things out. DHCP is on no interface until the
// rack is started with `--interface`. Ctrl-C stops all of it; the data stays for the next start.
import { join, resolve } from 'node:path'
import { makePlatform } from '#platform/system.ts'
import { parseToken } from '#protocol/token.ts'
import { RACK_DEFAULTS, startRack } from '#rack/start.ts'
import type { Arguments, Io } from '../command-line.ts'
import { madeBy } from '../cluster-directory.ts'
import { dnsAddressOf, type DnsAddress } from '../dns-address.ts'
import { EXIT } from '../exit-codes.ts'
import { bringUp, type RunningCluster, takeDown } from '../run-cluster.ts'
import { productVersion } from '../version.ts'

const HOST = '127.0.0.1'

export async function runStart(args: Arguments, io: Io): Promise<number> {
  const stopped = io.stopped()
  const directory = resolve(io.cwd, args.text('dir') ?? '')
  const dns = dnsAddressOf(args.text('dns'))
  const layout = {
    directory,
    nodeCount: 3,
    host: HOST,
    apiPort: args.number('api-port') ?? 0,
    peerPort: args.number('peer-port') ?? 0,
    advertise: null,
    dns,
  }
  const running = await bringUp(layout, stopped)
  try {
    const rack = await startLocalRack({
      running,
      directory,
      dns: dnsAddressOf(args.text('dns'), layout.nodeCount),
    })
    io.out(describe(running, rack))
    if (!stopped.aborted) {
      await new Promise<void>((end) => stopped.addEventListener('abort', () => end()))
    }
    io.error('Stopping.')
    await rack.close()
  } finally {
    await takeDown(directory, running.cluster)
  }
  return EXIT.ok
}

async function startLocalRack(of: {
  readonly running: RunningCluster
  readonly directory: string
  readonly dns: DnsAddress | null
}) {
  const { running, directory, dns } = of
  const { peers, secret, caFingerprint } = parseToken(madeBy(running.cluster).rackToken)
  return startRack(
    {
      ...RACK_DEFAULTS,
      dir: join(directory, 'rack'),
      join: { regions: peers, secret, caFingerprint },
      bindAddress: HOST,
      // Any free ports: nothing boots from this rack, and 69 needs rights.
      httpPort: 0,
      tftpPort: 0,
      dhcp: false,
      dns,
      version: await productVersion(),
    },
    makePlatform({ logLevel: 'warn' }),
  )
}

function describe(
  { cluster, nodes }: RunningCluster,
  rack: { readonly rackId: string; readonly httpPort: number },
): string {
  const { admin } = madeBy(cluster)
  const [first] = nodes
  // All of them: the client goes on with another one when the first is killed, as told below.
  const urls = nodes.map((node) => node.apiUrl).join(',')
  return [
    'Three regions are up, each serves everything:',
    ...nodes.map((node) => `  ${node.apiUrl}   node ${node.id}, pid ${node.pid ?? 'none'}`),
    `One rack follows them: ${rack.rackId}, HTTP boot at http://${HOST}:${rack.httpPort}`,
    '',
    `Admin's API key:  ${admin.apiKey}`,
    `Admin's password: ${admin.password}   (user ${admin.username})`,
    '',
    'In another terminal:',
    `  npx ironraft login here ${urls} ${admin.apiKey}`,
    '  npx ironraft region status',
    '  npx ironraft machines create --hostname web1 --architecture amd64/generic \\',
    '      --mac-addresses 52:54:00:00:00:01',
    '  npx ironraft machines list',
    `  kill -9 ${first?.pid ?? 'PID'}                 # any region: the others go on`,
    '',
    'DHCP is on no interface: start a rack with --interface to serve machines (README).',
    'Ctrl-C stops everything; the data stays.',
  ].join('\n')
}

// Run inside a network namespace by `dns-flood.test.ts`: a region and a rack, a million datagrams and hostile streams
// from an address that is not loopback, so that nothing about the sender is believed. Prints one line of JSON.
//   node dns-flood.ts DIRECTORY DATAGRAMS SEED
import { spawn, execFile } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeIpv4, parseIpv4 } from '#model/ipv4.ts'
import { openSockets } from '#rack/net/sockets.ts'
import type { UdpSocket } from '#rack/net/udp-socket.ts'
import { eventually, signed, type Bootstrapped } from '../../process/support/cluster.ts'
import { makeLogRecorder } from '../../support/counting-metrics.ts'
import { makeQuery, readMessage } from '../../support/dns-message.ts'
import { expectedOf, makeMutator, wrongWith } from '../../support/dns-mutants.ts'
import { tryHostileStreams, type StreamReport } from './dns-hostile-streams.ts'

const TOOLS = join(import.meta.dirname, '..', '..', '..', 'tools')
export const SERVER = '10.99.0.1'
export const CLIENTS = ['10.99.0.2', '10.99.0.3'] as const
const PORTS = { region: 5_301, rack: 5_302 } as const
/** Under way at once, so that no socket buffer of the host has to hold more. */
const WINDOW = 256
/** Without an answer in this time a datagram is taken for lost by a buffer, and sent again. */
const LOST_MS = 400
const TRIES = 5

export type ServerReport = {
  readonly sent: number
  readonly answered: number
  readonly sentAgain: number
  /** Why, and the datagram in hexadecimal; a few of them. */
  readonly wrong: readonly string[]
  readonly residentMbBefore: number
  /** After half of the datagrams, when every buffer and cache has its size. */
  readonly residentMbHalf: number
  readonly residentMbAfter: number
  readonly streams: StreamReport
  readonly stillRight: boolean
  readonly errors: readonly string[]
}
export type FloodReport = { readonly region: ServerReport; readonly rack: ServerReport }

type Serving = { readonly port: number; readonly pid: number; readonly log: string }

async function main(directory: string, datagrams: number, seed: number): Promise<FloodReport> {
  const { region, rack } = await serve(directory)
  const [ofRegion, ofRack] = await Promise.all([
    attack(region, datagrams / 2, seed),
    attack(rack, datagrams / 2, seed + 1),
  ])
  return { region: ofRegion, rack: ofRack }
}

async function serve(directory: string): Promise<{ region: Serving; rack: Serving }> {
  const { stdout } = await promisify(execFile)('node', [
    ...[join(TOOLS, 'launch.cjs'), 'region', 'bootstrap', '--nodes', '1', '--detach', '--json'],
    ...['--dir', join(directory, 'regions'), '--dns', `${SERVER}:${PORTS.region}`],
  ])
  const made = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Bootstrapped
  const [node] = made.nodes
  if (node === undefined) throw new Error('no region')
  const log = join(directory, 'rack.log')
  const out = openSync(log, 'a')
  const rack = spawn(
    process.execPath,
    [
      ...['--disable-warning=ExperimentalWarning', join(TOOLS, 'main.ts'), 'rack', 'start'],
      ...['--token', made.rack_token, '--dir', join(directory, 'rack')],
      ...['--http-port', '5248', '--tftp-port', '5069', '--dns', `${SERVER}:${PORTS.rack}`],
    ],
    { stdio: ['ignore', out, out] },
  )
  closeSync(out)
  process.once('exit', () => {
    rack.kill('SIGKILL')
    process.kill(node.pid, 'SIGKILL')
  })
  await fill(node.api_url, made.admin.api_key)
  return {
    region: { port: PORTS.region, pid: node.pid, log: join(node.data_dir, 'log.jsonl') },
    rack: { port: PORTS.rack, pid: rack.pid ?? 0, log },
  }
}

async function fill(url: string, key: string): Promise<void> {
  const post = async (path: string, form: Record<string, string>): Promise<void> => {
    const body = new URLSearchParams(form)
    const init = { method: 'POST', headers: signed(key), body }
    const response = await fetch(`${url}/MAAS/api/2.0/${path}/`, init)
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
  }
  await post('subnets', { cidr: '10.99.0.0/24' })
  const records = [
    ...[{ fqdn: 'big.maas', rrtype: 'TXT', rrdata: 'x'.repeat(900) }],
    ...[{ fqdn: 'loop.maas', rrtype: 'CNAME', rrdata: 'pool' }],
    ...[{ fqdn: 'pool.maas', rrtype: 'CNAME', rrdata: 'loop' }],
  ]
  for (const record of records) await post('dnsresourcerecords', record)
  await post('dnsresources', { fqdn: '*.wild.maas', ip_addresses: '10.99.0.8 10.99.0.9' })
  await post('dnsresources', { fqdn: 'www.maas', ip_addresses: '10.99.0.7' })
}

async function attack(server: Serving, datagrams: number, seed: number): Promise<ServerReport> {
  const udp = await openClient(0)
  try {
    await eventually('an answer', 30, async () => ((await isRight(udp, server)) ? true : undefined))
    const residentMbBefore = residentMb(server.pid)
    const streaming = tryHostileStreams({ host: SERVER, port: server.port, clients: CLIENTS })
    const { next } = makeMutator(seed)
    const half = await flood(udp, server, next, datagrams / 2)
    const residentMbHalf = residentMb(server.pid)
    const whole = await flood(udp, server, next, datagrams / 2)
    const streams = await streaming
    return {
      ...{ residentMbBefore, residentMbHalf, streams },
      sent: half.sent + whole.sent,
      answered: half.answered + whole.answered,
      sentAgain: half.sentAgain + whole.sentAgain,
      wrong: [...half.wrong, ...whole.wrong],
      residentMbAfter: residentMb(server.pid),
      stillRight: await isRight(udp, server),
      errors: readFileSync(server.log, 'utf8')
        .split('\n')
        .filter((line) => /"level":"(error|warn)"/.test(line) && /dns|net\./.test(line)),
    }
  } finally {
    await udp.close()
  }
}

async function openClient(which: 0 | 1): Promise<UdpSocket> {
  const { openUdp } = await openSockets({ logger: makeLogRecorder().logger })
  const address = parseIpv4(CLIENTS[which]) ?? makeIpv4(0)
  return openUdp({ address, port: 0, receiveBufferBytes: 4 << 20 })
}

/** All answers are awaited before the next window; what is lost on the way is sent again. */
async function flood(
  udp: UdpSocket,
  { port }: Serving,
  next: (id: number) => Uint8Array,
  datagrams: number,
) {
  const to = { address: parseIpv4(SERVER) ?? makeIpv4(0), port }
  const open = new Map<number, Uint8Array>()
  /** Answers that may still come to what was sent again and answered. */
  const extra = new Map<number, number>()
  const asked = new Map<number, Uint8Array>()
  const wrong: string[] = []
  let [sent, answered, sentAgain] = [0, 0, 0]
  let onEmpty = (): void => {}
  udp.onDatagram(({ bytes }) => {
    const id = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)
    const left = extra.get(id) ?? 0
    const query = open.get(id) ?? (left > 0 ? asked.get(id) : undefined)
    if (!open.has(id)) extra.set(id, left - 1)
    const why =
      query === undefined ? 'answered twice, or what must not be' : wrongWith(bytes, query)
    answered++
    if (why !== undefined && wrong.length < 5) {
      wrong.push(`${why}: ${Buffer.from(query ?? bytes).toString('hex')}`)
    }
    open.delete(id)
    if (open.size === 0) onEmpty()
  })
  while (sent < datagrams) {
    for (let i = 0; i < WINDOW && sent < datagrams; i++, sent++) {
      const bytes = next(sent & 0xffff)
      extra.delete(sent & 0xffff)
      if (expectedOf(bytes) !== 'silence') {
        const copy = bytes.slice()
        open.set(sent & 0xffff, copy)
        asked.set(sent & 0xffff, copy)
      }
      udp.send(bytes, to)
    }
    udp.flush()
    for (let tries = 0; open.size > 0; tries++) {
      if (await answersIn()) break
      if (tries === TRIES) {
        const [query] = open.values()
        wrong.push(`no answer: ${Buffer.from(query ?? []).toString('hex')}`)
        return { sent, answered, sentAgain, wrong }
      }
      sentAgain += open.size
      for (const [id, bytes] of open) {
        extra.set(id, (extra.get(id) ?? 0) + 1)
        udp.send(bytes, to)
      }
      udp.flush()
    }
  }
  return { sent, answered, sentAgain, wrong }

  function answersIn(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(open.size === 0), LOST_MS)
      onEmpty = () => {
        clearTimeout(timer)
        setImmediate(() => resolve(true))
      }
    })
  }
}

async function isRight(udp: UdpSocket, { port }: Serving): Promise<boolean> {
  const answer = await new Promise<Uint8Array | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), 1_000)
    udp.onDatagram(({ bytes }) => {
      clearTimeout(timer)
      resolve(bytes.slice())
    })
    udp.send(makeQuery('www.maas'), { address: parseIpv4(SERVER) ?? makeIpv4(0), port })
    udp.flush()
  })
  return answer !== undefined && readMessage(answer).answers[0]?.['address'] === '10.99.0.7'
}

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1_024)
}

if (import.meta.main) {
  const [directory = '', datagrams = '', seed = ''] = process.argv.slice(2)
  const report = await main(directory, Number(datagrams), Number(seed))
  process.stdout.write(`${JSON.stringify(report)}\n`)
  process.exit(0)
}

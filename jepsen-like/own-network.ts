// A network of its own for a run with DHCP: this program starts itself again inside a new network namespace, where
// loopback, a bridge and everything on it belong to the run. Nothing on the host's networks hears a packet of it, and
// the namespace goes with its last process.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

/** Set in the process that runs inside. */
const INSIDE = 'IRONRAFT_CHAOS_OWN_NETWORK'
/** The longest run, twice over: no holder of a network outlives us for ever, whatever ends us. */
const HOLDER_SECONDS = '20000'
const NEEDS = ['unshare', 'nsenter', 'ip', 'udhcpc'] as const

export function isInside(): boolean {
  return process.env[INSIDE] === '1'
}

/** Why it cannot be used here; null when it can. */
export async function missingForOwnNetwork(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'needs root'
  for (const name of NEEDS) {
    if (spawnSync('which', [name]).status !== 0) return `needs ${name}`
  }
  const tried = spawnSync('unshare', ['--net', '--mount', 'mount', '-t', 'sysfs', 'sysfs', '/sys'])
  return tried.status === 0 ? null : 'needs the right to make network namespaces'
}

/** Runs this very command line inside; its exit code. */
export async function runInside(stopped: AbortSignal): Promise<number> {
  const words = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  // What /sys shows belongs to the network in which it was mounted; racks read the numbers of interfaces there.
  const script = 'mount -t sysfs sysfs /sys && exec "$@"'
  const child = spawn('unshare', ['--net', '--mount', 'sh', '-c', script, 'sh', ...words], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  })
  // At a terminal it has heard of Ctrl-C itself; a second signal of one stroke does no harm.
  const onStop = (): void => void child.kill('SIGTERM')
  stopped.addEventListener('abort', onStop)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 130)))
  })
}

/** A segment on which several racks and clients are, each by a port of its own. */
export class Segment {
  readonly #hosts: ChildProcess[] = []

  /** Call it once, inside. `rackAddresses` with prefix: one port `rack1`, `rack2` … for each. */
  constructor(rackAddresses: readonly string[]) {
    if (!isInside()) throw new Error('interfaces are made in a network of our own only')
    ip('link', 'set', 'lo', 'up')
    ip('link', 'add', 'segment', 'type', 'bridge')
    ip('link', 'set', 'segment', 'up')
    for (const [at, address] of rackAddresses.entries()) {
      const name = `rack${at + 1}`
      ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}b`)
      ip('link', 'set', `${name}b`, 'master', 'segment', 'up')
      ip('addr', 'add', address, 'dev', name)
      ip('link', 'set', name, 'up')
    }
    process.on('exit', () => this.close())
  }

  /** A host with an interface `eth0` on the segment: returns the pid whose network it is. */
  addHost(): number {
    const number = this.#hosts.length + 1
    const holder = spawn('unshare', ['--net', 'sleep', HOLDER_SECONDS], { stdio: 'ignore' })
    const { pid } = holder
    if (pid === undefined) throw new Error('no network for a client could be made')
    this.#hosts.push(holder)
    const [ours, theirs] = [`host${number}b`, `host${number}`]
    waitForOwnNamespace(pid)
    ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs)
    ip('link', 'set', ours, 'master', 'segment', 'up')
    ip('link', 'set', theirs, 'netns', String(pid))
    inNetworkOf(pid, 'ip', 'link', 'set', theirs, 'name', 'eth0')
    return pid
  }

  close(): void {
    for (const holder of this.#hosts) holder.kill('SIGKILL')
  }
}

/** Gives `eth0` of a host another hardware address. */
export async function setMac(pid: number, mac: string): Promise<void> {
  const set = 'ip link set eth0'
  const script = `${set} down && ${set} address ${mac} && ${set} up`
  await promisify(execFile)('nsenter', [`--net=/proc/${pid}/ns/net`, 'sh', '-c', script])
}

function inNetworkOf(pid: number, ...words: readonly string[]): void {
  run('nsenter', [`--net=/proc/${pid}/ns/net`, ...words])
}

function ip(...words: readonly string[]): void {
  run('ip', words)
}

function run(command: string, words: readonly string[]): void {
  const { status, stderr } = spawnSync(command, words, { encoding: 'utf8', timeout: 10_000 })
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr?.trim()}`)
}

/** `unshare` has to have come so far before an interface can be given to it. */
function waitForOwnNamespace(pid: number): void {
  const own = namespaceOf(process.pid)
  for (let attempt = 0; attempt < 200; attempt++) {
    const theirs = namespaceOf(pid)
    if (theirs !== '' && theirs !== own) return
    spawnSync('sleep', ['0.01'])
  }
  throw new Error('the network of a client did not come about')
}

function namespaceOf(pid: number): string {
  const { stdout } = spawnSync('readlink', [`/proc/${pid}/ns/net`], { encoding: 'utf8' })
  return stdout.trim()
}

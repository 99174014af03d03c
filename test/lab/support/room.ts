// A machine room of its own: one network namespace with a bridge that regions, racks and machines share.
// Everything is named by this process and removed at the end, whatever happened.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bootstrapped, lastLine } from '../../process/support/cluster.ts'
import { command, endProcess } from './process.ts'

const LAUNCH = join(import.meta.dirname, '..', '..', '..', 'tools', 'launch.cjs')

/** 10.77.0.1/24 on the bridge `br0` of a namespace. */
export class Room {
  readonly namespace: string
  readonly directory: string
  readonly #racks: ChildProcess[] = []
  readonly #hosts: string[] = []
  #taps = 0

  private constructor(namespace: string, directory: string) {
    this.namespace = namespace
    this.directory = directory
  }

  static async make(): Promise<Room> {
    const namespace = `ironraft-${process.pid}`
    const room = new Room(namespace, await mkdtemp(join(tmpdir(), 'ironraft-room-')))
    await command('ip', ['netns', 'add', namespace])
    await room.inside('ip', ['link', 'set', 'lo', 'up'])
    await room.inside('ip', ['link', 'add', 'br0', 'type', 'bridge', 'stp_state', '0'])
    await room.inside('ip', ['link', 'set', 'br0', 'type', 'bridge', 'forward_delay', '0'])
    await room.inside('ip', ['address', 'add', '10.77.0.1/24', 'dev', 'br0'])
    await room.inside('ip', ['link', 'set', 'br0', 'up'])
    return room
  }

  async inside(name: string, args: readonly string[]) {
    return command('ip', ['netns', 'exec', this.namespace, name, ...args])
  }

  /** The CLI as a user types it; standard output. */
  async ironraft(...args: readonly string[]): Promise<string> {
    const profiles = `XDG_CONFIG_HOME=${this.directory}`
    const { stdout } = await this.inside('env', [profiles, 'node', LAUNCH, ...args])
    return stdout
  }

  async json<T>(...args: readonly string[]): Promise<T> {
    const stdout = await this.ironraft(...args, '--json')
    return JSON.parse(stdout.trim()) as T
  }

  get regionDirectory(): string {
    return join(this.directory, 'region')
  }

  async bootstrap(): Promise<Bootstrapped> {
    const stdout = await this.ironraft(
      ...['region', 'bootstrap', '--nodes', '3', '--host', '10.77.0.1'],
      ...['--dir', this.regionDirectory, '--detach', '--json'],
    )
    return JSON.parse(lastLine(stdout)) as Bootstrapped
  }

  /** A rack on the bridge, or in a host's namespace; its standard error goes to `<name>.log`. */
  startRack(token: string, name: string, host?: string): ChildProcess {
    const directory = join(this.directory, name)
    // A host of its own stands for real iron, whose clocks nobody stops.
    const place = host === undefined ? ['br0'] : ['eth0', '--endurance', 'on']
    // This runtime itself, so that there is no launcher between us and the rack's process.
    const script = `exec ${process.execPath} "$@" >>"$0.log" 2>&1`
    const rack = spawn(
      'ip',
      [
        ...['netns', 'exec', host ?? this.namespace, 'bash', '-c', script, directory, LAUNCH],
        ...[
          'rack',
          'start',
          '--token',
          token,
          '--dir',
          directory,
          '--interface',
          ...place,
          '--json',
          '--log-level',
          'debug',
        ],
      ],
      { stdio: 'ignore' },
    )
    this.#racks.push(rack)
    return rack
  }

  async rackLog(name: string): Promise<string> {
    return readFile(join(this.directory, `${name}.log`), 'utf8').catch(() => '')
  }

  /** Prometheus metrics as `name{labels}` → value, asked for in this room's namespace or a host's. */
  async metrics(url: string, host = this.namespace): Promise<ReadonlyMap<string, number>> {
    const script = 'fetch(process.argv[1]).then(async (r) => console.log(await r.text()))'
    const node = [process.execPath, '-e', script, `${url}/metrics`]
    const { stdout } = await command('ip', ['netns', 'exec', host, ...node])
    const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ')
        return [line.slice(0, at), Number(line.slice(at + 1))] as const
      }),
    )
  }

  async addTap(): Promise<string> {
    const tap = `tap${this.#taps++}`
    await this.inside('ip', ['tuntap', 'add', tap, 'mode', 'tap'])
    await this.inside('ip', ['link', 'set', tap, 'master', 'br0', 'up'])
    return tap
  }

  /** A host of its own on the bridge: a namespace whose `eth0` it is; removed with the room. */
  async addHost(name: string): Promise<string> {
    const namespace = `${this.namespace}-${name}`
    const [ours, theirs] = [`v${name}`, 'eth0']
    await command('ip', ['netns', 'add', namespace])
    this.#hosts.push(namespace)
    await this.inside('ip', ['link', 'add', ours, 'type', 'veth', 'peer', 'name', `${ours}p`])
    await this.inside('ip', ['link', 'set', `${ours}p`, 'netns', namespace])
    await this.inside('ip', ['link', 'set', ours, 'master', 'br0', 'up'])
    const within = ['netns', 'exec', namespace, 'ip', 'link', 'set']
    await command('ip', [...within, `${ours}p`, 'name', theirs])
    await command('ip', [...within, theirs, 'up'])
    return namespace
  }

  async remove(): Promise<void> {
    for (const rack of this.#racks) await endProcess(rack)
    await this.ironraft('region', 'stop', '--dir', this.regionDirectory).catch(() => '')
    for (const host of this.#hosts) await command('ip', ['netns', 'delete', host])
    const { stdout } = await command('ip', ['netns', 'pids', this.namespace])
    for (const pid of stdout.trim().split('\n').filter(Boolean)) {
      process.kill(Number(pid), 'SIGKILL')
    }
    await command('ip', ['netns', 'delete', this.namespace])
    await rm(this.directory, { recursive: true, force: true })
  }
}
